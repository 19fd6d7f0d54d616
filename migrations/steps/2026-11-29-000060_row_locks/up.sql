-- Rows that serialize transactions. Advisory locks would do without them, but any login that may connect could hold those
-- and block administration; a row can be locked only by logins with a grant on its table.

-- Locked by transactions that create the first administrator, delete one or revoke the role.
CREATE TABLE accounts.admins_lock (
  single boolean CONSTRAINT admins_lock_pkey PRIMARY KEY DEFAULT true,
  CONSTRAINT admins_lock_single_check CHECK (single)
);
INSERT INTO accounts.admins_lock DEFAULT VALUES;
-- SELECT … FOR UPDATE requires UPDATE on a column.
GRANT SELECT, UPDATE (single) ON accounts.admins_lock TO portcullis_accounts_writer;

-- One row per account that has had a wish, locked while another one is created, so that the number of wishes stays valid.
CREATE TABLE wishes.account_locks (
  account_id bigint CONSTRAINT account_locks_pkey PRIMARY KEY
    CONSTRAINT account_locks_account_id_fkey REFERENCES accounts.accounts (id) ON DELETE CASCADE
);
ALTER TABLE wishes.account_locks ENABLE ROW LEVEL SECURITY;
ALTER TABLE wishes.account_locks FORCE ROW LEVEL SECURITY;
CREATE POLICY account_locks_owner ON wishes.account_locks TO portcullis_wishes_writer
  USING (account_id = nullif(current_setting('portcullis.account_id', true), '')::bigint)
  WITH CHECK (account_id = nullif(current_setting('portcullis.account_id', true), '')::bigint);
GRANT SELECT, INSERT, UPDATE (account_id) ON wishes.account_locks TO portcullis_wishes_writer;
