-- Networks from which an owner used a mailed link. Like networks of recent logins, they are not delayed by guesses from
-- elsewhere.
CREATE TABLE sessions.known_networks (
  account_id bigint NOT NULL
    CONSTRAINT known_networks_account_id_fkey REFERENCES accounts.accounts (id) ON DELETE CASCADE,
  network text NOT NULL,
  proven_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT known_networks_pkey PRIMARY KEY (account_id, network)
);
CREATE INDEX known_networks_proven_at_idx ON sessions.known_networks (proven_at);

GRANT SELECT, INSERT, UPDATE (proven_at), DELETE ON sessions.known_networks TO portcullis_accounts_writer;
