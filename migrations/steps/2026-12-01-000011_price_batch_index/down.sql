DROP INDEX rates.prices_batch_id_idx;
