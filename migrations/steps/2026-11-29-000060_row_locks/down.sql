DROP TABLE wishes.account_locks;
DROP TABLE accounts.admins_lock;
