//! Mails that are to be sent: written in the transaction that is their reason, taken out one at a time by whoever holds
//! the row's lock.
use super::conninfo::Purpose;
use super::error::DbError;
use super::pool::Manager;
use super::schema::mail::outbox;
use crate::config::database::{DatabaseSettings, Login};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{count_star, min, now};
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use serde_json::Value;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Rows that one statement deletes at the most.
const AT_ONCE: i64 = 5_000;

/// A mail that is to be sent.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = outbox)]
pub struct NewMail<'a> {
    /// Local part of its Message-ID; random.
    pub message_id: Uuid,
    /// Which text: a word of `mail::renderer::Kind`.
    pub kind: &'a str,
    /// The address.
    pub recipient: &'a str,
    /// What the text is made with. Never a token.
    pub data: Value,
    /// The link in it.
    pub link_id: Option<Uuid>,
    /// When it is not worth sending any more.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Puts a mail into the outbox. A trigger tells those who listen, when the transaction is committed.
pub fn put(conn: &mut PgConnection, mail: &NewMail<'_>) -> QueryResult<()> {
    diesel::insert_into(outbox::table)
        .values(mail)
        .execute(conn)
        .map(drop)
}

/// A mail whose time has come.
#[derive(Clone, Debug, Queryable)]
pub struct WaitingMail {
    /// Number.
    pub id: i64,
    /// Local part of its Message-ID.
    pub message_id: Uuid,
    /// Which text.
    pub kind: String,
    /// The address.
    pub recipient: String,
    /// What the text is made with.
    pub data: Value,
    /// The link in it.
    pub link_id: Option<Uuid>,
    /// When it was put here.
    pub created_at: DateTime<Utc>,
    /// When it is not worth sending any more.
    pub expires_at: Option<DateTime<Utc>>,
    /// Failed tries so far.
    pub tries: i32,
    /// The database's own clock, which all times of a mail are told by.
    pub now: DateTime<Utc>,
}

/// What becomes of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// It was sent.
    Sent,
    /// It is tried again.
    Retry {
        /// After this long.
        delay: Duration,
        /// Words without a value in them.
        reason: String,
    },
    /// It is not tried again.
    GiveUp {
        /// Words without a value in them.
        reason: String,
    },
    /// Nothing was tried.
    NotAttempted,
}

/// What waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many mails.
    pub waiting: i64,
    /// Since when the oldest does.
    pub age: Duration,
}

/// A connection of the login that takes mails out. It blocks: not for the threads that answer requests.
pub struct Outbox(PgConnection);

impl Outbox {
    /// Connects, and listens for new mails.
    pub fn open(database: &DatabaseSettings, login: &Login) -> Result<Self, DbError> {
        let mut conn = Manager::open(database, &database.name, login, Purpose::Mail)
            .map_err(|_| DbError::Unavailable)?;
        diesel::sql_query("LISTEN outbox")
            .execute(&mut conn)
            .map_err(|error| DbError::of("listen_outbox", &error))?;
        Ok(Self(conn))
    }

    /// Whether a mail was put here since the last time that this was asked. Costs the server nothing.
    pub fn is_notified(&mut self) -> Result<bool, DbError> {
        let mut told = false;
        for notification in self.0.notifications_iter() {
            told = notification.map(|_| true).map_err(|_| DbError::Unavailable)?;
        }
        Ok(told)
    }

    /// Hands the next mail to `deliver`, and writes down what becomes of it, all in one transaction: whoever dies
    /// meanwhile leaves the mail to the next. Nobody else sees the mail meanwhile. `None`: no mail's time has come.
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
            settle(conn, &mail, &outcome, mail.now + begun.elapsed())?;
            Ok(Some((mail, outcome)))
        };
        self.0
            .transaction(work)
            .map_err(|error| DbError::of("next_mail", &error))
    }

    /// What waits, this moment's mails among it.
    pub fn backlog(&mut self) -> Result<Backlog, DbError> {
        let waiting = outbox::table.filter(outbox::sent_at.is_null().and(outbox::given_up_at.is_null()));
        let (waiting, oldest, today): (i64, Option<DateTime<Utc>>, DateTime<Utc>) = waiting
            .select((
                count_star(),
                min(outbox::created_at),
                now.into_sql::<Timestamptz>(),
            ))
            .get_result(&mut self.0)
            .map_err(|error| DbError::of("mail_backlog", &error))?;
        let age = oldest.and_then(|oldest| (today - oldest).to_std().ok());
        Ok(Backlog {
            waiting,
            age: age.unwrap_or_default(),
        })
    }

    /// Deletes what was sent or given up longer ago than this; how many.
    pub fn purge(&mut self, age: TimeDelta) -> Result<usize, DbError> {
        let work = |conn: &mut PgConnection| {
            let today: DateTime<Utc> = diesel::select(now.into_sql::<Timestamptz>()).get_result(conn)?;
            let end = today - age;
            let old: Vec<i64> = outbox::table
                .filter(outbox::sent_at.lt(end).or(outbox::given_up_at.lt(end)))
                .select(outbox::id)
                .limit(AT_ONCE)
                .load(conn)?;
            diesel::delete(outbox::table.filter(outbox::id.eq_any(old))).execute(conn)
        };
        work(&mut self.0).map_err(|error| DbError::of("purge_mail", &error))
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

fn settle(
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
