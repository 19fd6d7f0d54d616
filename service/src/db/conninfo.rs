//! Connection settings as libpq reads them: key and value with quotes, never a URL, because a URL's parse errors quote
//! the password.
use crate::config::database::{DatabaseSettings, Login, SslMode};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// What a connection is for; each purpose has its own timeouts and powers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Answers requests: read only, short.
    Read {
        /// Longest statement.
        statement_timeout: Duration,
    },
    /// Changes accounts, sessions or wishes: short. Each has a login of its own.
    Change(Changing),
    /// Takes mails out of the outbox, and holds a row while a mail server is slow.
    Mail,
    /// Stores batches: long statements, short waits for locks held by nobody.
    Ingest,
    /// Changes the schema, as its owner.
    Migrate,
    /// Makes roles and databases.
    Admin,
}

/// What a login may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changing {
    /// Accounts, sessions; adds audit events and mails.
    Accounts,
    /// Wishes.
    Wishes,
    /// The demo's entries.
    Demo,
}

impl Purpose {
    /// The name that shows in `pg_stat_activity`.
    pub fn application_name(self) -> &'static str {
        match self {
            Self::Read { .. } => "portcullis-rates",
            Self::Change(Changing::Accounts) => "portcullis-accounts",
            Self::Change(Changing::Wishes) => "portcullis-wishes",
            Self::Change(Changing::Demo) => "portcullis-demo",
            Self::Mail => "portcullis-mail",
            Self::Ingest => "portcullis-ingest",
            Self::Migrate => "portcullis-migrate",
            Self::Admin => "portcullis-prepare",
        }
    }

    /// How many connections a service holds for it.
    pub fn connections(self, database: &DatabaseSettings) -> u32 {
        match self {
            Self::Read { .. } => database.pool_size,
            Self::Change(Changing::Accounts) => database.accounts_pool_size,
            Self::Change(Changing::Wishes) => database.wishes_pool_size,
            Self::Change(Changing::Demo) | Self::Mail | Self::Ingest | Self::Migrate | Self::Admin => 1,
        }
    }

    /// Settings that PostgreSQL applies before the first statement. They stand here and not at a group role, whose
    /// settings its members do not inherit.
    fn options(self) -> String {
        let (statement, idle, lock) = match self {
            Self::Read { statement_timeout } => (statement_timeout.as_millis(), 10_000, 2_000),
            Self::Change(_) => (5_000, 5_000, 4_000),
            Self::Mail => (10_000, 120_000, 4_000),
            Self::Ingest => (900_000, 60_000, 60_000),
            Self::Migrate | Self::Admin => (0, 60_000, 10_000),
        };
        let more = match self {
            Self::Read { .. } => {
                " -c default_transaction_read_only=on -c search_path=rates,pg_temp -c jit=off"
            }
            Self::Change(_) | Self::Mail => " -c search_path=pg_temp -c jit=off",
            Self::Ingest => " -c search_path=rates,pg_temp",
            Self::Migrate => " -c search_path=portcullis,pg_temp -c role=portcullis_owner",
            Self::Admin => "",
        };
        format!(
            "-c statement_timeout={statement} -c idle_in_transaction_session_timeout={idle} \
             -c lock_timeout={lock}{more}"
        )
    }
}

/// The whole connection string of one login, to one database of the server.
pub fn conninfo(
    database: &DatabaseSettings,
    name: &str,
    login: &Login,
    password: &SecretString,
    purpose: Purpose,
) -> SecretString {
    let mut text = format!(
        "host={} port={} dbname={} user={} password={} sslmode={}",
        quote(&database.host),
        database.port,
        quote(name),
        quote(&login.user),
        quote(password.expose_secret()),
        database.ssl_mode.as_str(),
    );
    if database.ssl_mode != SslMode::Disable {
        text += " ssl_min_protocol_version=TLSv1.2";
    }
    if matches!(database.ssl_mode, SslMode::VerifyFull | SslMode::VerifyCa) {
        text += &format!(" sslrootcert={}", quote(&database.ca_file));
    }
    // A server must not talk the client into sending the password in clear, or into trusting without one.
    text += &format!(
        " require_auth=scram-sha-256 gssencmode=disable connect_timeout=3 tcp_user_timeout=5000 \
         keepalives_idle=30 application_name={} options={}",
        purpose.application_name(),
        quote(&purpose.options()),
    );
    text.into()
}

/// libpq's own rule: backslash and single quote are escaped with a backslash.
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_cannot_leave_its_quotes() {
        assert_eq!(quote(r"a'b\c host=evil"), r"'a\'b\\c host=evil'");
    }
}
