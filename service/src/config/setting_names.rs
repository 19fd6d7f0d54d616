//! The table of all settings: names, defaults, descriptions. `docs/settings.md` is generated from it.

use super::access_setting_names::ACCESS_SETTINGS;
use super::database_setting_names::DATABASE_SETTINGS;
use super::entra_setting_names::ENTRA_SETTINGS;
use super::mail_setting_names::MAIL_SETTINGS;
pub use super::setting::{PREFIX, Setting};
use super::setting::{secret, setting};
use super::vault_setting_names::VAULT_SETTINGS;

/// All settings, in the order of the documentation.
pub const SETTINGS: &[Setting] = &joined();

/// Several tables, so that each can be read at once.
const TABLES: [&[Setting]; 7] = [
    SERVICE_SETTINGS,
    MAIL_SETTINGS,
    DATABASE_SETTINGS,
    TELEMETRY_SETTINGS,
    VAULT_SETTINGS,
    ENTRA_SETTINGS,
    ACCESS_SETTINGS,
];

const COUNT: usize = {
    let (mut count, mut table) = (0, 0);
    while table < TABLES.len() {
        count += TABLES[table].len();
        table += 1;
    }
    count
};

const fn joined() -> [Setting; COUNT] {
    let mut all = [SERVICE_SETTINGS[0]; COUNT];
    let (mut at, mut table) = (0, 0);
    while table < TABLES.len() {
        let mut row = 0;
        while row < TABLES[table].len() {
            all[at] = TABLES[table][row];
            at += 1;
            row += 1;
        }
        table += 1;
    }
    all
}

