DROP FUNCTION access.purge_failed_logins(interval, integer);
