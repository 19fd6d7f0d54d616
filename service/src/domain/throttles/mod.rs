//! Throttling of logins and mails. Attempts are counted before their outcome is known, so that parallel guesses gain
//! nothing, and refunded if they did not count. Keys are stored as MACs: the table reveals no addresses.

use crate::crypto::data_keys::DataKeys;
use crate::db::sessions::known_networks;
use crate::db::throttles::{self, CountRow};
use crate::db::{PgConnection, QueryResult};
use crate::types::client::ClientId;
use crate::types::client_info::wider_networks;
use crate::types::email::Email;
use chrono::{DateTime, Utc};
use rule::Rule;
use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

/// The growth of delays.
pub mod rule;

/// Attempts at one account from one network.
const ACCOUNT_FROM_NETWORK: Rule = Rule {
    free_attempts: 5,
    base_delay: Duration::from_secs(1),
    max_delay: Duration::from_secs(900),
};

/// Attempts from one network at any account. Many users may share a network, so its delays are shorter.
const NETWORK: Rule = Rule {
    free_attempts: 30,
    base_delay: Duration::from_secs(1),
    max_delay: Duration::from_secs(300),
};

/// Attempts at one account from anywhere. Attackers must not lock its owner out: the delays are shorter still, and do
/// not apply to networks that the owner logged in from.
const ACCOUNT: Rule = Rule {
    free_attempts: 100,
    base_delay: Duration::from_secs(1),
    max_delay: Duration::from_secs(60),
};

/// Attempts from a wider network at any account, by the share of one customer. Like those for an account they do not apply
/// to networks that the owner logged in from.
const WIDER_NETWORK: Rule = Rule {
    max_delay: Duration::from_secs(60),
    ..NETWORK
};

/// Mails to one mailbox, requested by unauthenticated clients.
const MAILS_TO_ADDRESS: Rule = Rule {
    free_attempts: 3,
    base_delay: Duration::from_secs(60),
    max_delay: Duration::from_secs(3600),
};

/// Password resets mailed to one address. The longest delay is shorter than the life of a link: a client that requests resets of
/// another user leaves that user a valid link at any time.
const RESETS_TO_ADDRESS: Rule = Rule {
    max_delay: Duration::from_secs(1500),
    ..MAILS_TO_ADDRESS
};

/// Mails requested from one network. The number of free attempts is a setting.
const MAILS_FROM_NETWORK: Rule = Rule {
    free_attempts: 0,
    base_delay: Duration::from_secs(10),
    max_delay: Duration::from_secs(900),
};

/// Mails requested from a wider network, by the share of one customer.
const MAILS_FROM_WIDER_NETWORK: Rule = Rule {
    max_delay: Duration::from_secs(60),
    ..MAILS_FROM_NETWORK
};

/// How long a network counts as known after a login from it, or the use of a mailed link.
pub const KNOWN_NETWORK_TTL: Duration = Duration::from_secs(30 * 86_400);

/// A key and the rule that applies to its count.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counter {
    key: String,
    rule: Rule,
    /// Whether it counts attempts by others than the client's customer, which must not lock an owner out.
    counts_others: bool,
}

/// The counters of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counters(Vec<Counter>);

/// Whether an attempt is admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is admitted and counted.
    Admitted(Counters),
    /// It is rejected; retry after this long.
    Wait(Duration),
}

/// Whether a login attempt may be made now. It is not counted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginCheck {
    /// It may be made, and is to be counted by these counters.
    Free {
        /// The counters.
        counters: Counters,
        /// Whether the network is one of the account owner's.
        known: bool,
    },
    /// It is rejected; retry after this long.
    Wait(Duration),
}

/// Derives the keys of counters. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Throttles {
    data_keys: DataKeys,
}

impl Throttles {
    /// With the keys of the MACs.
    pub fn new(data_keys: DataKeys) -> Self {
        Self { data_keys }
    }

