-- Search keys: what a search compares, folded by the program, so that the result depends neither on the server's locale nor on
-- its version. `portcullis migrate up` computes the keys of existing rows after the migrations.
ALTER TABLE accounts.accounts ALTER COLUMN search_key DROP EXPRESSION IF EXISTS;
ALTER TABLE accounts.accounts ALTER COLUMN search_key SET DEFAULT '';
GRANT INSERT (search_key), UPDATE (search_key) ON accounts.accounts TO portcullis_accounts_writer;

ALTER TABLE rates.ports ADD COLUMN search_key text COLLATE "C" NOT NULL DEFAULT '';
GRANT UPDATE (search_key) ON rates.ports TO portcullis_rates_writer;

-- Rows of a former version of the program have a key, too: without case folding beyond ASCII, until the next `migrate up`.
CREATE OR REPLACE FUNCTION accounts.fill_search_key() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.search_key = ''
      OR TG_OP = 'UPDATE' AND NEW.search_key = OLD.search_key
         AND (NEW.name, NEW.email_key) IS DISTINCT FROM (OLD.name, OLD.email_key) THEN
    NEW.search_key := NEW.email_key || E'\n' || lower(NEW.name COLLATE "C");
  END IF;
  RETURN NEW;
END
$$;
DROP TRIGGER IF EXISTS accounts_search_key ON accounts.accounts;
CREATE TRIGGER accounts_search_key BEFORE INSERT OR UPDATE ON accounts.accounts
  FOR EACH ROW EXECUTE FUNCTION accounts.fill_search_key();

CREATE FUNCTION rates.fill_search_key() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.search_key = ''
      OR TG_OP = 'UPDATE' AND NEW.search_key = OLD.search_key AND NEW.name IS DISTINCT FROM OLD.name THEN
    NEW.search_key := lower(NEW.code || E'\n' || NEW.name COLLATE "C");
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER ports_search_key BEFORE INSERT OR UPDATE ON rates.ports
  FOR EACH ROW EXECUTE FUNCTION rates.fill_search_key();
