-- Each price names the batch that brought it, so that a batch can be withdrawn. Prices of earlier releases name none, and neither do
-- those that an earlier release imports while this schema is in force.
ALTER TABLE rates.prices ADD COLUMN batch_id bigint;

-- The digest of a withdrawn batch is replaced by one that no content has, so that the same content can be stored again. A partial unique
-- index on the other batches would do the same, but earlier releases import with ON CONFLICT (digest), which needs the constraint
-- on all rows.
ALTER TABLE rates.batches ADD COLUMN withdrawn_at timestamptz;

-- The login that stores batches also lists them. The age of the prices is that of the newest batch that is not withdrawn.
GRANT SELECT (price_count, created_at, withdrawn_at) ON rates.batches TO portcullis_rates_writer;
GRANT SELECT (withdrawn_at) ON rates.batches TO portcullis_rates_reader;
