-- An address is an account's once the code that was sent to it has come back; until then only the mail knows it, so that
-- nobody can take another's.

ALTER TABLE users ADD COLUMN email text;
ALTER TABLE users ADD COLUMN email_key text COLLATE "C" CONSTRAINT users_email_key UNIQUE;

-- Mails to send, again at due_at until sent_at. The code in one is made of its id by a key of the nodes and is in no table;
-- it works until expires_at, once, and not after another password than that of version.
CREATE TABLE mails (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind       text NOT NULL,
  user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  address    text NOT NULL,
  version    bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  due_at     timestamptz NOT NULL DEFAULT now(),
  attempts   integer NOT NULL DEFAULT 0,
  sent_at    timestamptz,
  used_at    timestamptz
);

CREATE INDEX mails_due_at ON mails (due_at) WHERE sent_at IS NULL;
CREATE INDEX mails_user_id ON mails (user_id);
CREATE INDEX mails_expires_at ON mails (expires_at);

-- What an owner should know who did not do it goes to the account's address, too.

CREATE OR REPLACE FUNCTION happened(what text, subject uuid, call jsonb, detail jsonb DEFAULT NULL) RETURNS bigint
LANGUAGE sql AS $$
  WITH entry AS (
    INSERT INTO audit (action, actor, subject, source, trace, detail)
    VALUES (what, CASE WHEN call ? 'actor' THEN (call ->> 'actor')::uuid ELSE subject END, subject,
      call ->> 'source', call ->> 'trace', detail)
    RETURNING id, at),
  published AS (
    INSERT INTO outbox (id, at, type, subject, detail)
    SELECT id, at, 'user.' || what, subject, detail FROM entry
    WHERE subject IS NOT NULL AND what NOT IN ('refreshed', 'account-read', 'login-failed')),
  told AS (
    INSERT INTO mails (kind, user_id, address, expires_at)
    SELECT what, users.id, email, now() + interval '1 day' FROM users
    WHERE users.id = subject AND email IS NOT NULL AND what IN (
      'password-changed', 'password-reset', 'username-changed', 'second-factor-on', 'second-factor-off',
      'recovery-code-used'))
  SELECT id FROM entry
$$;
