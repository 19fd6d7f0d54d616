UPDATE accounts.accounts SET role = 'user' WHERE role = 'introspector';
ALTER TABLE accounts.accounts DROP CONSTRAINT accounts_role_check;
ALTER TABLE accounts.accounts ADD CONSTRAINT accounts_role_check CHECK (role IN ('user', 'admin', 'approver', 'ingest'));
