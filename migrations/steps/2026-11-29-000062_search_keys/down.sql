-- The search key of accounts cannot become a generated column again without rebuilding every index and foreign key of the
-- table. The trigger keeps it up to date for the former version of the program instead.
REVOKE INSERT (search_key), UPDATE (search_key) ON accounts.accounts FROM portcullis_accounts_writer;
UPDATE accounts.accounts SET search_key = email_key || ' ' || lower(name);
REVOKE UPDATE (search_key) ON rates.ports FROM portcullis_rates_writer;
DROP TRIGGER ports_search_key ON rates.ports;
DROP FUNCTION rates.fill_search_key();
ALTER TABLE rates.ports DROP COLUMN search_key;
