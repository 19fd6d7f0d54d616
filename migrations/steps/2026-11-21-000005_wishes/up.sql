-- Wishes, private to their owners. Their login has no access to accounts.
CREATE SCHEMA wishes;
GRANT USAGE ON SCHEMA wishes TO portcullis_wishes_writer;

CREATE TABLE wishes.wishes (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT wishes_pkey PRIMARY KEY,
  account_id bigint NOT NULL CONSTRAINT wishes_account_id_fkey REFERENCES accounts.accounts (id) ON DELETE CASCADE,
  title text NOT NULL,
  note text NOT NULL DEFAULT '',
  done_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT wishes_title_check CHECK (length(title) BETWEEN 1 AND 200),
  CONSTRAINT wishes_note_check CHECK (length(note) <= 2000)
);
CREATE INDEX wishes_account_id_idx ON wishes.wishes (account_id, id);

-- Row-level security, in addition to the filters of the queries. nullif: after a transaction the setting is an empty
-- string.
ALTER TABLE wishes.wishes ENABLE ROW LEVEL SECURITY;
ALTER TABLE wishes.wishes FORCE ROW LEVEL SECURITY;
CREATE POLICY wishes_owner ON wishes.wishes TO portcullis_wishes_writer
  USING (account_id = nullif(current_setting('portcullis.account_id', true), '')::bigint)
  WITH CHECK (account_id = nullif(current_setting('portcullis.account_id', true), '')::bigint);

GRANT SELECT, INSERT (account_id, title, note), UPDATE (title, note, done_at, version, updated_at), DELETE
  ON wishes.wishes TO portcullis_wishes_writer;
