-- Batches that are uploaded over HTTP: each row is a job, which whichever replica is free takes.
CREATE TABLE rates.uploads (
  -- From the sequence of rates.batches: the batch that an upload becomes has its id.
  id bigint NOT NULL DEFAULT nextval('rates.batches_id_seq') CONSTRAINT uploads_pkey PRIMARY KEY,
  subject text NOT NULL,
  -- NULL: expired, or the body was not received.
  idempotency_key text,
  -- SHA-256 over the whole request. NULL: not received yet.
  digest bytea,
  format text NOT NULL,
  coding text NOT NULL,
  dry_run boolean NOT NULL,
  state text NOT NULL DEFAULT 'receiving',
  cancel_requested boolean NOT NULL DEFAULT false,
  -- Incremented whenever a process takes the job: what a former one writes with its own number is rejected.
  attempt bigint NOT NULL DEFAULT 1,
  crashes bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  rows_done bigint NOT NULL DEFAULT 0,
  rows_total bigint,
  -- The batch with this content: this one, or an earlier one.
  stored_as bigint,
  reason text,
  error_count bigint NOT NULL DEFAULT 0,
  errors jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  CONSTRAINT uploads_idempotency_key UNIQUE (subject, idempotency_key),
  CONSTRAINT uploads_format_check CHECK (format IN ('csv', 'ndjson', 'json')),
  CONSTRAINT uploads_coding_check CHECK (coding IN ('identity', 'gzip', 'zstd')),
  CONSTRAINT uploads_state_check
    CHECK (state IN ('receiving', 'queued', 'running', 'committed', 'checked', 'failed', 'cancelled')),
  CONSTRAINT uploads_ended_check
    CHECK ((ended_at IS NOT NULL) = (state IN ('committed', 'checked', 'failed', 'cancelled'))),
  CONSTRAINT uploads_digest_check CHECK (length(digest) = 32),
  CONSTRAINT uploads_stored_check CHECK ((stored_as IS NOT NULL) = (state = 'committed'))
);
CREATE INDEX uploads_active_idx ON rates.uploads (id) WHERE ended_at IS NULL;
CREATE INDEX uploads_ended_idx ON rates.uploads (ended_at);

-- The bodies, as they were received. Deleted when the job ends.
CREATE TABLE rates.upload_parts (
  upload_id bigint NOT NULL CONSTRAINT upload_parts_upload_id_fkey REFERENCES rates.uploads (id) ON DELETE CASCADE,
  number bigint NOT NULL,
  content bytea NOT NULL,
  CONSTRAINT upload_parts_pkey PRIMARY KEY (upload_id, number)
);
-- pglz costs more time than it saves disk; a client that cares compresses.
ALTER TABLE rates.upload_parts ALTER COLUMN content SET STORAGE EXTERNAL;

GRANT USAGE ON SEQUENCE rates.batches_id_seq TO portcullis_rates_writer;
GRANT SELECT, INSERT, UPDATE ON rates.uploads TO portcullis_rates_writer;
GRANT SELECT, INSERT, DELETE ON rates.upload_parts TO portcullis_rates_writer;
GRANT INSERT (id) ON rates.batches TO portcullis_rates_writer;

-- Deletes uploads that ended long ago, oldest first: the ingest login has no DELETE on the table.
CREATE FUNCTION rates.purge_uploads(age interval, batch integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH gone AS (
    DELETE FROM rates.uploads
    WHERE id IN (SELECT id FROM rates.uploads
                 WHERE ended_at < now() - greatest(age, interval '1 day') ORDER BY ended_at LIMIT batch)
    RETURNING id
  )
  SELECT count(*) FROM gone
$$;
REVOKE EXECUTE ON FUNCTION rates.purge_uploads(interval, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rates.purge_uploads(interval, integer) TO portcullis_rates_writer;
