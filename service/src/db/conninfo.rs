//! Connection strings for libpq, as key-value pairs: libpq's errors for malformed URLs quote the password. Own code because
//! the available builders (tokio-postgres' `Config`) do not produce libpq connection strings.

use super::groups;
use crate::config::database::{Authentication, DatabaseSettings, Login, SslMode};
use crate::secrets::credentials::Credentials;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// Purpose of a connection, which determines its session settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reads rates: read-only, short statements.
    Read {
        /// Maximum duration of a statement.
        statement_timeout: Duration,
    },
    /// Reads rates of many lanes: read-only, in transactions that wait for their clients.
    Stream {
        /// Maximum duration of a statement.
        statement_timeout: Duration,
    },
    /// Changes data on behalf of a request: short statements.
    Change(WriteTarget),
    /// Processes the outbox. Keeps a row locked while a slow mail server responds.
    Mail,
    /// Stores batches of prices: long statements.
    Ingest,
    /// Changes the schema, as its owner.
    Migrate,
    /// Creates roles and databases.
    Admin,
}

/// Data that a login may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteTarget {
    /// Accounts and sessions. Also adds audit events and mails.
    Accounts,
    /// Wishes.
    Wishes,
    /// Demo entries.
    Demo,
}

impl Purpose {
    /// The name in `pg_stat_activity`.
    pub fn application_name(self) -> &'static str {
        match self {
            Self::Read { .. } => "portcullis-rates",
            Self::Stream { .. } => "portcullis-streams",
            Self::Change(WriteTarget::Accounts) => "portcullis-accounts",
            Self::Change(WriteTarget::Wishes) => "portcullis-wishes",
            Self::Change(WriteTarget::Demo) => "portcullis-demo",
            Self::Mail => "portcullis-mail",
            Self::Ingest => "portcullis-ingest",
            Self::Migrate => "portcullis-migrate",
            Self::Admin => "portcullis-prepare",
        }
    }

    /// The group whose rights a login has. `None`: an administrator's.
    pub fn group(self) -> Option<&'static str> {
        match self {
            Self::Read { .. } | Self::Stream { .. } => Some(groups::RATES_READER),
            Self::Change(WriteTarget::Accounts) => Some(groups::ACCOUNTS_WRITER),
            Self::Change(WriteTarget::Wishes) => Some(groups::WISHES_WRITER),
            Self::Change(WriteTarget::Demo) => Some(groups::DEMO_WRITER),
            Self::Mail => Some(groups::MAIL_SENDER),
            Self::Ingest => Some(groups::RATES_WRITER),
            Self::Migrate => Some(groups::OWNER),
            Self::Admin => None,
        }
    }

    /// The purpose of the connections for streams that the same login has, if it has some.
    pub fn streams(self) -> Option<Self> {
        match self {
            Self::Read { statement_timeout } => Some(Self::Stream { statement_timeout }),
            _ => None,
        }
    }

    /// Number of connections that the service keeps open.
    pub fn connections(self, database: &DatabaseSettings) -> u32 {
        match self {
            // One is held by what reads the version of the data.
            Self::Read { .. } => database.pool_size + 1,
            Self::Stream { .. } => database.stream_pool_size,
            Self::Change(WriteTarget::Accounts) => database.accounts_pool_size,
            Self::Change(WriteTarget::Wishes) => database.wishes_pool_size,
            // The worker's, two of its job, and two of requests.
            Self::Ingest => 5,
            Self::Change(WriteTarget::Demo) | Self::Mail | Self::Migrate | Self::Admin => 1,
        }
    }

    /// Number of threads that do work on them. Other connections are held by threads of their own.
    pub fn threads(self, database: &DatabaseSettings) -> u32 {
        match self {
            Self::Read { .. } => database.pool_size,
            _ => self.connections(database),
        }
    }

    /// The shortest time after which the server cancels a statement: by `statement_timeout` or by `lock_timeout`.
    pub fn shortest_timeout(self) -> Duration {
        let (statement, _, lock) = self.timeouts();
        let shortest = if statement == 0 { lock } else { statement.min(lock) };
        Duration::from_millis(u64::try_from(shortest).unwrap_or(u64::MAX))
    }

    /// `statement_timeout`, `idle_in_transaction_session_timeout` and `lock_timeout`, in milliseconds. Zero: none.
    fn timeouts(self) -> (u128, u128, u128) {
        match self {
            Self::Read { statement_timeout } => (statement_timeout.as_millis(), 10_000, 2_000),
            // A client that is just fast enough takes a part in less than two minutes.
            Self::Stream { statement_timeout } => (statement_timeout.as_millis(), 150_000, 2_000),
            Self::Change(_) => (5_000, 5_000, 4_000),
            Self::Mail => (10_000, 120_000, 4_000),
            Self::Ingest => (900_000, 60_000, 60_000),
            // A statement that waits for a lock makes later ones wait, too: a step gives up before they do. Steps that need
            // longer than an import would stop the service as well, if they lock what it uses.
            Self::Migrate => (900_000, 60_000, 1_000),
            Self::Admin => (0, 60_000, 10_000),
        }
    }

    /// The service must not write through a connection to a standby or to a server that an operator or a provider has
    /// made read-only. libpq refuses those.
    fn target_session(self) -> &'static str {
        match self {
            Self::Read { .. } | Self::Stream { .. } | Self::Admin => "any",
            Self::Change(_) | Self::Mail | Self::Ingest | Self::Migrate => "read-write",
        }
    }

    /// Session settings. They override those of the database and of the login. Not set on the group roles, because
    /// members do not inherit the settings of a role.
    fn options(self) -> String {
        let (statement, idle, lock) = self.timeouts();
        let extra = match self {
            Self::Read { .. } | Self::Stream { .. } => {
                " -c default_transaction_read_only=on -c search_path=rates,pg_temp -c jit=off"
            }
            Self::Change(_) | Self::Mail => " -c search_path=pg_temp -c jit=off",
            Self::Ingest => " -c search_path=rates,pg_temp",
            Self::Migrate => " -c search_path=portcullis,pg_temp -c role=portcullis_owner",
            Self::Admin => "",
        };
        // What an operator may set for all databases, or a login for itself: row_security=off would refuse the queries of
        // wishes, a stricter isolation would fail concurrent changes, and a missing library every connection.
        format!(
            "-c statement_timeout={statement} -c idle_in_transaction_session_timeout={idle} \
             -c lock_timeout={lock} -c row_security=on -c default_transaction_isolation=read\\ committed \
             -c local_preload_libraries={extra}"
        )
    }
}