    /// Checks a login attempt, without locks, so that a rejected one costs little.
    pub fn check_login(
        &self,
        conn: &mut PgConnection,
        email: &Email,
        network: IpAddr,
    ) -> QueryResult<LoginCheck> {
        let known = known_networks::is_known(conn, email.key(), &network.to_string(), KNOWN_NETWORK_TTL)?;
        let mut counters = self.login_counters(email, network);
        if known {
            counters.0.retain(|counter| !counter.counts_others);
        }
        Ok(match counters.wait(conn)? {
            Some(wait) => LoginCheck::Wait(wait),
            None => LoginCheck::Free { counters, known },
        })
    }

    /// Checks and counts a login attempt.
    pub fn admit_login(
        &self,
        conn: &mut PgConnection,
        email: &Email,
        network: IpAddr,
    ) -> QueryResult<Admission> {
        match self.check_login(conn, email, network)? {
            LoginCheck::Wait(wait) => Ok(Admission::Wait(wait)),
            LoginCheck::Free { counters, .. } => counters.count(conn),
        }
    }

    /// Records a successful login, which these counters had counted: resets the account's counters. Those of the networks are
    /// only refunded this attempt, otherwise the owner of one account could guess at others without limit.
    pub fn record_success(
        &self,
        conn: &mut PgConnection,
        email: &Email,
        network: IpAddr,
        counters: &Counters,
    ) -> QueryResult<()> {
        // Locked together, in the order of their keys, also those that did not count this attempt.
        let (_, rows) = throttles::lock(conn, &self.login_counters(email, network).keys())?;
        throttles::store(conn, &counters.refunded(&rows))?;
        throttles::reset(conn, &[&self.account(email), &self.pair(email, network)])
    }

    /// Resets the account's counters for all networks, after its owner was confirmed by mail.
    pub fn reset_account(&self, conn: &mut PgConnection, email: &Email) -> QueryResult<()> {
        throttles::reset_with_prefix(conn, &self.account(email))
    }

    /// Admits a mail to this address. Counted by mailbox: an attacker can invent any number of sub-addresses.
    pub fn admit_mail_to(&self, conn: &mut PgConnection, email: &Email) -> QueryResult<Admission> {
        let key = format!("mail:{}", self.masked(&email.mailbox_key()));
        Counters::of(vec![Counter::new(key, MAILS_TO_ADDRESS)]).admit(conn)
    }

    /// Admits a password reset mailed to this address. Counted apart from other mails and by the exact address: otherwise any
    /// client could use up the limit by registering the address, or a sub-address, and keep its owner from resetting the password.
    pub fn admit_reset_to(&self, conn: &mut PgConnection, email: &Email) -> QueryResult<Admission> {
        let key = format!("reset:{}", self.masked(email.key()));
        Counters::of(vec![Counter::new(key, RESETS_TO_ADDRESS)]).admit(conn)
    }

    /// Admits a mail requested from this network, to any address.
    pub fn admit_mail_from(
        &self,
        conn: &mut PgConnection,
        network: IpAddr,
        free_attempts: i32,
    ) -> QueryResult<Admission> {
        // The last free one starts the first delay.
        let with_free = |rule: Rule, customers: u32| {
            let free_attempts = free_attempts.saturating_mul(i32::try_from(customers).unwrap_or(i32::MAX));
            Rule {
                free_attempts: free_attempts.saturating_sub(1),
                ..rule
            }
        };
        let key = format!("mail-from:{}", self.masked(&network.to_string()));
        let mut counters = vec![Counter::new(key, with_free(MAILS_FROM_NETWORK, 1))];
        counters.extend(wider_networks(network).map(|(wider, customers)| {
            let key = format!("mails-from:{}", self.masked(&wider.to_string()));
            Counter::of_others(key, with_free(MAILS_FROM_WIDER_NETWORK, customers))
        }));
        Counters::of(counters).admit(conn)
    }

