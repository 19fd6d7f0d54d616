//! How many mails strangers may cause: to one address, and from one network. Counted in the database, so that all
//! replicas count together; an address is counted whether or not it has an account.
use super::Accounts;
use super::outcome::Failed;
use crate::db::mail_limits::{self, Count};
use crate::db::{PgConnection, QueryResult};
use crate::types::email::Email;
use crate::types::peer::Peer;
use chrono::TimeDelta;
use std::fmt::Write;
use std::time::Duration;

/// After this long without another one, all are forgotten.
const MEMORY: TimeDelta = TimeDelta::hours(1);

/// Whether somebody may cause a mail now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    /// They may, and this one is counted.
    Yes,
    /// There were too many to this address; the network is not to blame.
    AddressWaits(Duration),
    /// There were too many from this network.
    NetworkWaits(Duration),
}

/// How many are free, and how the waits grow after them: doubling from the first to the longest.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    free: u32,
    first: TimeDelta,
    longest: TimeDelta,
}

/// Mails to one address: somebody who looks for a mail tries a few times.
const TO_ADDRESS: Allowance = Allowance {
    free: 3,
    first: TimeDelta::seconds(60),
    longest: MEMORY,
};

impl Accounts {
    /// Counts one more mail to this address, for somebody of this network.
    pub(super) async fn admit(&self, email: &Email, peer: &Peer) -> Result<Admitted, Failed> {
        let network = format!("mail from {}", peer.network());
        let from_network = Allowance {
            free: self.0.mails_per_network,
            first: TimeDelta::seconds(10),
            longest: TimeDelta::minutes(15),
        };
        // Never the address itself: what is counted also names people who have no account.
        let mut address = "mail to ".to_owned();
        for byte in self.0.key.mac("mail limit", email.key().as_bytes()) {
            let _ = write!(address, "{byte:02x}");
        }
        let admitted = self.0.db.tx("admit_mail", move |conn| {
            if let Some(wait) = count_one(conn, &network, from_network)? {
                return Ok(Admitted::NetworkWaits(wait));
            }
            let wait = count_one(conn, &address, TO_ADDRESS)?;
            Ok(wait.map_or(Admitted::Yes, Admitted::AddressWaits))
        });
        Ok(admitted.await?)
    }
}

/// Counts one more, or says how long it must wait; then it is not counted.
fn count_one(conn: &mut PgConnection, key: &str, allowance: Allowance) -> QueryResult<Option<Duration>> {
    let held = mail_limits::hold(conn, key)?;
    if let Some(wait) = wait_of(&held) {
        return Ok(Some(wait));
    }
    let (count, blocked_for) = next(&held, allowance);
    let blocked_until = blocked_for.map(|wait| held.now + wait);
    mail_limits::store(conn, key, count, blocked_until)?;
    Ok(None)
}

fn wait_of(held: &Count) -> Option<Duration> {
    let left = held.blocked_until? - held.now;
    left.to_std().ok().filter(|left| !left.is_zero())
}

/// The count after one more, and how long the one after that waits.
fn next(held: &Count, allowance: Allowance) -> (i32, Option<TimeDelta>) {
    let is_forgotten = held.now - held.updated_at > MEMORY;
    let count = match is_forgotten {
        true => 1,
        false => held.count.saturating_add(1),
    };
    let over = u32::try_from(count).unwrap_or(0).checked_sub(allowance.free);
    let wait = over.map(|over| {
        let doubled = 1_i32
            .checked_shl(over)
            .filter(|factor| *factor > 0)
            .unwrap_or(i32::MAX);
        let grown = allowance.first.checked_mul(doubled).unwrap_or(allowance.longest);
        grown.min(allowance.longest)
    });
    (count, wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn held(count: i32, blocked_for: Option<i64>, idle: TimeDelta) -> Count {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        Count {
            count,
            blocked_until: blocked_for.map(|seconds| now + TimeDelta::seconds(seconds)),
            updated_at: now - idle,
            now,
        }
    }

    #[test]
    fn a_few_are_free_and_then_the_waits_double_to_a_limit() {
        let after = |count| next(&held(count, None, TimeDelta::zero()), TO_ADDRESS);
        let seconds = |wait: Option<TimeDelta>| wait.map(|wait| wait.num_seconds());
        assert_eq!(after(0), (1, None));
        assert_eq!(after(1), (2, None));
        let waits = [2, 3, 4, 7, 8, 9, 40, 1000].map(|count| seconds(after(count).1));
        let wanted = [60, 120, 240, 1920, 3600, 3600, 3600, 3600].map(Some);
        assert_eq!(waits, wanted);
        assert_eq!(after(i32::MAX).0, i32::MAX);
    }

    #[test]
    fn whoever_waits_is_told_how_long_and_an_hour_forgets() {
        assert_eq!(
            wait_of(&held(3, Some(59), TimeDelta::zero())),
            Some(Duration::from_secs(59))
        );
        assert_eq!(wait_of(&held(3, Some(0), TimeDelta::zero())), None);
        assert_eq!(wait_of(&held(3, Some(-1), TimeDelta::zero())), None);
        assert_eq!(wait_of(&held(3, None, TimeDelta::zero())), None);
        let later = TimeDelta::hours(1) + TimeDelta::seconds(1);
        assert_eq!(next(&held(9, Some(-1), later), TO_ADDRESS), (1, None));
        assert_eq!(next(&held(9, Some(-1), TimeDelta::hours(1)), TO_ADDRESS).0, 10);
    }
}
