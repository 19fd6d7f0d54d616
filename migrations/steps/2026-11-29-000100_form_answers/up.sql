-- Submitted forms of pages and, for some minutes, their answers: a form that arrives twice, at any replica, gets its first
-- answer. The service cannot decrypt an answer without the browser's cookie.
CREATE TABLE sessions.form_answers (
  -- Derived from the form with its one-time token and the browser's cookie.
  key bytea CONSTRAINT form_answers_pkey PRIMARY KEY,
  -- How long the form counts as being processed, or its answer is stored.
  expires_at timestamptz NOT NULL,
  -- Whether another arrival of the form waits for the answer.
  awaited boolean NOT NULL DEFAULT false,
  -- Encrypted. NULL: the form is being processed.
  answer bytea,
  -- Whether the form changed something. Other answers are for arrivals that wait already.
  is_final boolean NOT NULL DEFAULT false,
  CONSTRAINT form_answers_key_check CHECK (length(key) = 32),
  CONSTRAINT form_answers_answer_check CHECK (length(answer) <= 65536)
);
CREATE INDEX form_answers_expires_at_idx ON sessions.form_answers (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON sessions.form_answers TO portcullis_accounts_writer;
