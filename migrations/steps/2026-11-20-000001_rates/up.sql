-- Ports, regions and their tree. Tables and columns are named as in legacy dumps.
CREATE SCHEMA rates;
GRANT USAGE ON SCHEMA rates TO portcullis_rates_reader, portcullis_rates_writer;

-- Every login may read the list of applied migrations; only the owner may change it.
GRANT SELECT ON portcullis.__diesel_schema_migrations TO portcullis_rates_reader, portcullis_rates_writer;

-- COLLATE "C": codes and slugs are ASCII, and byte comparison is the fastest.
CREATE TABLE rates.regions (
  slug text COLLATE "C" CONSTRAINT regions_pkey PRIMARY KEY,
  name text NOT NULL,
  parent_slug text COLLATE "C" CONSTRAINT regions_parent_slug_fkey REFERENCES rates.regions (slug)
    DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT regions_slug_check CHECK (slug ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
  CONSTRAINT regions_name_check CHECK (length(name) BETWEEN 1 AND 200)
);

CREATE TABLE rates.ports (
  code text COLLATE "C" CONSTRAINT ports_pkey PRIMARY KEY,
  name text NOT NULL,
  parent_slug text COLLATE "C" NOT NULL CONSTRAINT ports_parent_slug_fkey REFERENCES rates.regions (slug),
  CONSTRAINT ports_code_check CHECK (code ~ '^[A-Z]{2}[A-Z0-9]{3}$'),
  CONSTRAINT ports_name_check CHECK (length(name) BETWEEN 1 AND 200)
);
CREATE INDEX ports_parent_slug_idx ON rates.ports (parent_slug);
CREATE INDEX regions_parent_slug_idx ON rates.regions (parent_slug);

-- Each place with itself and all its ancestors: the tree's transitive closure, so that no query is recursive.
-- Codes and slugs cannot be equal (see the checks), so one column holds both.
CREATE TABLE rates.place_ancestors (
  place text COLLATE "C" NOT NULL,
  ancestor text COLLATE "C" NOT NULL,
  CONSTRAINT place_ancestors_pkey PRIMARY KEY (place, ancestor)
);
CREATE INDEX place_ancestors_ancestor_idx ON rates.place_ancestors (ancestor);

GRANT SELECT ON rates.regions, rates.ports, rates.place_ancestors TO portcullis_rates_reader;
GRANT SELECT, INSERT, UPDATE (name, parent_slug) ON rates.regions, rates.ports TO portcullis_rates_writer;

-- Imported batches of prices.
CREATE TABLE rates.batches (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT batches_pkey PRIMARY KEY,
  digest bytea NOT NULL CONSTRAINT batches_digest_key UNIQUE,
  price_count bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT batches_digest_check CHECK (length(digest) = 32),
  CONSTRAINT batches_price_count_check CHECK (price_count >= 0)
);

-- Every pair of ports that has a price. The foreign keys are here and not on rates.prices, where they would be checked
-- per row: the trigger below inserts each new route once per statement.
CREATE TABLE rates.routes (
  orig_code text COLLATE "C" NOT NULL CONSTRAINT routes_orig_code_fkey REFERENCES rates.ports (code),
  dest_code text COLLATE "C" NOT NULL CONSTRAINT routes_dest_code_fkey REFERENCES rates.ports (code),
  CONSTRAINT routes_pkey PRIMARY KEY (orig_code, dest_code)
);

-- One offer: whole US dollars for a standard container on a day. Equal rows are different offers, so there is no key.
CREATE TABLE rates.prices (
  orig_code text COLLATE "C" NOT NULL,
  dest_code text COLLATE "C" NOT NULL,
  day date NOT NULL,
  price integer NOT NULL,
  CONSTRAINT prices_price_check CHECK (price >= 0),
  CONSTRAINT prices_day_check CHECK (day BETWEEN '0001-01-01' AND '9999-12-31')
);

-- Sum and count per day for every pair of places, so that queries for regions cost as much as those for ports.
-- The key includes all columns, so that a query is one index-only scan.
CREATE TABLE rates.daily_rates (
  origin text COLLATE "C" NOT NULL,
  destination text COLLATE "C" NOT NULL,
  day date NOT NULL,
  price_sum bigint NOT NULL,
  price_count bigint NOT NULL,
  CONSTRAINT daily_rates_pkey PRIMARY KEY (origin, destination, day) INCLUDE (price_sum, price_count)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.0, autovacuum_vacuum_insert_threshold = 5000,
        autovacuum_vacuum_scale_factor = 0.02, fillfactor = 90);

-- Adds the inserted prices to the sums of every pair of places that contain their ports.
CREATE FUNCTION rates.roll_up() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS $$
BEGIN
  -- One writer at a time: concurrent batches could lock the same rows in different orders. A table lock instead of an
  -- advisory lock, which any login could take to block imports.
  LOCK TABLE rates.daily_rates IN SHARE ROW EXCLUSIVE MODE;
  INSERT INTO rates.routes (orig_code, dest_code)
    SELECT DISTINCT orig_code, dest_code FROM inserted
    ON CONFLICT DO NOTHING;
  INSERT INTO rates.daily_rates AS d (origin, destination, day, price_sum, price_count)
    SELECT o.ancestor, t.ancestor, p.day, sum(p.price_sum), sum(p.price_count)
    FROM (SELECT orig_code, dest_code, day, sum(price) AS price_sum, count(*) AS price_count
          FROM inserted GROUP BY 1, 2, 3) p
    JOIN rates.place_ancestors o ON o.place = p.orig_code
    JOIN rates.place_ancestors t ON t.place = p.dest_code
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3
    ON CONFLICT ON CONSTRAINT daily_rates_pkey DO UPDATE
      SET price_sum = d.price_sum + excluded.price_sum, price_count = d.price_count + excluded.price_count;
  RETURN NULL;
END
$$;
CREATE TRIGGER prices_roll_up AFTER INSERT ON rates.prices
  REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION rates.roll_up();

-- Prices are append-only, so the sums need no other maintenance.
CREATE FUNCTION rates.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rates.prices is append-only' USING ERRCODE = 'feature_not_supported';
END
$$;
CREATE TRIGGER prices_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rates.prices
  FOR EACH STATEMENT EXECUTE FUNCTION rates.refuse_change();

-- The expected content of rates.daily_rates, computed from the prices.
CREATE VIEW rates.computed_daily_rates AS
  SELECT o.ancestor AS origin, t.ancestor AS destination, p.day,
         sum(p.price_sum)::bigint AS price_sum, sum(p.price_count)::bigint AS price_count
  FROM (SELECT orig_code, dest_code, day, sum(price) AS price_sum, count(*) AS price_count
        FROM rates.prices GROUP BY 1, 2, 3) p
  JOIN rates.place_ancestors o ON o.place = p.orig_code
  JOIN rates.place_ancestors t ON t.place = p.dest_code
  GROUP BY 1, 2, 3;

-- Recomputes all sums. Needed only when a port or region with prices moves in the tree.
CREATE FUNCTION rates.rebuild_daily_rates() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS $$
BEGIN
  LOCK TABLE rates.daily_rates IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM rates.daily_rates;
  INSERT INTO rates.daily_rates (origin, destination, day, price_sum, price_count)
    SELECT origin, destination, day, price_sum, price_count FROM rates.computed_daily_rates;
END
$$;

-- Keeps rates.place_ancestors consistent with the tree. UNION instead of UNION ALL terminates on cycles.
CREATE FUNCTION rates.refresh_ancestors() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  moved boolean;
BEGIN
  LOCK TABLE rates.daily_rates IN SHARE ROW EXCLUSIVE MODE;
  WITH RECURSIVE up (place, ancestor) AS (
    SELECT place, place FROM (SELECT code FROM rates.ports UNION ALL SELECT slug FROM rates.regions) s (place)
    UNION
    SELECT up.place, e.parent_slug
    FROM up JOIN (SELECT code, parent_slug FROM rates.ports
                  UNION ALL SELECT slug, parent_slug FROM rates.regions) e (place, parent_slug)
      ON e.place = up.ancestor
    WHERE e.parent_slug IS NOT NULL
  ), gone AS (
    DELETE FROM rates.place_ancestors a
    WHERE NOT EXISTS (SELECT FROM up WHERE (up.place, up.ancestor) = (a.place, a.ancestor))
    RETURNING a.place
  ), fresh AS (
    INSERT INTO rates.place_ancestors (place, ancestor) SELECT place, ancestor FROM up
    ON CONFLICT DO NOTHING
    RETURNING place
  )
  SELECT EXISTS (
    SELECT FROM (TABLE gone UNION TABLE fresh) c (place)
    JOIN rates.routes r ON c.place IN (r.orig_code, r.dest_code)
  ) INTO moved;
  IF moved THEN
    PERFORM rates.rebuild_daily_rates();
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER regions_refresh_ancestors AFTER INSERT OR UPDATE OR DELETE ON rates.regions
  FOR EACH STATEMENT EXECUTE FUNCTION rates.refresh_ancestors();
CREATE TRIGGER ports_refresh_ancestors AFTER INSERT OR UPDATE OR DELETE ON rates.ports
  FOR EACH STATEMENT EXECUTE FUNCTION rates.refresh_ancestors();

-- The public read path may read sums but no single offer; the writer may add offers but not change sums.
GRANT SELECT ON rates.daily_rates TO portcullis_rates_reader;
GRANT INSERT ON rates.prices TO portcullis_rates_writer;
GRANT SELECT (id, digest), INSERT (digest, price_count) ON rates.batches TO portcullis_rates_writer;
