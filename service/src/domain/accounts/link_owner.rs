//! The account that a mailed link belongs to, for the page of the link. Looking it up does not use the link, and is no help
//! in guessing one: a token has 256 random bits.

use super::Accounts;
use super::outcome::AccountError;
use crate::crypto::tokens::PlainToken;
use crate::db::accounts::{self, AccountRow, links};
use crate::types::account::{AccountId, AccountState};
use crate::types::link::LinkPurpose;

/// Whose link it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkOwner {
    /// The account.
    pub account: AccountId,
    /// The address that the link was mailed to, so that its reader knows it already: the account's; the new one, for
    /// [`LinkPurpose::ChangeEmail`]; the former one, for [`LinkPurpose::UndoEmail`].
    pub email: String,
}

impl Accounts {
    /// The owner of a link that could be used now.
    pub async fn find_link_owner(
        &self,
        purpose: LinkPurpose,
        token: &str,
    ) -> Result<Option<LinkOwner>, AccountError> {
        let Some(token) = PlainToken::parse(token).map(|token| token.hash()) else {
            return Ok(None);
        };
        let found = self.0.db.run("find_link_owner", move |conn| {
            let Some(link) = links::find(conn, purpose, token)? else {
                return Ok(None);
            };
            let row = accounts::find(conn, AccountId::of(link.account_id))?;
            Ok(row.filter(|row| applies(purpose, row)).map(|row| LinkOwner {
                account: row.id(),
                email: link.email.unwrap_or(row.email),
            }))
        });
        Ok(found.await?)
    }
}

/// Whether a link of this purpose can be used by an account in its present state.
pub(super) fn applies(purpose: LinkPurpose, row: &AccountRow) -> bool {
    match purpose {
        LinkPurpose::Confirm => row.is(AccountState::Unconfirmed),
        LinkPurpose::Invite => row.is(AccountState::Invited),
        LinkPurpose::Reset => !row.is(AccountState::Invited),
        LinkPurpose::ChangeEmail | LinkPurpose::UndoEmail => row.is(AccountState::Active),
    }
}
