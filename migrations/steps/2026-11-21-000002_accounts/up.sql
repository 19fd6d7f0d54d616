-- Accounts. Password hashes and secrets of second factors are in a separate table, whose secret columns no login may
-- read.
CREATE SCHEMA accounts;
GRANT USAGE ON SCHEMA accounts TO portcullis_accounts_writer;

CREATE TABLE accounts.accounts (
  id bigint GENERATED ALWAYS AS IDENTITY,
  -- As entered, and normalised for comparison.
  email text NOT NULL,
  email_key text COLLATE "C" NOT NULL,
  name text NOT NULL DEFAULT '',
  role text NOT NULL DEFAULT 'user',
  -- invited: created by an administrator, without a password. unconfirmed: the address is not confirmed.
  state text NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  confirmed_at timestamptz,
  deleted_at timestamptz,
  search_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (email_key || ' ' || lower(name)) STORED,
  -- Every index includes the search key, so that a search scans the index of the requested order only.
  CONSTRAINT accounts_pkey PRIMARY KEY (id) INCLUDE (search_key, deleted_at),
  CONSTRAINT accounts_email_check CHECK (length(email) BETWEEN 3 AND 254 AND email !~ '[[:cntrl:][:space:]]'),
  CONSTRAINT accounts_email_key_check CHECK (email_key = lower(email_key) AND length(email_key) <= 254),
  CONSTRAINT accounts_name_check CHECK (length(name) <= 100 AND name !~ '[[:cntrl:]]'),
  CONSTRAINT accounts_role_check CHECK (role IN ('user', 'admin', 'approver', 'ingest')),
  CONSTRAINT accounts_state_check CHECK (state IN ('invited', 'unconfirmed', 'active')),
  CONSTRAINT accounts_confirmed_check CHECK ((state = 'active') = (confirmed_at IS NOT NULL))
);
-- At most one account per address that is not deleted.
CREATE UNIQUE INDEX accounts_email_key ON accounts.accounts (email_key) INCLUDE (id, search_key) WHERE deleted_at IS NULL;
CREATE INDEX accounts_created_at_idx ON accounts.accounts (created_at, id) INCLUDE (search_key) WHERE deleted_at IS NULL;
CREATE INDEX accounts_deleted_idx ON accounts.accounts (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX accounts_admins_idx ON accounts.accounts (id) WHERE role = 'admin';

CREATE TABLE accounts.credentials (
  account_id bigint CONSTRAINT credentials_pkey PRIMARY KEY
    CONSTRAINT credentials_account_id_fkey REFERENCES accounts.accounts (id) ON DELETE CASCADE,
  password_hash text,
  password_changed_at timestamptz,
  -- Encrypted with the service's key. Takes effect when it is confirmed by a first code.
  totp_secret bytea,
  totp_confirmed_at timestamptz,
  -- The time step of the last accepted code: a code is valid once.
  totp_last_step bigint,
  CONSTRAINT credentials_password_hash_check CHECK (password_hash LIKE '$argon2id$%'),
  CONSTRAINT credentials_totp_check CHECK (totp_confirmed_at IS NULL OR totp_secret IS NOT NULL)
);

CREATE TABLE accounts.recovery_codes (
  account_id bigint NOT NULL
    CONSTRAINT recovery_codes_account_id_fkey REFERENCES accounts.accounts (id) ON DELETE CASCADE,
  code_hash bytea NOT NULL,
  used_at timestamptz,
  CONSTRAINT recovery_codes_pkey PRIMARY KEY (account_id, code_hash),
  CONSTRAINT recovery_codes_code_hash_check CHECK (length(code_hash) = 32)
);

-- Mailed links, whose use proves that the user reads the address. Only the token's hash is stored; the token is derived
-- from the id and the service's key, so that the outbox contains none either.
CREATE TABLE accounts.links (
  id uuid CONSTRAINT links_pkey PRIMARY KEY,
  token_hash bytea NOT NULL CONSTRAINT links_token_hash_key UNIQUE,
  account_id bigint NOT NULL CONSTRAINT links_account_id_fkey REFERENCES accounts.accounts (id) ON DELETE CASCADE,
  purpose text NOT NULL,
  -- The new address, for a change of address.
  email text,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  -- When it was used or voided.
  closed_at timestamptz,
  CONSTRAINT links_token_hash_check CHECK (length(token_hash) = 32),
  CONSTRAINT links_purpose_check CHECK (purpose IN ('confirm', 'invite', 'reset', 'change_email')),
  CONSTRAINT links_email_check CHECK ((purpose = 'change_email') = (email IS NOT NULL))
);
CREATE INDEX links_account_id_idx ON accounts.links (account_id, purpose);

-- The only access to credentials, by address or by id, for accounts that are not deleted. ROWS 1: with the default
-- estimate, a join with the result scans whole tables, and only if the account exists, which is measurable.
CREATE FUNCTION accounts.credential_for(wanted_email_key text, wanted_id bigint)
RETURNS TABLE (account_id bigint, password_hash text, totp_secret bytea, totp_confirmed_at timestamptz, totp_last_step bigint)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.id, c.password_hash, c.totp_secret, c.totp_confirmed_at, c.totp_last_step
  FROM accounts.accounts a JOIN accounts.credentials c ON c.account_id = a.id
  WHERE a.deleted_at IS NULL AND (a.email_key = wanted_email_key OR a.id = wanted_id)
  LIMIT 1
$$;

GRANT SELECT, INSERT (email, email_key, name, role, state, confirmed_at),
  UPDATE (email, email_key, name, role, state, version, updated_at, confirmed_at, deleted_at)
  ON accounts.accounts TO portcullis_accounts_writer;
GRANT SELECT (account_id, password_changed_at, totp_confirmed_at, totp_last_step), INSERT,
  UPDATE (password_hash, password_changed_at, totp_secret, totp_confirmed_at, totp_last_step)
  ON accounts.credentials TO portcullis_accounts_writer;
GRANT SELECT, INSERT, UPDATE (used_at), DELETE ON accounts.recovery_codes TO portcullis_accounts_writer;
GRANT SELECT, INSERT, UPDATE (closed_at), DELETE ON accounts.links TO portcullis_accounts_writer;
GRANT EXECUTE ON FUNCTION accounts.credential_for(text, bigint) TO portcullis_accounts_writer;
