-- A batch is withdrawn as a whole. Only prices of withdrawn batches are deleted, and the sums follow.

-- Adds inserted prices to the sums of every pair of places that contain their ports, and subtracts deleted ones. Measurements of what follows
-- are in docs/speed.md: pairs of places are numbered, because two integers are compared faster than three values; the inserted rows are read
-- once; sums are updated and then inserted, because ON CONFLICT looks each key up twice. EXECUTE plans for the number of rows at hand: a
-- session would use the plan of its first batch for all later ones.
CREATE OR REPLACE FUNCTION rates.roll_up() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off AS $$
DECLARE
  summed CONSTANT text := $sql$
    WITH lanes AS MATERIALIZED (
      SELECT orig_code, dest_code, day, sum(price) AS price_sum, count(*) AS price_count FROM changed GROUP BY 1, 2, 3
    ), pairs AS MATERIALIZED (
      SELECT l.orig_code, l.dest_code, o.ancestor AS origin, t.ancestor AS destination,
             dense_rank() OVER (ORDER BY o.ancestor, t.ancestor) AS pair
      FROM (SELECT DISTINCT orig_code, dest_code FROM lanes) l
      JOIN rates.place_ancestors o ON o.place = l.orig_code
      JOIN rates.place_ancestors t ON t.place = l.dest_code
    ), summed AS MATERIALIZED (
      SELECT p.origin, p.destination, s.day, s.price_sum, s.price_count
      FROM (SELECT p.pair, l.day, sum(l.price_sum)::bigint AS price_sum, sum(l.price_count)::bigint AS price_count
            FROM lanes l JOIN pairs p USING (orig_code, dest_code) GROUP BY 1, 2) s
      JOIN (SELECT DISTINCT pair, origin, destination FROM pairs) p USING (pair)
      ORDER BY s.pair, s.day
    ) $sql$;
  missing bigint;
BEGIN
  -- One writer at a time: concurrent batches could lock the same rows in different orders. A table lock instead of an
  -- advisory lock, which any login could take to block imports.
  LOCK TABLE rates.daily_rates IN SHARE ROW EXCLUSIVE MODE;
  IF TG_OP = 'INSERT' THEN
    EXECUTE summed || $sql$, routes AS (
        INSERT INTO rates.routes (orig_code, dest_code)
        SELECT DISTINCT orig_code, dest_code FROM lanes
        ON CONFLICT DO NOTHING
      ), updated AS (
        UPDATE rates.daily_rates d
        SET price_sum = d.price_sum + s.price_sum, price_count = d.price_count + s.price_count
        FROM summed s WHERE (d.origin, d.destination, d.day) = (s.origin, s.destination, s.day)
        RETURNING d.origin, d.destination, d.day
      )
      INSERT INTO rates.daily_rates (origin, destination, day, price_sum, price_count)
      SELECT s.origin, s.destination, s.day, s.price_sum, s.price_count FROM summed s
      WHERE NOT EXISTS (SELECT FROM updated u WHERE (u.origin, u.destination, u.day) = (s.origin, s.destination, s.day))$sql$;
  ELSE
    EXECUTE summed || $sql$, deleted AS (
        DELETE FROM rates.daily_rates d USING summed s
        WHERE (d.origin, d.destination, d.day) = (s.origin, s.destination, s.day)
          AND (d.price_sum, d.price_count) = (s.price_sum, s.price_count)
        RETURNING 1
      ), updated AS (
        UPDATE rates.daily_rates d
        SET price_sum = d.price_sum - s.price_sum, price_count = d.price_count - s.price_count
        FROM summed s WHERE (d.origin, d.destination, d.day) = (s.origin, s.destination, s.day)
          AND d.price_count > s.price_count AND d.price_sum >= s.price_sum
        RETURNING 1
      )
      SELECT (SELECT count(*) FROM summed) - (SELECT count(*) FROM deleted) - (SELECT count(*) FROM updated)$sql$
      INTO missing;
    IF missing <> 0 THEN
      RAISE EXCEPTION 'rates.daily_rates lacks the sums of deleted prices' USING ERRCODE = 'data_exception';
    END IF;
    DELETE FROM rates.routes r
      USING (SELECT DISTINCT orig_code, dest_code FROM changed) c
      WHERE (r.orig_code, r.dest_code) = (c.orig_code, c.dest_code)
        AND NOT EXISTS (SELECT FROM rates.daily_rates d WHERE (d.origin, d.destination) = (r.orig_code, r.dest_code));
  END IF;
  RETURN NULL;
END
$$;
DROP TRIGGER prices_roll_up ON rates.prices;
CREATE TRIGGER prices_roll_up AFTER INSERT ON rates.prices
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rates.roll_up();
CREATE TRIGGER prices_roll_back AFTER DELETE ON rates.prices
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rates.roll_up();

-- Prices are append-only, except for those of withdrawn batches, which can only be deleted. This applies to the owner too.
DROP TRIGGER prices_append_only ON rates.prices;
CREATE TRIGGER prices_append_only BEFORE UPDATE OR TRUNCATE ON rates.prices
  FOR EACH STATEMENT EXECUTE FUNCTION rates.refuse_change();
CREATE FUNCTION rates.check_deletion() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM (SELECT DISTINCT batch_id FROM deleted) p
             WHERE NOT EXISTS (SELECT FROM rates.batches b WHERE b.id = p.batch_id AND b.withdrawn_at IS NOT NULL)) THEN
    RAISE EXCEPTION 'rates.prices is append-only' USING ERRCODE = 'feature_not_supported';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER prices_deletion AFTER DELETE ON rates.prices
  REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION rates.check_deletion();

-- Withdraws a batch: its prices are deleted, and an audit event is appended. The outcome says why nothing was changed. The login that
-- imports can do neither by itself, so that it can withdraw no batch without the event and append no other event. The end of the audit
-- log stays locked until the transaction ends.
CREATE FUNCTION rates.withdraw_batch(batch bigint, actor_id bigint, request_id text, address text, detail jsonb,
                                     OUT outcome text, OUT price_count bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stored rates.batches;
BEGIN
  price_count := 0;
  PERFORM rates.lock_sums();
  SELECT * INTO stored FROM rates.batches b WHERE b.id = batch FOR UPDATE;
  IF NOT FOUND THEN
    outcome := 'unknown';
  ELSIF stored.withdrawn_at IS NOT NULL THEN
    outcome := 'withdrawn before';
  ELSIF stored.price_count > 0 AND NOT EXISTS (SELECT FROM rates.prices p WHERE p.batch_id = batch) THEN
    outcome := 'without ids';
  ELSE
    -- SHA-256 has no known preimages, so no content has this digest.
    UPDATE rates.batches b SET withdrawn_at = now(), digest = sha256(stored.digest || int8send(batch)) WHERE b.id = batch;
    DELETE FROM rates.prices p WHERE p.batch_id = batch;
    GET DIAGNOSTICS price_count = ROW_COUNT;
    PERFORM audit.append(actor_id, 'batch.withdrawn', 'batch:' || batch, request_id, address,
      coalesce(detail, '{}') || jsonb_build_object('digest', encode(stored.digest, 'hex'), 'prices', price_count));
    outcome := 'withdrawn';
  END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION rates.check_deletion(), rates.withdraw_batch(bigint, bigint, text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rates.withdraw_batch(bigint, bigint, text, text, jsonb) TO portcullis_rates_writer;
