DROP FUNCTION accounts.sealed_factor(bigint);
