-- The database logins of approved requests: the tie of a login to a person and a request.
CREATE TABLE access.logins (
  id uuid CONSTRAINT logins_pkey PRIMARY KEY,
  request_id bigint NOT NULL CONSTRAINT logins_request_id_fkey REFERENCES access.requests (id),
  -- Before Vault is called, so that one replica issues, and what it leaves behind when it dies can be revoked.
  claimed_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  -- Of the Vault token that owns the lease.
  accessor text,
  name text CONSTRAINT logins_name_key UNIQUE,
  lease_id text,
  issued_at timestamptz,
  -- Vault's wrapping token of user and password, encrypted with the service's key, until it is handed over.
  sealed_token bytea,
  token_expires_at timestamptz,
  collecting_at timestamptz,
  collected_at timestamptz,
  ended_at timestamptz,
  end_reason text,
  -- When Vault confirmed that the login is dropped, and until then the next attempt.
  revoked_at timestamptz,
  revoke_failures integer NOT NULL DEFAULT 0,
  revoke_after timestamptz,
  CONSTRAINT logins_name_check CHECK (name ~ '^[a-zA-Z0-9_-]{1,63}$'),
  CONSTRAINT logins_issued_check CHECK (
    (issued_at IS NULL) = (name IS NULL) AND (issued_at IS NULL) = (lease_id IS NULL)
    AND (issued_at IS NULL) = (token_expires_at IS NULL) AND (issued_at IS NULL OR accessor IS NOT NULL)),
  CONSTRAINT logins_sealed_token_check CHECK (sealed_token IS NULL OR (issued_at IS NOT NULL AND collected_at IS NULL)),
  CONSTRAINT logins_collected_check CHECK (collected_at IS NULL OR issued_at IS NOT NULL),
  CONSTRAINT logins_ended_check CHECK ((ended_at IS NULL) = (end_reason IS NULL) AND (revoked_at IS NULL OR ended_at IS NOT NULL)),
  CONSTRAINT logins_end_reason_check CHECK (end_reason IN ('expired', 'revoked', 'failed', 'uncollected', 'compromised')),
  CONSTRAINT logins_revoke_failures_check CHECK (revoke_failures >= 0)
);
CREATE INDEX logins_request_id_idx ON access.logins (request_id, claimed_at);
CREATE INDEX logins_unrevoked_idx ON access.logins (id) WHERE revoked_at IS NULL;
GRANT SELECT, INSERT (id, request_id, expires_at),
  UPDATE (accessor, name, lease_id, issued_at, sealed_token, token_expires_at, collecting_at, collected_at, ended_at,
          end_reason, revoked_at, revoke_failures, revoke_after)
  ON access.logins TO portcullis_accounts_writer;

-- When issuing fails: the next attempt.
ALTER TABLE access.requests ADD COLUMN issue_failures integer NOT NULL DEFAULT 0;
ALTER TABLE access.requests ADD COLUMN issue_after timestamptz;
GRANT UPDATE (issue_failures, issue_after) ON access.requests TO portcullis_accounts_writer;

-- What people may read, by level. No group sees a hash, a key, a second factor, a token, a mail's data or a wish.
GRANT USAGE ON SCHEMA rates TO portcullis_access_rates_read;
GRANT SELECT ON rates.regions, rates.ports, rates.place_ancestors, rates.routes, rates.prices, rates.daily_rates
  TO portcullis_access_rates_read;
GRANT SELECT (id, price_count, created_at) ON rates.batches TO portcullis_access_rates_read;
GRANT USAGE ON SCHEMA accounts, sessions, audit, access TO portcullis_access_accounts_audit;
GRANT SELECT (id, email, name, role, state, version, created_at, updated_at, confirmed_at, deleted_at)
  ON accounts.accounts TO portcullis_access_accounts_audit;
GRANT SELECT (account_id, password_changed_at, totp_confirmed_at) ON accounts.credentials TO portcullis_access_accounts_audit;
GRANT SELECT (id, account_id, kind, created_at, last_used_at, expires_at, ended_at, end_reason, user_agent, address, network)
  ON sessions.sessions TO portcullis_access_accounts_audit;
GRANT SELECT ON audit.events, audit.head, access.requests TO portcullis_access_accounts_audit;
GRANT SELECT (id, request_id, name, issued_at, expires_at, collected_at, ended_at, end_reason, revoked_at)
  ON access.logins TO portcullis_access_accounts_audit;
