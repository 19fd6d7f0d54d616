-- Refresh tokens name their session and carry a MAC, so that an old one is recognised after its row is deleted. The key
-- says only that this service issued a token: it is no secret of the client. The default serves rows that a binary without
-- this column inserts.
ALTER TABLE sessions.sessions
  ADD COLUMN refresh_key bytea NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
  ADD CONSTRAINT sessions_refresh_key_check CHECK (length(refresh_key) = 32);

-- The successor of a token follows from the token and this seed, so that every use within the grace period returns the same
-- one. It is deleted afterwards: old tokens and the database together reveal no current token.
ALTER TABLE sessions.refresh_tokens
  ADD COLUMN generation integer NOT NULL DEFAULT 0,
  ADD COLUMN successor_seed bytea,
  ADD CONSTRAINT refresh_tokens_successor_seed_check CHECK (
    successor_seed IS NULL OR length(successor_seed) = 32 AND replaced_at IS NOT NULL);

GRANT UPDATE (successor_seed) ON sessions.refresh_tokens TO portcullis_accounts_writer;
