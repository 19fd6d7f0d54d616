//! Fixtures: databases, running services, clients. They check only their own preconditions.

/// Accounts in the database, and clients that are logged in.
pub mod accounts;

/// An administrator with a service and a database.
pub mod admin_client;

/// A service running inside this process.
pub mod app;

/// An authenticator app (RFC 6238).
pub mod authenticator;

/// A browser as a server sees it: cookies and forms.
pub mod browser;

/// A certificate authority.
pub mod certificate_authority;

/// Key pairs of machine clients.
pub mod client_key;

/// Concurrent calls that start together.
pub mod concurrently;

/// PostgreSQL servers, and a new database per test.
pub mod database;

/// A token endpoint of Microsoft Entra.
pub mod entra_endpoint;

/// The environment of the test process.
pub mod environment;

/// A service that receives forged tokens.
pub mod forgery_target;

/// A hand-made HTTP/2 client.
pub mod http2_connection;

/// Database logins that are issued and revoked.
pub mod issued_logins;

/// Many lanes with prices of a whole year.
pub mod lane_data;

/// Requests while a test does something else.
pub mod load;

/// A machine client with a secret.
pub mod machine_client;

/// Mails that a service has written to its folder.
pub mod mailbox;

/// Tokens of mailed links, taken from the outbox.
pub mod mailed_links;

/// Median response times.
pub mod medians;

/// The metrics of a service.
pub mod metric;

/// The machine's nginx.
pub mod nginx;

/// An OTLP collector.
pub mod otlp_collector;

/// Mails put directly into the outbox.
pub mod outbox;

/// A PostgreSQL server that a test may stop.
pub mod own_postgres;

/// `psql` and `pg_dump`.
pub mod postgres_tools;

/// The built binary.
pub mod program;

/// Raw bytes over a socket.
pub mod raw_connection;

/// A TCP proxy that records answers.
pub mod recording_proxy;

/// A response, whichever client received it.
pub mod response;

/// The log of the test run, and the secrets that it must not contain.
pub mod run_log;

/// Prices, ports and regions.
pub mod sample_data;

/// Searching texts for secrets.
pub mod secret_search;

/// A disk of a few megabytes for a tablespace.
pub mod small_disk;

/// Sending a mail without outbox or service.
pub mod smtp_client;

/// An SMTP server that misbehaves on demand.
pub mod smtp_server;

/// One SMTP session of that server.
mod smtp_session;

/// Its connection, plain or TLS.
mod smtp_stream;

/// A TCP proxy that can freeze.
pub mod tcp_proxy;

/// Files that are deleted when they are dropped.
pub mod temp_file;

/// Operations that only tests need.
pub mod test_api;

/// Raw bytes over TLS.
pub mod tls_connection;

/// Tokens made by hand.
pub mod token_forger;

/// Tokens under load while keys are rotated.
pub mod token_load;

/// An account that changes its second factor.
pub mod totp_user;

/// A Vault that issues logins.
pub mod vault;

/// Waiting for a condition.
pub mod wait;

/// Uploads batches.
pub mod upload;
