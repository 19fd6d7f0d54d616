//! The accounts that log in, inserted directly into the database.

use anyhow::{Context as _, Result};
use harness::context::Context;
use stack::local_stack::LocalStack;
use stack::psql::Psql;

/// Number of accounts. One per connection, so that no lock on an account slows the logins.
pub const ACCOUNTS: u64 = 200;

/// Copies the demo user with its password hash: `portcullis accounts add` would hash the password for each account.
/// Returns the password of all of them.
pub fn create(context: &Context, stack: &LocalStack) -> Result<String> {
    let mut accounts = stack.portcullis.accounts()?.into_iter();
    let user = accounts.find(|account| account.role == "user");
    let user = user.context("the demo has no user")?;
    let of_user = format!("WHERE email_key = '{}'", user.email);
    Psql::find(context, stack)?.run(
            &[
                &format!(
                    "INSERT INTO accounts.accounts (email, email_key, name, role, state, confirmed_at) \
                     SELECT address, address, name, role, state, confirmed_at FROM accounts.accounts, \
                     (SELECT 'person' || n || '@bench.example' AS address FROM generate_series(1, {ACCOUNTS}) n) numbered {of_user} \
                     ON CONFLICT DO NOTHING"
                ),
                &format!(
                    "INSERT INTO accounts.credentials (account_id, password_hash, password_changed_at) \
                     SELECT a.id, c.password_hash, now() FROM accounts.accounts a, accounts.credentials c \
                     WHERE a.email_key LIKE 'person%@bench.example' \
                     AND c.account_id = (SELECT id FROM accounts.accounts {of_user}) ON CONFLICT DO NOTHING"
                ),
            ],
        )?;
    Ok(user.password)
}
