//! Mails to be sent: added in the transaction that causes them, processed one at a time under a row lock.

use super::error::DbError;
use super::interval::interval;
use super::pool::{Connections, HeldConnection};
use super::schema::mail::outbox;
use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, min, now};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Interval, Timestamptz};
use serde_json::Value;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Maximum number of rows deleted by one statement.
const PURGE_BATCH_SIZE: i32 = 5_000;

diesel::define_sql_function! {
    /// Deletes mails that were sent or given up long ago: the mail login has no DELETE on the table.
    #[sql_name = "mail.purge"]
    fn purge_outbox(age: Interval, batch: Integer) -> BigInt;
}

/// A mail to be sent.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = outbox)]
pub struct NewMail<'a> {
    /// Random local part of the Message-ID.
    pub message_id: Uuid,
    /// Template: a name of `mail::kind::MailKind`.
    pub kind: &'a str,
    /// Recipient address.
    pub recipient: &'a str,
    /// Template data. Never a token.
    pub data: Value,
    /// Link in the mail.
    pub link_id: Option<Uuid>,
    /// The mail is not sent after this time.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Adds a mail to the outbox. A trigger notifies listeners when the transaction is committed.
pub fn put(conn: &mut PgConnection, mail: &NewMail<'_>) -> QueryResult<()> {
    diesel::insert_into(outbox::table)
        .values(mail)
        .execute(conn)
        .map(drop)
}

/// A mail that is due.
#[derive(Clone, Debug, Queryable)]
pub struct WaitingMail {
    /// Id.
    pub id: i64,
    /// Local part of the Message-ID.
    pub message_id: Uuid,
    /// Template.
    pub kind: String,
    /// Recipient address.
    pub recipient: String,
    /// Template data.
    pub data: Value,
    /// Link in the mail.
    pub link_id: Option<Uuid>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// The mail is not sent after this time.
    pub expires_at: Option<DateTime<Utc>>,
    /// Failed attempts so far.
    pub tries: i32,
    /// Current time of the database, the clock of all times of a mail.
    pub now: DateTime<Utc>,
}

/// Outcome of a delivery attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The mail was sent.
    Sent,
    /// The mail will be retried.
    Retry {
        /// Time until the next attempt.
        delay: Duration,
        /// Reason, without personal data.
        reason: String,
    },
    /// The mail will not be retried.
    GiveUp {
        /// Reason, without personal data.
        reason: String,
    },
    /// No attempt was made.
    NotAttempted,
}

/// Mails that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Number of mails.
    pub waiting: i64,
    /// Age of the oldest.
    pub age: Duration,
}

/// Connection of the mail login. Calls block, so they must not run on the threads that serve requests.
pub struct Outbox(HeldConnection);

impl Outbox {
    /// Takes a connection of the mail login and subscribes to notifications of new mails.
    pub fn open(connections: &Connections) -> Result<Self, DbError> {
        let mut conn = connections.hold()?;
        if let Err(error) = diesel::sql_query("LISTEN outbox").execute(&mut *conn) {
            conn.discard();
            return Err(DbError::of("listen_outbox", &error));
        }
        Ok(Self(conn))
    }

    /// Whether the login was replaced, so that the outbox should be opened again.
    pub fn is_replaced(&self) -> bool {
        self.0.is_replaced()
    }

    /// Closes the connection after an error.
    pub fn discard(self) {
        self.0.discard();
    }

    /// Whether a mail has been added since the last call. Needs no round trip.
    pub fn is_notified(&mut self) -> Result<bool, DbError> {
        let mut notified = false;
        for notification in self.0.notifications_iter() {
            notified = notification.map(|_| true).map_err(|_| DbError::Unavailable)?;
        }
        Ok(notified)
    }

    /// Passes the next mail to `deliver` and stores the outcome, in one transaction: if the process dies, another one
    /// takes over. Other workers skip the locked mail. `None`: no mail is due.
    pub fn next(
        &mut self,
        deliver: impl FnOnce(&WaitingMail) -> DeliveryOutcome,
    ) -> Result<Option<(WaitingMail, DeliveryOutcome)>, DbError> {
        let work = |conn: &mut PgConnection| {
            let Some(mail) = find_next(conn)? else {
                return Ok(None);
            };
            let begun = Instant::now();
            let outcome = deliver(&mail);
            store_outcome(conn, &mail, &outcome, mail.now + begun.elapsed())?;
            Ok(Some((mail, outcome)))
        };
        self.0
            .transaction(work)
            .map_err(|error| DbError::of("next_mail", &error))
    }

    /// The mails that are neither sent nor given up, due or not.
    pub fn backlog(&mut self) -> Result<Backlog, DbError> {
        let waiting = outbox::table.filter(outbox::sent_at.is_null().and(outbox::given_up_at.is_null()));
        let (waiting, oldest, db_now): (i64, Option<DateTime<Utc>>, DateTime<Utc>) = waiting
            .select((
                count_star(),
                min(outbox::created_at),
                now.into_sql::<Timestamptz>(),
            ))
            .get_result(&mut *self.0)
            .map_err(|error| DbError::of("mail_backlog", &error))?;
        let age = oldest.and_then(|oldest| (db_now - oldest).to_std().ok());
        Ok(Backlog {
            waiting,
            age: age.unwrap_or_default(),
        })
    }

    /// Deletes mails that were sent or given up more than `age` ago. Returns their number.
    pub fn purge(&mut self, age: Duration) -> Result<i64, DbError> {
        diesel::select(purge_outbox(interval(age), PURGE_BATCH_SIZE))
            .get_result(&mut *self.0)
            .map_err(|error| DbError::of("purge_mail", &error))
    }
}

fn find_next(conn: &mut PgConnection) -> QueryResult<Option<WaitingMail>> {
    outbox::table
        .filter(outbox::sent_at.is_null().and(outbox::given_up_at.is_null()))
        .filter(outbox::next_try_at.le(now))
        .order((outbox::next_try_at, outbox::id))
        .select((
            outbox::id,
            outbox::message_id,
            outbox::kind,
            outbox::recipient,
            outbox::data,
            outbox::link_id,
            outbox::created_at,
            outbox::expires_at,
            outbox::tries,
            now.into_sql::<Timestamptz>(),
        ))
        .limit(1)
        .for_update()
        .skip_locked()
        .get_result(conn)
        .optional()
}

fn store_outcome(
    conn: &mut PgConnection,
    mail: &WaitingMail,
    outcome: &DeliveryOutcome,
    at: DateTime<Utc>,
) -> QueryResult<()> {
    let row = outbox::table.find(mail.id);
    let tries = outbox::tries.eq(mail.tries.saturating_add(1));
    let changed = match outcome {
        DeliveryOutcome::NotAttempted => return Ok(()),
        DeliveryOutcome::Sent => diesel::update(row)
            .set((outbox::sent_at.eq(at), outbox::last_error.eq(None::<String>)))
            .execute(conn),
        DeliveryOutcome::Retry { delay, reason } => diesel::update(row)
            .set((
                tries,
                outbox::next_try_at.eq(at + *delay),
                outbox::last_error.eq(reason),
            ))
            .execute(conn),
        DeliveryOutcome::GiveUp { reason } => diesel::update(row)
            .set((tries, outbox::given_up_at.eq(at), outbox::last_error.eq(reason)))
            .execute(conn),
    };
    changed.map(drop)
}
