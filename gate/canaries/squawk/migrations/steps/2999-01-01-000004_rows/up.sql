ALTER TABLE wishes.wishes ADD COLUMN rank bigint;
UPDATE wishes.wishes SET rank = 0;
