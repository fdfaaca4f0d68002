-- name_seal is an HMAC of the name. It outlives the name when a user is deleted, so that nobody gets the name for a while,
-- and the database refuses it as it does that of somebody who is there. Users of before get one when they are deleted.

ALTER TABLE users ADD COLUMN name_seal bytea CONSTRAINT users_name_seal UNIQUE;
ALTER TABLE users ADD COLUMN deleted_at timestamptz;
