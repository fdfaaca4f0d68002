-- What somebody did to others is looked for by who it was; the rest is found by whose it is.

CREATE INDEX audit_actor ON audit (actor, id) WHERE actor IS DISTINCT FROM subject;

-- The audit log shows when it was changed. One node at a time gives what has been written the next positions, and each
-- entry a seal: an HMAC of the seal before it, the position and the entry. complete is a time by which all that had been
-- written had an earlier position, so that nothing that claims to be much older can come later. The only row of
-- audit_head says where the log begins and ends, and is signed; the key of seals is encrypted as those of tokens are.

ALTER TABLE audit ADD COLUMN position bigint CONSTRAINT audit_position UNIQUE;
ALTER TABLE audit ADD COLUMN seal bytea;
ALTER TABLE audit ADD COLUMN complete timestamptz;

CREATE INDEX audit_unsealed ON audit (id) WHERE position IS NULL;

CREATE TABLE audit_head (
  id        integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  first     bigint NOT NULL,
  before    bytea NOT NULL,
  last      bigint NOT NULL,
  latest    bytea NOT NULL,
  whole     timestamptz,
  key       bytea NOT NULL,
  kek_id    text NOT NULL,
  signature bytea NOT NULL
);

-- Nodes of the release before would forget what is old without a word to the head: what is sealed stays until we forget it.
CREATE FUNCTION keep_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE WHEN current_setting('starling.forgetting', true) = 'on' THEN OLD END;
END $$;

CREATE TRIGGER keep_sealed BEFORE DELETE ON audit FOR EACH ROW WHEN (OLD.position IS NOT NULL)
  EXECUTE FUNCTION keep_sealed();
