//! Who logs in: accounts of one stage, made at once by the admin; never asks the service.

use anyhow::{Context as _, Result};
use harness::context::Context;
use stack::local_stack::LocalStack;

use super::psql::Psql;

/// How many log in at once, each with an account of their own, so that nothing but the work itself slows them.
pub const PEOPLE: u64 = 200;

/// The accounts that log in.
#[derive(Clone)]
pub struct People {
    /// They share it.
    pub password: String,
}

impl People {
    /// Makes the accounts: copies of the demo's user, whose password hash they share. `accounts add` would hash it anew
    /// for each.
    pub fn make(context: &Context, stage: &LocalStack) -> Result<Self> {
        let user = stage
            .portcullis
            .accounts()?
            .into_iter()
            .find(|account| account.role == "user");
        let user = user.context("the demo has no user")?;
        let of_user = format!("WHERE email_key = '{}'", user.email);
        Psql::find(stage)?.run(
            context,
            &[
                &format!(
                    "INSERT INTO accounts.accounts (email, email_key, name, role, state, confirmed_at) \
                     SELECT address, address, name, role, state, confirmed_at FROM accounts.accounts, \
                     (SELECT 'person' || n || '@bench.example' AS address FROM generate_series(1, {PEOPLE}) n) numbered {of_user} \
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
        Ok(Self {
            password: user.password,
        })
    }
}
