-- Links that restore an account's former address. `email` is that address.
ALTER TABLE accounts.links
  DROP CONSTRAINT links_purpose_check,
  DROP CONSTRAINT links_email_check,
  ADD CONSTRAINT links_purpose_check CHECK (purpose IN ('confirm', 'invite', 'reset', 'change_email', 'undo_email')),
  ADD CONSTRAINT links_email_check CHECK ((purpose IN ('change_email', 'undo_email')) = (email IS NOT NULL));
