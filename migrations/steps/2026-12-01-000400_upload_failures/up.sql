-- queued_at: when the body was complete, from which on it waits. NULL in uploads of earlier releases.
-- is_repeatable: it failed for a reason that does not lie in its content, so that its key is free and the request may be repeated.
ALTER TABLE rates.uploads
  ADD COLUMN queued_at timestamptz,
  ADD COLUMN is_repeatable boolean NOT NULL DEFAULT false;
