-- A database that is hard to dump: text that looks like data, functions, triggers, views, odd names, empty tables.
CREATE TABLE regions (slug text PRIMARY KEY, name text NOT NULL, parent_slug text REFERENCES regions);
CREATE TABLE ports (code text PRIMARY KEY, name text NOT NULL, parent_slug text NOT NULL REFERENCES regions);
CREATE TABLE prices (
  dest_code text NOT NULL REFERENCES ports, price integer NOT NULL CHECK (price >= 0 AND (price, 1) IS NOT NULL),
  "day" date NOT NULL, orig_code text NOT NULL REFERENCES ports,
  double_price bigint GENERATED ALWAYS AS (price * 2::bigint) STORED
);
INSERT INTO regions VALUES
  ('world', E'The ''World''; -- \\. \\N \\x41', NULL), ('asia', '$$ /* Asia "é" */', 'world'), ('europe', '\.', 'world');
INSERT INTO ports VALUES ('CNGGZ', 'Guangzhou ', 'asia'), ('EETLL', '\N', 'europe'), ('SEAHU', 'Åhus', 'europe');
INSERT INTO prices (orig_code, dest_code, day, price)
  SELECT o, d, date '2021-01-01' + n, 100 * n + length(o) FROM generate_series(0, 40) n,
  (VALUES ('CNGGZ', 'EETLL'), ('EETLL', 'SEAHU'), ('SEAHU', 'SEAHU')) v (o, d), generate_series(1, 3);
COMMENT ON TABLE prices IS 'Loaded with:
COPY public.prices (orig_code, dest_code, day, price) FROM stdin;
CNGGZ	EETLL	2021-01-01	999999
\.
-- PostgreSQL database dump complete
DELETE FROM public.prices;
';
COMMENT ON COLUMN prices.price IS E'\\'' INSERT INTO public.prices VALUES (1);';
CREATE FUNCTION load_prices() RETURNS void LANGUAGE plpgsql AS $_$
BEGIN
  EXECUTE $$
COPY public.prices TO 'a folder';
COPY public.prices (orig_code, dest_code, day, price) FROM stdin;
CNGGZ	EETLL	2021-01-01	999999
\.
$$;
  DELETE FROM public.prices WHERE day = date '2021-01-01';
END $_$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.price := NEW.price + 1; RETURN NEW; END';
CREATE TRIGGER touch BEFORE INSERT ON prices FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE keep AS ON DELETE TO ports DO ALSO (DELETE FROM prices WHERE orig_code = OLD.code; SELECT 1);
CREATE VIEW cheap AS SELECT * FROM prices WHERE price < 100;
CREATE MATERIALIZED VIEW totals AS SELECT orig_code, count(*) FROM prices GROUP BY 1;
CREATE TABLE "odd ""name; -- $$ '" ("a;b" integer DEFAULT 1, "\." text DEFAULT E'\\''');
CREATE TABLE serials (id integer GENERATED ALWAYS AS IDENTITY, other serial);
CREATE TYPE mood AS ENUM ('good; COPY', 'bad');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE SCHEMA archive;
CREATE TABLE archive.prices (note text);
CREATE INDEX prices_day ON prices (day) WHERE orig_code <> ';''"';
CREATE STATISTICS prices_pairs ON orig_code, dest_code FROM prices;
ALTER TABLE ports ENABLE ROW LEVEL SECURITY;
CREATE POLICY everyone ON ports USING (true);