/// The connection string of one login, with its credentials, for one database.
pub fn conninfo(
    database: &DatabaseSettings,
    name: &str,
    login: &Login,
    credentials: &Credentials,
    purpose: Purpose,
) -> SecretString {
    let mut text = format!(
        "host={} port={} dbname={} user={} password={} sslmode={}",
        quote(&database.host),
        database.port,
        quote(name),
        quote(&credentials.user),
        quote(credentials.password.expose_secret()),
        database.ssl_mode.as_str(),
    );
    if database.ssl_mode != SslMode::Disable {
        text += " ssl_min_protocol_version=TLSv1.2";
    }
    if matches!(database.ssl_mode, SslMode::VerifyFull | SslMode::VerifyCa) {
        text += &format!(" sslrootcert={}", quote(&database.ca_file));
    }
    let method = match login.authentication {
        // A malicious server must not obtain the password or skip authentication.
        Authentication::Scram => "scram-sha-256",
        // The settings permit it only where the server is verified or on this machine.
        Authentication::AccessToken => "password",
    };
    text += &format!(
        " require_auth={method} gssencmode=disable connect_timeout=3 tcp_user_timeout=5000 \
         keepalives_idle=30 target_session_attrs={} application_name={} options={}",
        purpose.target_session(),
        purpose.application_name(),
        quote(&purpose.options()),
    );
    text.into()
}

/// libpq's quoting rule: a backslash escapes backslashes and single quotes.
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_cannot_escape_its_quotes() {
        assert_eq!(quote(r"a'b\c host=evil"), r"'a\'b\\c host=evil'");
    }
}