/// What the service serves, to whom, and its accounts and sessions.
const SERVICE_SETTINGS: &[Setting] = &[
    setting(
        "PROFILE",
        "production",
        "Deployment profile: `production`, or `development` for a developer's machine. `development` changes the defaults of `PUBLIC_URL`, `REGISTRATION` and `SECOND_FACTOR` only; it permits settings that `production` rejects, such as an unencrypted database connection.",
    ),
    setting(
        "LISTEN",
        "127.0.0.1:3000",
        "Address and port of the public listener. Production requires a loopback address, `TRUSTED_PROXIES`, or `ALLOW_CLEARTEXT`.",
    ),
    setting(
        "INTERNAL_LISTEN",
        "127.0.0.1:9464",
        "Address and port of the internal listener, which serves metrics and health checks without authentication. Do not expose it to clients. Production requires a loopback address or `ALLOW_CLEARTEXT`.",
    ),
    setting(
        "ALLOW_CLEARTEXT",
        "",
        "Comma-separated settings that may name an address beyond the loopback interface in production although the traffic is not encrypted: `LISTEN` (not needed with `TRUSTED_PROXIES`), `INTERNAL_LISTEN`, `OTLP_ENDPOINT`. Use it only on networks that carry no other traffic.",
    ),
    setting(
        "TRUSTED_PROXIES",
        "",
        "Comma-separated addresses and networks (CIDR) of reverse proxies, for example `10.0.0.7,fd00::/8`. The client of a request is the connecting address; only for connections from these, it is the rightmost address in the proxy's header that is not itself one of these. Empty: headers are ignored.",
    ),
    setting(
        "CLIENT_ADDRESS_SOURCE",
        "either-header",
        "Where `TRUSTED_PROXIES` report the client's address: `x-forwarded-for` or `forwarded` (RFC 7239), and then the other header is ignored; `either-header`: the one that a request carries, and a request whose two headers name different clients is rejected; `proxy-protocol`: version 2 of the PROXY protocol, which every connection must then start with. Name the header that your proxy sets.",
    ),
    setting(
        "ALLOWED_HOSTS",
        "localhost,127.0.0.1,[::1]",
        "Comma-separated host names that a request may name in `Host`, or in an absolute request target, without port. Case, a trailing dot and the port make no difference. Requests for other hosts are rejected with status 421, except those for `/health/`, because probes name the address of a container or instance.",
    ),
    setting(
        "CORS_ORIGINS",
        "",
        "Comma-separated origins that may read responses across origins (CORS), for example `https://app.example`. Empty: none.",
    ),
    setting(
        "MAX_CONNECTIONS",
        "2048",
        "Maximum number of open connections on the public listener, 1 to 100000. When the limit is reached, the connection that has been idle longest is closed.",
    ),
    setting(
        "CLIENT_TIMEOUT",
        "8",
        "Time in seconds, 1 to 60, in which a client must send a request's head, in which it must send its body, and after which a response is aborted of which the client reads nothing, or less than 4 KiB per second on average.",
    ),
    setting(
        "KEEP_ALIVE_TIMEOUT",
        "75",
        "Time in seconds, 1 to 3600, that a connection stays open between requests. Must exceed the idle timeout of a load balancer in front of the service, or the balancer will use connections that are just being closed. HTTP/1.1 responses announce it in `Keep-Alive`.",
    ),
    setting(
        "SHUTDOWN_DELAY",
        "5",
        "Time in seconds, 0 to 600, that the service accepts requests after SIGTERM while `/health/ready` is 503, so that load balancers stop sending requests before the listener closes.",
    ),
    setting(
        "SHUTDOWN_GRACE",
        "20",
        "Time in seconds, 0 to 600, that active requests have to finish after SIGTERM and `SHUTDOWN_DELAY`.",
    ),
    setting(
        "BODY_LIMIT",
        "65536",
        "Maximum size of a request body in bytes, 0 to 10485760, for operations without a limit of their own.",
    ),
    setting(
        "RATE_LIMIT",
        "1200",
        "Maximum number of requests per minute and client address, 1 to 1000000000. IPv6 addresses are counted per /64 network; wider networks have 4 times (IPv6 /56) and 16 times (IPv6 /48, IPv4 /24) the number.",
    ),
    setting(
        "API_DOCS",
        "on",
        "Whether `/apidocs` and `/openapi.json` are served and `/version` shows commit, day of the build and compiler: `on` or `off`.",
    ),
    setting(
        "UPLOADS",
        "off",
        "Whether batches of prices are uploaded over HTTP (`/rates/batches`): `on` or `off`. `serve` then needs the login `DATABASE_INGEST_USER`, which otherwise only `import` uses.",
    ),
    setting(
        "RATES_MAX_DAYS",
        "366",
        "Maximum number of days in one query of `/rates`, 1 to 36600.",
    ),
    setting(
        "RATES_CACHE_SIZE",
        "32",
        "Memory in MiB, 0 to 4096, for answers of `/rates` that are reused until the next import. 0: no answer is reused.",
    ),
    setting(
        "PUBLIC_URL",
        "",
        "Base URL under which users reach the service, without a path and a trailing slash; its host must be one of `ALLOWED_HOSTS`. Links in mails start with it. Required by `serve` in production; in development the default is `http://127.0.0.1:3000`. Production requires `https`, except for `localhost`, `127.0.0.1` and `[::1]`.",
    ),
    setting(
        "REGISTRATION",
        "",
        "Who may register. Empty: `closed` in production, `first-admin` in development. `first-admin`: anyone, until an administrator exists; the first user to confirm an address becomes administrator, and further users need an invitation. `open`: anyone, as a user. `closed`: by invitation only; `portcullis accounts add --role admin` creates the first administrator.",
    ),
    setting(
        "SECOND_FACTOR",
        "",
        "Who must have a second factor: `optional` (no one), `admins` (administrators and approvers) or `all`. Who must and has none can sign in only to set one up. `all` excludes the role introspector, which has no account operations. Empty: `admins`, or `optional` in the profile `development`.",
    ),
    setting(
        "PROOF_MAX_AGE",
        "900",
        "Time in seconds, 60 to 86400, since the login or the last `POST /auth/reauthenticate` during which users may end their other sessions and delete the account, administrators may change roles, move an invitation that carries a role to another address, delete and restore users, end their sessions and remove their second factors, and people may request, approve, deny and collect access to the database.",
    ),
    setting(
        "MAIL_RATE_PER_NETWORK",
        "100",
        "Number of mails, 1 to 1000000, that unauthenticated requests from one network (an IPv4 address or an IPv6 /64) may cause by registration, by requesting a confirmation mail again or by password reset, before further requests are delayed. Wider networks have 4 times (IPv6 /56) and 16 times (IPv6 /48, IPv4 /24) the number. The counter is reset after an hour without such a request.",
    ),
    setting(
        "DELETED_ACCOUNT_RETENTION",
        "90",
        "Time in days, 1 to 3650, during which an administrator can restore a deleted account. Then it is deleted for good, with its wishes; its audit events remain.",
    ),
    setting(
        "BREACHED_PASSWORDS",
        "",
        "Absolute path of a file with breached passwords, which are refused as new ones: SHA-1 hashes sorted in ascending order, one line `HASH:COUNT` each, as the downloader of Have I Been Pwned writes them. The file is searched on disk, and may be replaced at any time. Empty: none.",
    ),
    setting(
        "PASSWORD_WORDS",
        "",
        "Comma-separated words, each of 4 to 64 characters, that new passwords must not contain in any case: names of the organisation and its products, for example. `portcullis` is always refused.",
    ),
    setting(
        "DEMO",
        "off",
        "Availability of the demo operations `/populate` and `/delete`: `off`, `token` (with an access token) or `open` (without authentication). Production requires `off`.",
    ),
    setting(
        "KEYS",
        "settings",
        "Where the signing keys and the data keys come from: `settings` (`TOKEN_KEYS` and `DATA_KEY`, which are then required), `vault` (the documents `token-keys` and `data-keys` of its KV engine), or `generated` at each start, in memory, which production rejects: tokens, second factors and links end with the process.",
    ),
    secret(
        "DATA_KEY",
        "Key that encrypts second factors and derives mailed links and form tokens: at least 32 random bytes in base64 or hexadecimal, as printed by `portcullis keys data-key`, or a document of such keys, as written by `portcullis keys generate --data`. Required by `serve`, which reloads the file when it changes, and by `keys reseal`.",
    ),
    secret(
        "TOKEN_KEYS",
        "Signing keys of access tokens, as written by `portcullis keys generate`. Required by `serve`, which reloads the file when it changes.",
    ),
    setting(
        "TOKEN_ISSUER",
        "",
        "Value of the `iss` claim of access tokens. Empty: the value of `PUBLIC_URL`. Must differ between environments.",
    ),
    setting(
        "TOKEN_AUDIENCE",
        "portcullis",
        "Value of the `aud` claim of access tokens.",
    ),
    setting(
        "ACCESS_TOKEN_TTL",
        "600",
        "Lifetime of an access token in seconds, 30 to 3600.",
    ),
    setting(
        "SESSION_MAX_AGE",
        "2592000",
        "Maximum lifetime of a session in seconds, 60 to 31536000. After it, users must sign in again even if they were active.",
    ),
    setting(
        "SESSION_IDLE_TIMEOUT",
        "604800",
        "Time in seconds, 60 to 31536000, after which an unused session ends.",
    ),
    setting(
        "HASH_THREADS",
        "1",
        "Number of threads that hash passwords, 1 to 64. They run at the lowest priority and back off while the CPU is contended.",
    ),
    setting(
        "HASH_QUEUE",
        "64",
        "Maximum number of passwords, 1 to 10000, that wait to be looked up or hashed. Further requests are answered with status 503.",
    ),
    setting(
        "HASH_QUEUE_TIMEOUT",
        "10",
        "Time in seconds, 1 to 300, that a password waits to be hashed before its request is answered with status 503.",
    ),
    setting(
        "HASH_MEMORY",
        "19456",
        "Memory cost of argon2id in KiB, 19456 to 1048576. After an increase of this setting or the next, a password is hashed again at the next login.",
    ),
    setting("HASH_ITERATIONS", "2", "Number of argon2id iterations, 2 to 16."),
    setting(
        "AUDIT_ANCHOR_FILE",
        "",
        "File, as an absolute path, to which the end of the audit chain is appended with a signature, in addition to the log; see docs/audit.md. Keep it, or a copy, where the database's administrators cannot write. Empty: the log only.",
    ),
    setting(
        "AUDIT_ANCHOR_INTERVAL",
        "60",
        "Time in seconds, 1 to 86400, after which the end of the audit chain is recorded again if it has changed. It is also recorded at shutdown.",
    ),
];

/// Logs, traces and metrics.
const TELEMETRY_SETTINGS: &[Setting] = &[
    setting(
        "LOG",
        "info",
        "Log filter in the syntax of `tracing_subscriber::EnvFilter`, for example `info,portcullis::db=debug`.",
    ),
    setting(
        "OTLP_ENDPOINT",
        "",
        "Base URL of an OTLP/HTTP collector for traces, metrics and logs, for example `https://collector.example:4318`. Production requires `https` beyond the loopback interface (see `ALLOW_CLEARTEXT`). Empty: no export.",
    ),
    setting(
        "OTLP_CA_FILE",
        "system",
        "PEM file with the certificate authority of the collector, or `system` for the operating system's authorities.",
    ),
    setting(
        "TRACE_RATIO",
        "1.0",
        "Fraction of requests whose spans are exported, 0.0 to 1.0. The sampling decision in a caller's `traceparent` has no effect.",
    ),
];
