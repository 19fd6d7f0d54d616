DELETE FROM accounts.links WHERE purpose = 'undo_email';
ALTER TABLE accounts.links
  DROP CONSTRAINT links_purpose_check,
  DROP CONSTRAINT links_email_check,
  ADD CONSTRAINT links_purpose_check CHECK (purpose IN ('confirm', 'invite', 'reset', 'change_email')),
  ADD CONSTRAINT links_email_check CHECK ((purpose = 'change_email') = (email IS NOT NULL));
