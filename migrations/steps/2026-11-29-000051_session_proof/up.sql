-- When the credentials of a session's account were last verified after its login. NULL: not since then.
ALTER TABLE sessions.sessions ADD COLUMN proven_at timestamptz;
GRANT UPDATE (proven_at) ON sessions.sessions TO portcullis_accounts_writer;
