-- When an ended login had no session and could begin none: only then Vault is called, which can take long.
ALTER TABLE access.logins ADD COLUMN blocked_at timestamptz;
ALTER TABLE access.logins ADD CONSTRAINT logins_blocked_check CHECK (blocked_at IS NULL OR ended_at IS NOT NULL);
GRANT UPDATE (blocked_at) ON access.logins TO portcullis_accounts_writer;
