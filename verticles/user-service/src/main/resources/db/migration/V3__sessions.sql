-- Nodes ask for the sessions that ended since they last did. revoked_tx is the transaction that ended one: what a reader
-- has not seen yet was written by a transaction that had not ended, whatever the clocks say.

ALTER TABLE sessions ADD COLUMN revoked_tx bigint;

CREATE INDEX sessions_revoked_tx ON sessions (revoked_tx, id) WHERE revoked_tx IS NOT NULL;
CREATE INDEX sessions_absolute_expiry ON sessions (absolute_expiry);
