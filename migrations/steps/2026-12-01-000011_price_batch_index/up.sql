-- Finds the prices of a batch. Imports append one after the other, so a batch is a range of pages, for which BRIN costs an import the least
-- (docs/speed.md). Outside of a transaction: imports would otherwise wait until the whole table has been read.
CREATE INDEX CONCURRENTLY IF NOT EXISTS prices_batch_id_idx ON rates.prices USING brin (batch_id) WITH (autosummarize = on);
