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

-- Sends a code to an address of a user, or tells the one whose it is already.
CREATE FUNCTION verify_email(asking uuid, address text, key text, version bigint) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO mails (kind, user_id, address, version, expires_at)
  SELECT CASE WHEN owner.id IS NULL THEN 'verify-email' ELSE 'address-taken' END, coalesce(owner.id, asking),
    coalesce(owner.email, verify_email.address), verify_email.version, now() + interval '1 day'
  FROM (SELECT verify_email.key) AS asked
    LEFT JOIN users owner ON owner.email_key = asked.key AND owner.id <> asking AND owner.enabled
  WHERE verify_email.address IS NOT NULL
$$;

-- What is personal goes with the account, also where a node of the release before deletes it.
CREATE FUNCTION erase_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM mails WHERE user_id = NEW.id;
  DELETE FROM recovery_codes WHERE user_id = NEW.id;
  NEW.email := NULL;
  NEW.email_key := NULL;
  NEW.totp := NULL;
  NEW.totp_kek := NULL;
  NEW.totp_since := NULL;
  RETURN NEW;
END $$;

CREATE TRIGGER erase_user BEFORE UPDATE OF deleted_at ON users FOR EACH ROW
  WHEN (NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL) EXECUTE FUNCTION erase_user();

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
    WHERE users.id = subject AND email IS NOT NULL AND (
      what IN ('password-changed', 'password-reset', 'username-changed', 'second-factor-on', 'second-factor-off',
        'recovery-code-used')
      -- Somebody has the password: once a day is enough.
      OR what = 'login-failed' AND detail ->> 'reason' = 'second factor' AND NOT EXISTS (
        SELECT FROM mails WHERE user_id = subject AND kind = what AND created_at > now() - interval '1 day')))
  SELECT id FROM entry
$$;
