-- one by one: an index that nothing reads any more goes, while entries are written.

DROP INDEX CONCURRENTLY IF EXISTS audit_at;
