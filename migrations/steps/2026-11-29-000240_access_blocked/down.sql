ALTER TABLE access.logins DROP COLUMN blocked_at;
