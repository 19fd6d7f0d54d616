//! Computes the search keys of rows that were written by SQL or by a former version of the program.

use super::schema::accounts::accounts;
use super::schema::rates::ports;
use crate::types::search_key::stored_key;
use diesel::prelude::*;

/// Rows read at a time.
const BATCH_SIZE: i64 = 5_000;

/// Stores the key of every account and port whose stored key is another one. Returns their number.
pub(super) fn refold(conn: &mut PgConnection) -> QueryResult<usize> {
    Ok(refold_accounts(conn)? + refold_ports(conn)?)
}

fn refold_accounts(conn: &mut PgConnection) -> QueryResult<usize> {
    let mut changed = 0;
    let mut after = 0;
    loop {
        let rows: Vec<(i64, String, String, String)> = accounts::table
            .filter(accounts::id.gt(after))
            .order(accounts::id)
            .limit(BATCH_SIZE)
            .select((
                accounts::id,
                accounts::email_key,
                accounts::name,
                accounts::search_key,
            ))
            .load(conn)?;
        let Some((last, ..)) = rows.last() else {
            return Ok(changed);
        };
        after = *last;
        for (id, email_key, name, stored) in &rows {
            let key = stored_key(&[email_key, name]);
            if key != *stored {
                // Only if the row is as it was read: the service may be running.
                let row = accounts::table
                    .filter(accounts::id.eq(id).and(accounts::search_key.eq(stored)))
                    .filter(accounts::name.eq(name));
                changed += diesel::update(row)
                    .set(accounts::search_key.eq(key))
                    .execute(conn)?;
            }
        }
    }
}

fn refold_ports(conn: &mut PgConnection) -> QueryResult<usize> {
    let rows: Vec<(String, String, String)> = ports::table
        .select((ports::code, ports::name, ports::search_key))
        .load(conn)?;
    let mut changed = 0;
    for (code, name, stored) in &rows {
        let key = stored_key(&[code, name]);
        if key != *stored {
            let row = ports::table
                .filter(ports::code.eq(code).and(ports::search_key.eq(stored)))
                .filter(ports::name.eq(name));
            changed += diesel::update(row).set(ports::search_key.eq(key)).execute(conn)?;
        }
    }
    Ok(changed)
}
