DROP FUNCTION rates.lock_sums();