    /// Admits a failed authentication of a machine client. Counted apart from logins: a program with an outdated secret must not
    /// lock the people of its network out.
    pub fn admit_client(
        &self,
        conn: &mut PgConnection,
        client: Option<ClientId>,
        network: IpAddr,
    ) -> QueryResult<Admission> {
        let own = self.masked(&network.to_string());
        let client = self.masked(&client.map(|id| id.to_string()).unwrap_or_default());
        let mut counters = vec![
            Counter::new(format!("client:{client}:{own}"), ACCOUNT_FROM_NETWORK),
            Counter::new(format!("client-network:{own}"), NETWORK),
        ];
        counters.extend(wider_networks(network).map(|(wider, customers)| {
            let key = format!("client-networks:{}", self.masked(&wider.to_string()));
            Counter::of_others(key, WIDER_NETWORK.shared_by(customers))
        }));
        Counters::of(counters).admit(conn)
    }

    fn login_counters(&self, email: &Email, network: IpAddr) -> Counters {
        let mut counters = vec![
            Counter::new(self.pair(email, network), ACCOUNT_FROM_NETWORK),
            Counter::new(self.network(network), NETWORK),
            Counter::of_others(self.account(email), ACCOUNT),
        ];
        counters.extend(wider_networks(network).map(|(wider, customers)| {
            let key = format!("networks:{}", self.masked(&wider.to_string()));
            Counter::of_others(key, WIDER_NETWORK.shared_by(customers))
        }));
        Counters::of(counters)
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

    fn masked(&self, value: &str) -> String {
        let mac = self.data_keys.mac("throttle", value.as_bytes());
        mac[..16].iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl Counter {
    fn new(key: String, rule: Rule) -> Self {
        Self {
            key,
            rule,
            counts_others: false,
        }
    }

    fn of_others(key: String, rule: Rule) -> Self {
        Self {
            counts_others: true,
            ..Self::new(key, rule)
        }
    }
}

impl Counters {
    /// Sorts the counters: rows are locked in the order of their keys, to avoid deadlocks.
    fn of(mut counters: Vec<Counter>) -> Self {
        counters.sort_by(|a, b| a.key.cmp(&b.key));
        Self(counters)
    }

    /// Checks and counts an attempt. Rejected attempts write nothing, so that invented addresses do not fill the table.
    fn admit(self, conn: &mut PgConnection) -> QueryResult<Admission> {
        match self.wait(conn)? {
            Some(wait) => Ok(Admission::Wait(wait)),
            None => self.count(conn),
        }
    }

    /// The remaining delay. Takes no locks.
    fn wait(&self, conn: &mut PgConnection) -> QueryResult<Option<Duration>> {
        let (now, rows) = throttles::load(conn, &self.keys())?;
        Ok(self.admitted(&rows, now).err())
    }

    /// Counts an attempt by every counter, or by none if one of them rejects it.
    pub fn count(self, conn: &mut PgConnection) -> QueryResult<Admission> {
        let (now, rows) = throttles::lock(conn, &self.keys())?;
        match self.admitted(&rows, now) {
            Err(wait) => Ok(Admission::Wait(wait)),
            Ok(next) => {
                throttles::store(conn, &next)?;
                Ok(Admission::Admitted(self))
            }
        }
    }

    /// Removes an attempt that could not be verified, or that was not wrong.
    pub fn refund(&self, conn: &mut PgConnection) -> QueryResult<()> {
        let (_, rows) = throttles::lock(conn, &self.keys())?;
        throttles::store(conn, &self.refunded(&rows))
    }

    /// The counts without the attempt.
    fn refunded(&self, rows: &[CountRow]) -> Vec<CountRow> {
        self.of_each(rows).map(|(rule, row)| rule.refund(row)).collect()
    }

    /// The counts with one more attempt, or the remaining delay.
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
