-- A role for services that introspect tokens: they need no administrator's permissions.
ALTER TABLE accounts.accounts DROP CONSTRAINT accounts_role_check;
ALTER TABLE accounts.accounts ADD CONSTRAINT accounts_role_check
  CHECK (role IN ('user', 'admin', 'approver', 'ingest', 'introspector')) NOT VALID;
ALTER TABLE accounts.accounts VALIDATE CONSTRAINT accounts_role_check;
