ALTER TABEL wishes.wishes ADD COLUMN note text;
