ALTER TABLE rates.uploads
  DROP COLUMN is_repeatable,
  DROP COLUMN queued_at;
