ALTER TABLE sessions.sessions DROP COLUMN proven_at;
