//! Networks that an account's owner is known to use: those of recent logins, and those from which a mailed link was used.

use crate::db::interval::interval;
use crate::db::schema::accounts::accounts;
use crate::db::schema::sessions::{known_networks, sessions};
use crate::types::account::AccountId;
use diesel::dsl::{exists, now, select};
use diesel::prelude::*;
use diesel::sql_types::{Interval, Timestamptz};
use std::time::Duration;

/// Whether the account with this address was logged in to from this network, or proven by a mailed link, within `age`.
pub fn is_known(conn: &mut PgConnection, email_key: &str, network: &str, age: Duration) -> QueryResult<bool> {
    let since = || now.into_sql::<Timestamptz>() - interval(age).into_sql::<Interval>();
    let is_account = || {
        accounts::email_key
            .eq(email_key)
            .and(accounts::deleted_at.is_null())
    };
    let by_login = sessions::table
        .inner_join(accounts::table.on(accounts::id.eq(sessions::account_id)))
        .filter(is_account())
        .filter(
            sessions::network
                .eq(network)
                .and(sessions::created_at.gt(since())),
        );
    let by_link = known_networks::table
        .inner_join(accounts::table.on(accounts::id.eq(known_networks::account_id)))
        .filter(is_account())
        .filter(
            known_networks::network
                .eq(network)
                .and(known_networks::proven_at.gt(since())),
        );
    Ok(select(exists(by_login)).get_result(conn)? || select(exists(by_link)).get_result(conn)?)
}

/// Records that the account's owner used a mailed link from this network.
pub fn add(conn: &mut PgConnection, account: AccountId, network: &str) -> QueryResult<()> {
    let row = (
        known_networks::account_id.eq(account.get()),
        known_networks::network.eq(network),
    );
    diesel::insert_into(known_networks::table)
        .values(row)
        .on_conflict((known_networks::account_id, known_networks::network))
        .do_update()
        .set(known_networks::proven_at.eq(now))
        .execute(conn)
        .map(drop)
}

/// Deletes those that were proven longer than `age` ago.
pub fn delete_expired(conn: &mut PgConnection, age: Duration) -> QueryResult<usize> {
    let since = now.into_sql::<Timestamptz>() - interval(age).into_sql::<Interval>();
    diesel::delete(known_networks::table.filter(known_networks::proven_at.lt(since))).execute(conn)
}
