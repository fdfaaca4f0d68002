-- What a registration with a key led to, written by the statement that makes the user: the same request with that key
-- gets the same answer. request_hash is an HMAC of the request: it tells whether another one is the same, and nothing
-- else. created_at is the user's.

CREATE TABLE idempotency_keys (
  key          text COLLATE "C" PRIMARY KEY,
  request_hash bytea NOT NULL,
  user_id      uuid NOT NULL,
  created_at   timestamptz NOT NULL
);

CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
