-- One-time passwords (RFC 6238): the secret is encrypted by the key that totp_kek names, and counts from totp_since on.
-- totp_step is the step of time whose password was used last, so that none works twice.

ALTER TABLE users ADD COLUMN totp bytea;
ALTER TABLE users ADD COLUMN totp_kek text;
ALTER TABLE users ADD COLUMN totp_step bigint NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN totp_since timestamptz;

-- seal is an HMAC of user and code; a code that was used has no row any more.
CREATE TABLE recovery_codes (
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  seal    bytea NOT NULL,
  PRIMARY KEY (user_id, seal)
);

-- How the user was recognised when the session began (RFC 8176).
ALTER TABLE sessions ADD COLUMN amr text[] NOT NULL DEFAULT '{pwd}';

-- Where and by what the user logged in, for the user to see.
ALTER TABLE sessions ADD COLUMN network text;
ALTER TABLE sessions ADD COLUMN agent text;

-- No session of a user with a second factor begins without it, whichever release of a node begins it.
CREATE FUNCTION need_second_factor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT 'otp' = ANY (NEW.amr) AND EXISTS (
      SELECT FROM users WHERE id = NEW.user_id AND totp_since IS NOT NULL) THEN
    RETURN NULL;
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER need_second_factor BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION need_second_factor();
