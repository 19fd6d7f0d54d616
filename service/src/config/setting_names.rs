//! Every setting: name, default, meaning. `docs/settings.md` is this table, written out.

/// What comes before every name in the environment.
pub const PREFIX: &str = "PORTCULLIS_";

/// One setting. In the environment it is `PORTCULLIS_<name>`, in a settings file `<name>` in small letters.
#[derive(Debug)]
pub struct Setting {
    /// The name, without the prefix.
    pub name: &'static str,
    /// What holds when it is not given; `None`: it must be given where it is needed.
    pub default: Option<&'static str>,
    /// Whether it is a secret: then `<name>_FILE` may name a file that holds it.
    pub secret: bool,
    /// What it means, with its unit and range.
    pub doc: &'static str,
}

const fn setting(name: &'static str, default: &'static str, doc: &'static str) -> Setting {
    Setting {
        name,
        default: Some(default),
        secret: false,
        doc,
    }
}

const fn secret(name: &'static str, doc: &'static str) -> Setting {
    Setting {
        name,
        default: None,
        secret: true,
        doc,
    }
}

/// The table, in the order in which the documentation shows it.
pub const SETTINGS: &[Setting] = &[
    setting(
        "PROFILE",
        "production",
        "`production`, or `development` on a developer's machine: it permits what production refuses (an unencrypted database connection)",
    ),
    setting(
        "LISTEN",
        "127.0.0.1:3000",
        "address and port of the public listener",
    ),
    setting(
        "INTERNAL_LISTEN",
        "127.0.0.1:9464",
        "address and port of the internal listener: metrics and health. Never publish it",
    ),
    setting(
        "ALLOWED_HOSTS",
        "localhost,127.0.0.1,[::1]",
        "names that a request's Host may carry, separated by commas, without port",
    ),
    setting(
        "CORS_ORIGINS",
        "",
        "origins whose pages may read answers, separated by commas, as in `https://app.example`; empty: none",
    ),
    setting(
        "MAX_CONNECTIONS",
        "2048",
        "open connections on the public listener, 1 to 100000; when all are taken, the one that has been idle the longest is closed",
    ),
    setting(
        "CLIENT_TIMEOUT",
        "8",
        "seconds, 1 to 60, that a client may take for a request's head, for its body, or without moving a byte",
    ),
    setting(
        "SHUTDOWN_GRACE",
        "20",
        "seconds, 0 to 600, that running requests get after SIGTERM",
    ),
    setting(
        "BODY_LIMIT",
        "65536",
        "bytes, 0 to 10485760, of a request's body, where the operation says nothing else",
    ),
    setting(
        "RATE_LIMIT",
        "1200",
        "requests a minute and client address (IPv6: a /64), 1 to 1000000000",
    ),
    setting(
        "RATES_MAX_DAYS",
        "366",
        "days, 1 to 36600, that one query of /rates may span",
    ),
    setting(
        "PUBLIC_URL",
        "http://127.0.0.1:3000",
        "where people reach the service, without a slash at the end: links in mails begin with it. `https` in production, unless the host is this machine",
    ),
    setting(
        "REGISTRATION",
        "first-admin",
        "who may register: `first-admin` (anybody until there is a confirmed administrator, who is the first to confirm; by invitation afterwards), `open` (anybody, as a user), `closed` (by invitation only)",
    ),
    setting(
        "MAIL_RATE_PER_NETWORK",
        "100",
        "mails, 1 to 1000000, that strangers of one network (an address; IPv6: a /64) may cause by registering, asking again or forgetting passwords, before they wait; an hour without any forgets them",
    ),
    setting(
        "DEMO",
        "off",
        "the demo operations /populate and /delete: `off`, `token` (for signed-in callers), `open` (for anybody); production takes `off` only",
    ),
    secret(
        "DATA_KEY",
        "key of 32 random bytes or more, as base64 or hex, as `portcullis keys data-key` prints it: seals second factors, makes mailed links and form tokens; `serve` needs it",
    ),
    secret(
        "TOKEN_KEYS",
        "signing keys of access tokens, as `portcullis keys generate` writes them; `serve` needs them and reads the file again when it changes",
    ),
    setting(
        "TOKEN_ISSUER",
        "",
        "the `iss` of access tokens; empty: PUBLIC_URL. Environments must differ in it",
    ),
    setting("TOKEN_AUDIENCE", "portcullis", "the `aud` of access tokens"),
    setting(
        "ACCESS_TOKEN_TTL",
        "600",
        "seconds, 30 to 3600, that an access token is valid",
    ),
    setting(
        "SESSION_MAX_AGE",
        "2592000",
        "seconds, 60 to 31536000, after which somebody must sign in again however active",
    ),
    setting(
        "SESSION_IDLE_TIMEOUT",
        "604800",
        "seconds, 60 to 31536000, without a request after which somebody must sign in again",
    ),
    setting(
        "HASH_THREADS",
        "1",
        "threads, 1 to 64, that hash passwords; they run at the lowest priority, and rest on a busy machine",
    ),
    setting(
        "HASH_QUEUE",
        "64",
        "passwords, 1 to 10000, that may wait: to be looked up or to be hashed; more are answered 503",
    ),
    setting(
        "HASH_MEMORY",
        "19456",
        "argon2id's memory in KiB, 19456 to 1048576; a password is hashed anew at log-in when this or the next rises",
    ),
    setting("HASH_ITERATIONS", "2", "argon2id's passes, 2 to 16"),
    setting(
        "MAIL_TRANSPORT",
        "folder",
        "how mail leaves: `smtp`, or `folder` (development only)",
    ),
    setting(
        "MAIL_FROM",
        "Portcullis <portcullis@localhost>",
        "the sender of mails",
    ),
    setting(
        "MAIL_FOLDER",
        "mail",
        "folder that mails are written to when MAIL_TRANSPORT is `folder`",
    ),
    setting("SMTP_HOST", "", "host name of the mail server"),
    setting("SMTP_PORT", "465", "its port"),
    setting(
        "SMTP_TLS",
        "implicit",
        "`implicit` (TLS from the first byte), `starttls` (required), in development also `none`",
    ),
    setting(
        "SMTP_CA_FILE",
        "system",
        "PEM file of the authority that signed the mail server's certificate; `system`: the machine's own",
    ),
    setting("SMTP_USER", "", "user name at the mail server; empty: none"),
    secret("SMTP_PASSWORD", "the password at the mail server"),
    setting("DATABASE_HOST", "127.0.0.1", "host name or address of PostgreSQL"),
    setting("DATABASE_PORT", "5432", "its port"),
    setting("DATABASE_NAME", "portcullis", "the database"),
    setting(
        "DATABASE_SSLMODE",
        "verify-full",
        "libpq's sslmode: `verify-full`; in development also `verify-ca`, `require`, `disable`",
    ),
    setting(
        "DATABASE_CA_FILE",
        "system",
        "PEM file of the authority that signed the server's certificate; `system`: the machine's own",
    ),
    setting(
        "DATABASE_POOL_SIZE",
        "4",
        "connections of the read path, 1 to 100. Two a core of the database serve best; more only queue inside it",
    ),
    setting(
        "DATABASE_ACQUIRE_TIMEOUT",
        "2000",
        "milliseconds, 1 to 60000, that a request waits for a connection before it is answered 503",
    ),
    setting(
        "DATABASE_STATEMENT_TIMEOUT",
        "5000",
        "milliseconds, 1 to 600000, that a statement of the read path may run",
    ),
    setting(
        "DATABASE_RATES_USER",
        "portcullis_rates",
        "login of the public read path",
    ),
    secret("DATABASE_RATES_PASSWORD", "its password; `serve` needs it"),
    setting(
        "DATABASE_INGEST_USER",
        "portcullis_ingest",
        "login that stores batches of prices",
    ),
    secret("DATABASE_INGEST_PASSWORD", "its password; `import` needs it"),
    setting(
        "DATABASE_ACCOUNTS_POOL_SIZE",
        "4",
        "connections, 1 to 100, for accounts and sessions",
    ),
    setting(
        "DATABASE_ACCOUNTS_USER",
        "portcullis_accounts",
        "login for accounts, sessions and audit events",
    ),
    secret(
        "DATABASE_ACCOUNTS_PASSWORD",
        "its password; `serve`, `accounts` and `audit` need it",
    ),
    setting(
        "DATABASE_WISHES_POOL_SIZE",
        "2",
        "connections, 1 to 100, for wishes",
    ),
    setting("DATABASE_WISHES_USER", "portcullis_wishes", "login for wishes"),
    secret("DATABASE_WISHES_PASSWORD", "its password; `serve` needs it"),
    setting(
        "DATABASE_MAIL_USER",
        "portcullis_mail",
        "login that takes mails out of the outbox",
    ),
    secret("DATABASE_MAIL_PASSWORD", "its password; `serve` needs it"),
    setting(
        "DATABASE_DEMO_USER",
        "portcullis_demo",
        "login of the demo operations",
    ),
    secret(
        "DATABASE_DEMO_PASSWORD",
        "its password; needed only while DEMO is not `off`, and `migrate prepare` makes the login only when it is given",
    ),
    setting(
        "DATABASE_MIGRATOR_USER",
        "portcullis_migrator",
        "login that changes the schema",
    ),
    secret("DATABASE_MIGRATOR_PASSWORD", "its password; `migrate` needs it"),
    setting(
        "DATABASE_ADMIN_USER",
        "postgres",
        "login that may create roles and databases; only `migrate prepare` uses it",
    ),
    secret(
        "DATABASE_ADMIN_PASSWORD",
        "its password; only `migrate prepare` needs it",
    ),
    setting(
        "LOG",
        "info",
        "what is logged, in the syntax of tracing's filter, as in `info,portcullis::db=debug`",
    ),
    setting(
        "OTLP_ENDPOINT",
        "",
        "base URL of an OTLP/HTTP collector for traces, metrics and logs, as in `http://127.0.0.1:4318`; empty: none",
    ),
    setting(
        "TRACE_RATIO",
        "1.0",
        "share, 0.0 to 1.0, of the traces begun here that are sent; a sampled parent is always followed",
    ),
];
