//! A limit on guesses at codes of an authenticator app, per account and wherever they come from: without it, an attacker
//! who knows the password finds a code within months. Recovery codes are too long to be guessed and stay usable, and a
//! password reset by mail ends the delay, so that the owner is never locked out.

use crate::db::accounts::second_factors;
use crate::db::{PgConnection, QueryResult};
use crate::domain::throttles::rule::Rule;
use crate::types::account::AccountId;
use std::time::Duration;

/// The tenth wrong code starts the first delay.
const WRONG_CODES: Rule = Rule {
    free_attempts: 9,
    base_delay: Duration::from_secs(3600),
    max_delay: Duration::from_secs(86_400),
};

/// A counted guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guess {
    count: i32,
}

impl Guess {
    /// Counts a guess before it is verified, so that parallel ones gain nothing. `Err`: codes are not verified for this
    /// long.
    pub(super) fn admit(conn: &mut PgConnection, account: AccountId) -> QueryResult<Result<Self, Duration>> {
        let wrong = second_factors::lock_wrong_codes(conn, account)?;
        let left = wrong
            .blocked_until
            .map(|until| (until - wrong.now).to_std().unwrap_or_default());
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            // Bounded, in case the clock was set back.
            return Ok(Err(left.min(WRONG_CODES.max_delay)));
        }
        let count = wrong.count.saturating_add(1);
        let delay = WRONG_CODES.delay(count);
        let blocked_until = (!delay.is_zero()).then(|| wrong.now + delay);
        second_factors::store_wrong_codes(conn, account, count, blocked_until)?;
        Ok(Ok(Self { count }))
    }

    /// Whether this guess, if it is wrong, started a delay.
    pub(super) fn starts_delay(self) -> bool {
        !WRONG_CODES.delay(self.count).is_zero()
    }

    /// Takes the guess back: it was no guess.
    pub(super) fn refund(self, conn: &mut PgConnection, account: AccountId) -> QueryResult<()> {
        let wrong = second_factors::lock_wrong_codes(conn, account)?;
        let count = wrong.count.saturating_sub(1).max(0);
        let blocked_until = wrong
            .blocked_until
            .filter(|_| !WRONG_CODES.delay(count).is_zero());
        second_factors::store_wrong_codes(conn, account, count, blocked_until)
    }
}

/// Forgets wrong codes, after a right one or a password reset.
pub fn reset(conn: &mut PgConnection, account: AccountId) -> QueryResult<()> {
    second_factors::store_wrong_codes(conn, account, 0, None)
}
