//! The settings of the database: names, defaults, descriptions.

use super::setting::{Setting, secret, setting};

/// They follow the settings of mails in the documentation.
pub(super) const DATABASE_SETTINGS: &[Setting] = &[
    setting(
        "DATABASE_HOST",
        "127.0.0.1",
        "Host name or address of the PostgreSQL server.",
    ),
    setting("DATABASE_PORT", "5432", "TCP port of the PostgreSQL server."),
    setting("DATABASE_NAME", "portcullis", "Name of the database."),
    setting(
        "DATABASE_SSLMODE",
        "verify-full",
        "libpq's `sslmode`: `verify-full`. `development` also permits `verify-ca`, `require` and `disable`.",
    ),
    setting(
        "DATABASE_CA_FILE",
        "system",
        "PEM file with the certificate authority of the PostgreSQL server, or `system` for the operating system's authorities.",
    ),
    setting(
        "DATABASE_POOL_SIZE",
        "4",
        "Number of connections for reading rates, 1 to 100. Two per CPU core of the server give the best throughput; further connections only add contention.",
    ),
    setting(
        "DATABASE_BATCHING",
        "on",
        "Whether `/rates` requests that wait for the database at the same time share a statement, up to 32 of them: `on` or `off`. `off` is for comparisons: each request then is a statement of its own.",
    ),
    setting(
        "DATABASE_STREAM_POOL_SIZE",
        "4",
        "Number of connections for `POST /rates/query` and `GET /rates/export`, 2 to 100. A response holds one until its client has read it; exports use at most half of them.",
    ),
    setting(
        "DATABASE_ACQUIRE_TIMEOUT",
        "2000",
        "Time in milliseconds, 1 to 60000, that a request waits for a database connection before it is answered with status 503.",
    ),
    setting(
        "DATABASE_STATEMENT_TIMEOUT",
        "5000",
        "Maximum duration of a statement that reads rates, in milliseconds, 1 to 600000.",
    ),
    setting(
        "DATABASE_CREDENTIALS",
        "settings",
        "Source of the credentials of the logins of `serve` and `import`: `settings`, their `USER` and `PASSWORD` settings; `files`, see `DATABASE_CREDENTIALS_FOLDER`; `vault` and `vault-static`, the dynamic and static roles of the database engine at `VAULT_ADDRESS`; `entra`, their `USER` settings with access tokens of Microsoft Entra as passwords, also for the migrator and for an administrator without a password. With every source but `settings`, a password that is set for one of these logins is an error.",
    ),
    setting(
        "DATABASE_CREDENTIALS_FOLDER",
        "",
        "Folder with issued credentials: `rates.json`, `ingest.json`, `accounts.json`, `wishes.json`, `mail.json`, `demo.json`, each an object with `username` and `password`. Required if `DATABASE_CREDENTIALS` is `files`. `serve` reads them again every two seconds.",
    ),
    setting(
        "DATABASE_RATES_USER",
        "portcullis_rates",
        "Role that reads rates.",
    ),
    secret(
        "DATABASE_RATES_PASSWORD",
        "Password of `DATABASE_RATES_USER`. Required by `serve`.",
    ),
    setting(
        "DATABASE_INGEST_USER",
        "portcullis_ingest",
        "Role that stores batches of prices.",
    ),
    secret(
        "DATABASE_INGEST_PASSWORD",
        "Password of `DATABASE_INGEST_USER`. Required by `import`.",
    ),
    setting(
        "DATABASE_ACCOUNTS_POOL_SIZE",
        "4",
        "Number of connections for accounts and sessions, 1 to 100.",
    ),
    setting(
        "DATABASE_ACCOUNTS_USER",
        "portcullis_accounts",
        "Role for accounts, sessions and audit events.",
    ),
    secret(
        "DATABASE_ACCOUNTS_PASSWORD",
        "Password of `DATABASE_ACCOUNTS_USER`. Required by `serve`, `accounts` and `audit`.",
    ),
    setting(
        "DATABASE_WISHES_POOL_SIZE",
        "2",
        "Number of connections for wishes, 1 to 100.",
    ),
    setting("DATABASE_WISHES_USER", "portcullis_wishes", "Role for wishes."),
    secret(
        "DATABASE_WISHES_PASSWORD",
        "Password of `DATABASE_WISHES_USER`. Required by `serve`.",
    ),
    setting(
        "DATABASE_MAIL_USER",
        "portcullis_mail",
        "Role that reads and updates the mail outbox.",
    ),
    secret(
        "DATABASE_MAIL_PASSWORD",
        "Password of `DATABASE_MAIL_USER`. Required by `serve`.",
    ),
    setting(
        "DATABASE_DEMO_USER",
        "portcullis_demo",
        "Role for the demo operations.",
    ),
    secret(
        "DATABASE_DEMO_PASSWORD",
        "Password of `DATABASE_DEMO_USER`. Required by `serve` unless `DEMO` is `off`. `migrate prepare` creates the role only if the password is set.",
    ),
    setting(
        "DATABASE_MIGRATOR_USER",
        "portcullis_migrator",
        "Role that changes the schema.",
    ),
    secret(
        "DATABASE_MIGRATOR_PASSWORD",
        "Password of `DATABASE_MIGRATOR_USER`. Required by `migrate`.",
    ),
    setting(
        "DATABASE_ADMIN_USER",
        "postgres",
        "Role that may create roles and databases. Only `migrate prepare` uses it.",
    ),
    secret(
        "DATABASE_ADMIN_PASSWORD",
        "Password of `DATABASE_ADMIN_USER`. Required by `migrate prepare`.",
    ),
    setting(
        "DATABASE_VAULT_USER",
        "portcullis_vault",
        "Role with which Vault issues logins. Only `migrate prepare` uses it.",
    ),
    secret(
        "DATABASE_VAULT_PASSWORD",
        "First password of `DATABASE_VAULT_USER`; Vault replaces it. `migrate prepare` creates the role, and the functions that issue logins, only if the password is set.",
    ),
];
