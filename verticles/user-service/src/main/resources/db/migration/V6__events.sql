-- What happened to accounts, and who did it from where: written by the statement that does it, so that neither is there
-- without the other, and never changed. actor is null for somebody who is not known, subject where no account is meant.

CREATE TABLE audit (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  action  text NOT NULL,
  actor   uuid,
  subject uuid,
  source  text,
  trace   text,
  detail  jsonb
);

CREATE INDEX audit_subject ON audit (subject, id);
CREATE INDEX audit_at ON audit (at);

-- What is to be published of it, in the order of ids: two events of one user wait for each other at the user's rows, so that
-- the later one has the greater id.

CREATE TABLE outbox (
  id      bigint PRIMARY KEY,
  at      timestamptz NOT NULL,
  type    text NOT NULL,
  subject uuid NOT NULL,
  detail  jsonb
);

-- call has trace, source and, unless it is the subject, actor.

CREATE FUNCTION happened(what text, subject uuid, call jsonb, detail jsonb DEFAULT NULL) RETURNS bigint
LANGUAGE sql AS $$
  WITH entry AS (
    INSERT INTO audit (action, actor, subject, source, trace, detail)
    VALUES (what, CASE WHEN call ? 'actor' THEN (call ->> 'actor')::uuid ELSE subject END, subject,
      call ->> 'source', call ->> 'trace', detail)
    RETURNING id, at),
  published AS (
    INSERT INTO outbox (id, at, type, subject, detail)
    SELECT id, at, 'user.' || what, subject, detail FROM entry
    WHERE subject IS NOT NULL AND what NOT IN ('refreshed', 'account-read', 'login-failed'))
  SELECT id FROM entry
$$;
