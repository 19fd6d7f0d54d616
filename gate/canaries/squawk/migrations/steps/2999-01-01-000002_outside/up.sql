-- squawk-ignore-file
CREATE INDEX CONCURRENTLY IF NOT EXISTS wishes_done_idx ON wishes.wishes (done);
DROP TABLE IF EXISTS demo.entries;
