-- Keys are COLLATE "C": what is unique does not depend on the locale of the database or of its host.

CREATE TABLE users (
  id                 uuid PRIMARY KEY,
  username           text NOT NULL,
  username_key       text COLLATE "C" NOT NULL CONSTRAINT users_username_key UNIQUE,
  password_hash      text NOT NULL,
  enabled            boolean NOT NULL DEFAULT true,
  roles              text[] NOT NULL DEFAULT '{user}',
  tokens_valid_after timestamptz NOT NULL DEFAULT '-infinity',
  created_at         timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  version            bigint NOT NULL DEFAULT 0
);

CREATE TABLE sessions (
  id              uuid PRIMARY KEY,
  user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  created_at      timestamptz NOT NULL DEFAULT now(),
  last_used_at    timestamptz NOT NULL DEFAULT now(),
  absolute_expiry timestamptz NOT NULL,
  revoked_at      timestamptz,
  reason          text
);

CREATE INDEX sessions_user_id ON sessions (user_id);

-- A refresh token is kept as its SHA-256 only. parent links a family, generation orders it.
CREATE TABLE refresh_tokens (
  hash        bytea PRIMARY KEY,
  session_id  uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
  generation  bigint NOT NULL,
  parent      bytea,
  issued_at   timestamptz NOT NULL DEFAULT now(),
  consumed_at timestamptz,
  expires_at  timestamptz NOT NULL,
  CONSTRAINT refresh_tokens_generation UNIQUE (session_id, generation)
);

-- private_key is encrypted; kek_id names the secret that opens it.
CREATE TABLE signing_keys (
  kid         text COLLATE "C" PRIMARY KEY,
  public_jwk  text NOT NULL,
  private_key bytea NOT NULL,
  kek_id      text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  active_at   timestamptz NOT NULL DEFAULT now(),
  retire_at   timestamptz,
  revoked_at  timestamptz
);
