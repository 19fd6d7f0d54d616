ALTER TABLE wishes.wishes ADD COLUMN priority integer NOT NULL;
-- squawk-ignore ban-drop-column
ALTER TABLE wishes.wishes DROP COLUMN note;
ALTER TABLE wishes.wishes RENAME COLUMN title TO name;
ALTER TABLE wishes.wishes ALTER COLUMN done TYPE text;
ALTER TABLE wishes.wishes ALTER COLUMN note SET NOT NULL;
ALTER TABLE wishes.wishes ADD CONSTRAINT wishes_name_check CHECK (name <> '');
CREATE INDEX wishes_name_idx ON wishes.wishes (name);
CREATE INDEX CONCURRENTLY wishes_done_idx ON wishes.wishes (done);
