DROP FUNCTION accounts.purge_deleted(interval, integer);
