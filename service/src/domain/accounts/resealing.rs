//! Encrypts stored second factors with the newest data key: each one when it is used, or all of them, after which older keys
//! can be removed. May run while the service serves, and may be repeated.

use crate::crypto::data_keys::DataKeys;
use crate::crypto::totp::TotpSecret;
use crate::db::accounts::sealed_factors;
use crate::db::audit::{self, Event};
use crate::db::{Db, PgConnection, QueryResult};
use crate::domain::StorageError;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use serde_json::json;

/// Second factors per transaction.
const PAGE_SIZE: i64 = 100;

/// What happened to the stored second factors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Encrypted with the newest key before.
    pub current: u64,
    /// Encrypted with the newest key now.
    pub resealed: u64,
    /// No key decrypts them.
    pub unreadable: Vec<AccountId>,
}

/// What happened to one second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResealOutcome {
    /// The newest key encrypts it now.
    Resealed,
    /// No key decrypts it.
    Unreadable,
    /// Its owner has removed it meanwhile.
    Removed,
}

/// Encrypts all second factors with the newest key.
pub async fn reseal(db: &Db, keys: &DataKeys, client: &ClientInfo) -> Result<Resealed, StorageError> {
    let mut total = Resealed::default();
    let mut after = Some(0);
    while let Some(from) = after {
        let (keys, client) = (keys.clone(), client.clone());
        let page = move |conn: &mut PgConnection| reseal_page(conn, &keys, from, &client);
        let (page, last) = db.tx("reseal_second_factors", page).await?;
        total.current += page.current;
        total.resealed += page.resealed;
        total.unreadable.extend(page.unreadable);
        after = last;
    }
    Ok(total)
}

/// Tries to decrypt every stored second factor. Returns their number, and the accounts of those that no key decrypts.
pub async fn list_unreadable(db: &Db, keys: &DataKeys) -> Result<(u64, Vec<AccountId>), StorageError> {
    let (mut count, mut unreadable, mut after) = (0, Vec::new(), 0);
    loop {
        let page = move |conn: &mut PgConnection| sealed_factors::list_after(conn, after, PAGE_SIZE);
        let page = db.run("list_sealed_factors", page).await?;
        let Some(last) = page.last() else {
            return Ok((count, unreadable));
        };
        after = last.account_id;
        for factor in &page {
            count += 1;
            let account = AccountId::of(factor.account_id);
            if TotpSecret::open(keys, account, &factor.sealed).is_none() {
                unreadable.push(account);
            }
        }
    }
}

/// Encrypts the second factor of an account with the newest key.
pub fn reseal_one(
    conn: &mut PgConnection,
    keys: &DataKeys,
    account: AccountId,
) -> QueryResult<ResealOutcome> {
    // Read under the lock, because its owner may have changed or removed it.
    let Some(current) = sealed_factors::lock(conn, account)? else {
        return Ok(ResealOutcome::Removed);
    };
    let opened = TotpSecret::open(keys, account, &current.sealed);
    let Some(sealed) = opened.and_then(|secret| secret.seal(keys, account)) else {
        return Ok(ResealOutcome::Unreadable);
    };
    sealed_factors::replace(conn, account, &sealed)?;
    Ok(ResealOutcome::Resealed)
}

/// Returns the last account of the page; `None`: there was none.
fn reseal_page(
    conn: &mut PgConnection,
    keys: &DataKeys,
    after: i64,
    client: &ClientInfo,
) -> QueryResult<(Resealed, Option<i64>)> {
    let mut page = Resealed::default();
    let listed = sealed_factors::list_after(conn, after, PAGE_SIZE)?;
    for listed in &listed {
        let account = AccountId::of(listed.account_id);
        if keys.is_newest(&listed.sealed) {
            page.current += 1;
            continue;
        }
        match reseal_one(conn, keys, account)? {
            ResealOutcome::Resealed => page.resealed += 1,
            ResealOutcome::Unreadable => page.unreadable.push(account),
            ResealOutcome::Removed => {}
        }
    }
    if page.resealed > 0 {
        let event = Event {
            actor: None,
            action: "data_key.resealed",
            subject: format!("data_key:{}", keys.newest().id()),
            client,
            detail: json!({ "second_factors": page.resealed }),
        };
        audit::append(conn, &event)?;
    }
    Ok((page, listed.last().map(|last| last.account_id)))
}
