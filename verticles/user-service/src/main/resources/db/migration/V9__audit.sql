-- What somebody did to others is looked for by who it was; the rest is found by whose it is.

CREATE INDEX audit_actor ON audit (actor, id) WHERE actor IS DISTINCT FROM subject;
