//! Mails, and the links in them: put into the outbox in the transaction that is their reason.
use crate::crypto::data_key::DataKey;
use crate::db::accounts::AccountRow;
use crate::db::links::{self, NewLink};
use crate::db::outbox::{self, NewMail};
use crate::db::{PgConnection, QueryResult, credentials};
use crate::mail::text::Kind;
use crate::types::account::{AccountId, AccountState};
use crate::types::link::Purpose;
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

/// A mail: which text, to whom.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// Which text.
    pub kind: Kind,
    /// The address.
    pub to: &'a str,
    /// The account's name; may be empty.
    pub name: &'a str,
}

impl<'a> Letter<'a> {
    /// To an account's own address.
    pub fn to(kind: Kind, row: &'a AccountRow) -> Self {
        Self {
            kind,
            to: &row.email,
            name: &row.name,
        }
    }
}

/// What a link is for.
#[derive(Clone, Copy, Debug)]
pub struct LinkFor<'a> {
    /// Whose.
    pub account: AccountId,
    /// What it is for.
    pub purpose: Purpose,
    /// The new address, for [`Purpose::ChangeEmail`].
    pub email: Option<&'a str>,
}

/// A link that was made.
#[derive(Clone, Copy, Debug)]
pub struct MadeLink {
    id: Uuid,
    expires_at: DateTime<Utc>,
}

/// Sends a mail without a link.
pub fn send(conn: &mut PgConnection, letter: &Letter<'_>) -> QueryResult<()> {
    put(conn, letter, None)
}

/// Makes a link, which closes the account's older ones of its purpose, and sends it.
pub fn send_link(
    conn: &mut PgConnection,
    key: &DataKey,
    link: &LinkFor<'_>,
    letter: &Letter<'_>,
) -> QueryResult<()> {
    let made = make_link(conn, key, link)?;
    put(conn, letter, Some(made))
}

/// Sends the link that an account waits for: an invitation, the proof of its address, or, where it has no password yet,
/// the choice of one, which proves the address too. `false`: it waits for none.
pub fn send_awaited(conn: &mut PgConnection, key: &DataKey, row: &AccountRow) -> QueryResult<bool> {
    let (purpose, kind) = match AccountState::parse(&row.state) {
        Some(AccountState::Invited) => (Purpose::Invite, Kind::Invite),
        Some(AccountState::Unconfirmed) => {
            let dates = credentials::find_dates(conn, row.id())?;
            match dates.password_changed_at {
                Some(_) => (Purpose::Confirm, Kind::Confirm),
                None => (Purpose::Reset, Kind::Reset),
            }
        }
        Some(AccountState::Active) | None => return Ok(false),
    };
    let link = LinkFor {
        account: row.id(),
        purpose,
        email: None,
    };
    send_link(conn, key, &link, &Letter::to(kind, row))?;
    Ok(true)
}

/// Makes a link that nobody gets, and closes the account's older ones of its purpose.
pub fn make_link(conn: &mut PgConnection, key: &DataKey, link: &LinkFor<'_>) -> QueryResult<MadeLink> {
    let id = Uuid::new_v4();
    let new = NewLink {
        id,
        token_hash: key.link_token(id).hash(),
        account: link.account,
        purpose: link.purpose,
        email: link.email,
    };
    let expires_at = links::create(conn, &new)?;
    Ok(MadeLink { id, expires_at })
}

fn put(conn: &mut PgConnection, letter: &Letter<'_>, link: Option<MadeLink>) -> QueryResult<()> {
    let data = match letter.name {
        "" => json!({}),
        name => json!({ "name": name }),
    };
    let mail = NewMail {
        message_id: Uuid::new_v4(),
        kind: letter.kind.word(),
        recipient: letter.to,
        data,
        link_id: link.map(|link| link.id),
        expires_at: link.map(|link| link.expires_at),
    };
    outbox::put(conn, &mail)
}
