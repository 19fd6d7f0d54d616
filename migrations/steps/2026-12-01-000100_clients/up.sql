-- Machine clients and their credentials (RFC 6749 §4.4, RFC 7523). Hashes of secrets are in columns that no login may read.
CREATE SCHEMA clients;
GRANT USAGE ON SCHEMA clients TO portcullis_accounts_writer;

CREATE TABLE clients.clients (
  -- Random, and no number: it is the `sub` of tokens, and must not be that of an account (RFC 9068 §5).
  id uuid CONSTRAINT clients_pkey PRIMARY KEY,
  name text NOT NULL,
  -- As in the `scope` claim, separated by spaces. Only these: a client never has a person's rights.
  scopes text NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  -- A revoked client stays listed: audit events name it by its id alone.
  revoked_at timestamptz,
  CONSTRAINT clients_name_check CHECK (length(name) BETWEEN 1 AND 100 AND name !~ '[[:cntrl:]]'),
  CONSTRAINT clients_scopes_check
    CHECK (scopes ~ '^(rates:write|tokens:introspect)( (rates:write|tokens:introspect))*$')
);

CREATE TABLE clients.credentials (
  id uuid CONSTRAINT credentials_pkey PRIMARY KEY,
  client_id uuid NOT NULL CONSTRAINT credentials_client_id_fkey REFERENCES clients.clients (id) ON DELETE CASCADE,
  -- secret: 256 random bits, of which the SHA-256 is stored. key: a public key, as the coordinates of its point on P-256.
  kind text NOT NULL,
  -- Two of a kind are enough for a rotation; more would be forgotten ones.
  slot bigint NOT NULL,
  secret_hash bytea,
  public_key bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  last_used_at timestamptz,
  CONSTRAINT credentials_slot_key UNIQUE (client_id, kind, slot),
  CONSTRAINT credentials_kind_check CHECK (kind IN ('secret', 'key')),
  CONSTRAINT credentials_slot_check CHECK (slot IN (1, 2)),
  CONSTRAINT credentials_secret_check CHECK ((kind = 'secret') = (secret_hash IS NOT NULL) AND length(secret_hash) = 32),
  CONSTRAINT credentials_key_check CHECK ((kind = 'key') = (public_key IS NOT NULL) AND length(public_key) = 64)
);

-- Assertions that have authenticated a client: each does so once (RFC 7523 §3), on every replica.
CREATE TABLE clients.used_assertions (
  client_id uuid NOT NULL CONSTRAINT used_assertions_client_id_fkey REFERENCES clients.clients (id) ON DELETE CASCADE,
  -- SHA-256 of the `jti`, whose length the client chooses.
  jti_hash bytea NOT NULL,
  -- Until then it would be accepted.
  expires_at timestamptz NOT NULL,
  CONSTRAINT used_assertions_pkey PRIMARY KEY (client_id, jti_hash),
  CONSTRAINT used_assertions_jti_hash_check CHECK (length(jti_hash) = 32)
);
CREATE INDEX used_assertions_expires_at_idx ON clients.used_assertions (expires_at);

-- The only access to hashes of secrets: the credentials that are valid now, of one client that is not revoked. One row without
-- a credential for a client that has none.
CREATE FUNCTION clients.credentials_for(wanted_client_id uuid)
RETURNS TABLE (scopes text, credential_id uuid, secret_hash bytea, public_key bytea, last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.scopes, k.id, k.secret_hash, k.public_key, k.last_used_at
  FROM clients.clients c LEFT JOIN clients.credentials k ON k.client_id = c.id AND k.expires_at > now()
  WHERE c.id = wanted_client_id AND c.revoked_at IS NULL
$$;

GRANT SELECT, INSERT (id, name, scopes), UPDATE (name, scopes, version, updated_at, revoked_at)
  ON clients.clients TO portcullis_accounts_writer;
GRANT SELECT (id, client_id, kind, slot, public_key, created_at, expires_at, last_used_at),
  INSERT (id, client_id, kind, slot, secret_hash, public_key, expires_at), UPDATE (last_used_at), DELETE
  ON clients.credentials TO portcullis_accounts_writer;
GRANT SELECT, INSERT, DELETE ON clients.used_assertions TO portcullis_accounts_writer;
GRANT EXECUTE ON FUNCTION clients.credentials_for(uuid) TO portcullis_accounts_writer;
