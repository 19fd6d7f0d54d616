ALTER TABLE sessions.refresh_tokens DROP COLUMN successor_seed, DROP COLUMN generation;
ALTER TABLE sessions.sessions DROP COLUMN refresh_key;
