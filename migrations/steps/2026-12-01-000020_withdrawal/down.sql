DROP FUNCTION rates.withdraw_batch(bigint, bigint, text, text, jsonb);
DROP TRIGGER prices_deletion ON rates.prices;
DROP FUNCTION rates.check_deletion();
DROP TRIGGER prices_append_only ON rates.prices;
CREATE TRIGGER prices_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rates.prices
  FOR EACH STATEMENT EXECUTE FUNCTION rates.refuse_change();
DROP TRIGGER prices_roll_back ON rates.prices;
DROP TRIGGER prices_roll_up ON rates.prices;

-- Adds the inserted prices to the sums of every pair of places that contain their ports.
CREATE OR REPLACE FUNCTION rates.roll_up() RETURNS trigger
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
