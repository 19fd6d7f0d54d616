//! How often somebody may try. Tries are counted before their outcome is known, so that guesses in parallel gain nothing,
//! and forgiven when they were none. What is counted by is kept as a MAC: the table tells nobody's address.
use crate::crypto::data_key::DataKey;
use crate::db::throttles::{self, CountRow};
use crate::db::{PgConnection, QueryResult};
use crate::types::email::Email;
use chrono::{DateTime, Utc};
use rule::Rule;
use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

/// How waits grow.
pub mod rule;

/// Guesses at one account from one network.
const ACCOUNT_FROM_NETWORK: Rule = Rule {
    free_attempts: 5,
    base_delay: Duration::from_secs(1),
    max_delay: Duration::from_secs(900),
};

/// Guesses from one network, at whatever account. Many people may share a network: its waits stay short.
const NETWORK: Rule = Rule {
    free_attempts: 30,
    base_delay: Duration::from_secs(1),
    max_delay: Duration::from_secs(300),
};

/// Guesses at one account from anywhere. Strangers must not lock its owner out: the waits stay shorter still, and
/// networks that its owner comes from are not held up at all.
const ACCOUNT: Rule = Rule {
    free_attempts: 100,
    base_delay: Duration::from_secs(1),
    max_delay: Duration::from_secs(60),
};

/// Mails to one address that anybody can ask for.
const MAILS_TO_ADDRESS: Rule = Rule {
    free_attempts: 3,
    base_delay: Duration::from_secs(60),
    max_delay: Duration::from_secs(3600),
};

/// The waits of a network whose people have caused more mails than are free.
const MAILS_FROM_NETWORK: Rule = Rule {
    free_attempts: 0,
    base_delay: Duration::from_secs(10),
    max_delay: Duration::from_secs(900),
};

/// How long a network is known that an account was signed in to from.
pub const KNOWN_NETWORK_TTL: Duration = Duration::from_secs(30 * 86_400);

/// Something that is counted by.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counter {
    key: String,
    rule: Rule,
}

/// What a try counts by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counters(Vec<Counter>);

/// Whether somebody may try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// They may, and it is counted.
    Admitted(Counters),
    /// They must wait this long.
    Wait(Duration),
}

/// Makes keys. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Throttles {
    data_key: DataKey,
}

impl Throttles {
    /// Over the key that hides what is counted by.
    pub fn new(data_key: DataKey) -> Self {
        Self { data_key }
    }

    /// A try to sign in.
    pub fn admit_login(
        &self,
        conn: &mut PgConnection,
        email: &Email,
        network: IpAddr,
    ) -> QueryResult<Admission> {
        let known = throttles::is_known(conn, email.key(), &network.to_string(), KNOWN_NETWORK_TTL)?;
        let mut counters = self.log_in(email, network);
        if known {
            counters.0.retain(|counter| counter.rule != ACCOUNT);
        }
        counters.admit(conn)
    }

    /// Signing in worked: guesses at this account are forgotten. Those of the network are not, or else whoever has an
    /// account could guess at others without end: of these only this one try is forgiven.
    pub fn record_success(&self, conn: &mut PgConnection, email: &Email, network: IpAddr) -> QueryResult<()> {
        self.log_in(email, network).refund(conn)?;
        throttles::reset(conn, &[&self.account(email), &self.pair(email, network)])
    }

    /// Somebody has proven by mail to be the owner: guesses at this account, wherever from, are forgotten.
    pub fn reset_account(&self, conn: &mut PgConnection, email: &Email) -> QueryResult<()> {
        throttles::reset_with_prefix(conn, &self.account(email))
    }

    /// A mail to this address that anybody can ask for.
    pub fn admit_mail_to(&self, conn: &mut PgConnection, email: &Email) -> QueryResult<Admission> {
        let key = format!("mail:{}", self.masked(email.key()));
        Counters::of(vec![Counter::new(key, MAILS_TO_ADDRESS)]).admit(conn)
    }

    /// A mail that somebody of this network asks for, whoever gets it; so many are sent without a wait.
    pub fn admit_mail_from(
        &self,
        conn: &mut PgConnection,
        network: IpAddr,
        free_attempts: i32,
    ) -> QueryResult<Admission> {
        let key = format!("mail-from:{}", self.masked(&network.to_string()));
        // The last of them begins the first wait.
        let free_attempts = free_attempts.saturating_sub(1);
        let rule = Rule {
            free_attempts,
            ..MAILS_FROM_NETWORK
        };
        Counters::of(vec![Counter::new(key, rule)]).admit(conn)
    }

    fn log_in(&self, email: &Email, network: IpAddr) -> Counters {
        Counters::of(vec![
            Counter::new(self.pair(email, network), ACCOUNT_FROM_NETWORK),
            Counter::new(self.network(network), NETWORK),
            Counter::new(self.account(email), ACCOUNT),
        ])
    }

    fn account(&self, email: &Email) -> String {
        format!("account:{}", self.masked(email.key()))
    }

    fn pair(&self, email: &Email, network: IpAddr) -> String {
        format!("{}:{}", self.account(email), self.masked(&network.to_string()))
    }

    fn network(&self, network: IpAddr) -> String {
        format!("network:{}", self.masked(&network.to_string()))
    }

    fn masked(&self, what: &str) -> String {
        let mac = self.data_key.mac("throttle", what.as_bytes());
        mac[..16].iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl Counter {
    fn new(key: String, rule: Rule) -> Self {
        Self { key, rule }
    }
}

impl Counters {
    fn of(mut counters: Vec<Counter>) -> Self {
        counters.sort_by(|a, b| a.key.cmp(&b.key));
        Self(counters)
    }

    /// Counts a try by each, or by none when one of them says to wait. Whoever must wait leaves no trace: addresses that
    /// are made up would fill the table.
    fn admit(self, conn: &mut PgConnection) -> QueryResult<Admission> {
        let (now, rows) = throttles::load(conn, &self.keys())?;
        if let Err(wait) = self.admitted(&rows, now) {
            return Ok(Admission::Wait(wait));
        }
        let (now, rows) = throttles::lock(conn, &self.keys())?;
        match self.admitted(&rows, now) {
            Err(wait) => Ok(Admission::Wait(wait)),
            Ok(next) => {
                throttles::store(conn, &next)?;
                Ok(Admission::Admitted(self))
            }
        }
    }

    /// The try was none: it could not be looked at, or nothing was wrong with it.
    pub fn refund(&self, conn: &mut PgConnection) -> QueryResult<()> {
        let (_, rows) = throttles::lock(conn, &self.keys())?;
        let next: Vec<CountRow> = self.of_each(&rows).map(|(rule, row)| rule.refund(row)).collect();
        throttles::store(conn, &next)
    }

    /// The counts with one more try, or how long is still to be waited.
    fn admitted(&self, rows: &[CountRow], now: DateTime<Utc>) -> Result<Vec<CountRow>, Duration> {
        let next: Vec<_> = self
            .of_each(rows)
            .map(|(rule, row)| rule.admit(row, now))
            .collect();
        match next.iter().filter_map(|next| next.as_ref().err()).max() {
            Some(longest) => Err(*longest),
            None => Ok(next.into_iter().flatten().collect()),
        }
    }

    /// Each row with the rule of its key.
    fn of_each<'a>(&'a self, rows: &'a [CountRow]) -> impl Iterator<Item = (Rule, &'a CountRow)> {
        rows.iter().filter_map(|row| {
            let counter = self.0.iter().find(|counter| counter.key == row.key);
            Some((counter?.rule, row))
        })
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|counter| counter.key.as_str()).collect()
    }
}
