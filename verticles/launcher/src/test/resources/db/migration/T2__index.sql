-- one by one: for MigrationsIT

DROP INDEX CONCURRENTLY IF EXISTS notes_name;

CREATE UNIQUE INDEX CONCURRENTLY notes_name ON notes (name);
