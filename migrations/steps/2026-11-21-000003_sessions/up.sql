-- Sessions, their refresh tokens, and counters of attempts.
CREATE SCHEMA sessions;
GRANT USAGE ON SCHEMA sessions TO portcullis_accounts_writer;

-- One row per login, which is also the family of its refresh tokens. Every replica looks it up for each authenticated
-- request, so that a revocation takes effect everywhere at once.
CREATE TABLE sessions.sessions (
  id uuid CONSTRAINT sessions_pkey PRIMARY KEY,
  account_id bigint NOT NULL CONSTRAINT sessions_account_id_fkey REFERENCES accounts.accounts (id) ON DELETE CASCADE,
  -- api: access and refresh tokens. browser: a cookie. token: one access token that cannot be renewed.
  kind text NOT NULL,
  cookie_hash bytea CONSTRAINT sessions_cookie_hash_key UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  end_reason text,
  user_agent text NOT NULL DEFAULT '',
  address text NOT NULL DEFAULT '',
  -- The network of that address, for throttling: networks of recent logins are not limited per account.
  network text NOT NULL DEFAULT '',
  CONSTRAINT sessions_kind_check CHECK (kind IN ('api', 'browser', 'token')),
  CONSTRAINT sessions_cookie_hash_check CHECK ((kind = 'browser') = (cookie_hash IS NOT NULL) AND length(cookie_hash) = 32),
  CONSTRAINT sessions_user_agent_check CHECK (length(user_agent) <= 200),
  CONSTRAINT sessions_ended_check CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX sessions_account_id_idx ON sessions.sessions (account_id, network, created_at);
CREATE INDEX sessions_expires_at_idx ON sessions.sessions (expires_at);

-- Replaced tokens are retained: the use of one after the grace period indicates theft.
CREATE TABLE sessions.refresh_tokens (
  token_hash bytea CONSTRAINT refresh_tokens_pkey PRIMARY KEY,
  session_id uuid NOT NULL
    CONSTRAINT refresh_tokens_session_id_fkey REFERENCES sessions.sessions (id) ON DELETE CASCADE,
  issued_at timestamptz NOT NULL DEFAULT now(),
  replaced_at timestamptz,
  CONSTRAINT refresh_tokens_token_hash_check CHECK (length(token_hash) = 32)
);
CREATE INDEX refresh_tokens_session_id_idx ON sessions.refresh_tokens (session_id);

-- Counters of attempts, shared by all replicas.
CREATE TABLE sessions.throttles (
  key text COLLATE "C" CONSTRAINT throttles_pkey PRIMARY KEY,
  count integer NOT NULL,
  blocked_until timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT throttles_count_check CHECK (count >= 0),
  CONSTRAINT throttles_key_check CHECK (length(key) <= 200)
);
CREATE INDEX throttles_updated_at_idx ON sessions.throttles (updated_at);

GRANT SELECT, INSERT, UPDATE (last_used_at, expires_at, ended_at, end_reason), DELETE
  ON sessions.sessions TO portcullis_accounts_writer;
GRANT SELECT, INSERT, UPDATE (replaced_at), DELETE ON sessions.refresh_tokens TO portcullis_accounts_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions.throttles TO portcullis_accounts_writer;
