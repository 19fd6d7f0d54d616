//! Accepting an administrator's invitation with a name and a password.

use super::Accounts;
use super::link_owner::applies;
use super::outcome::{AccountError, SetPasswordOutcome};
use super::registration::append_event;
use crate::db::accounts::{self, credentials, links};
use crate::db::sessions::known_networks;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::link::LinkPurpose;
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use secrecy::SecretString;

impl Accounts {
    /// Activates an invited account; its role stays as the administrator set it.
    pub async fn accept_invitation(
        &self,
        token: &str,
        name: PersonName,
        password: SecretString,
        client: &ClientInfo,
    ) -> Result<SetPasswordOutcome, AccountError> {
        let hashed = self.hash_for_link(LinkPurpose::Invite, token, Some(&name), password, client);
        let new = match hashed.await? {
            Ok(new) => new,
            Err(outcome) => return Ok(outcome),
        };
        let client = client.clone();
        let set = self.0.db.tx("accept_invitation", move |conn| {
            let Some(link) = links::close(conn, LinkPurpose::Invite, new.token)? else {
                return Ok(SetPasswordOutcome::NoSuchLink);
            };
            let row = accounts::lock(conn, AccountId::of(link.account_id))?;
            let row = row.filter(|row| applies(LinkPurpose::Invite, row));
            let role = row.as_ref().and_then(|row| Role::parse(&row.role));
            let (Some(row), Some(role)) = (row, role) else {
                return Ok(SetPasswordOutcome::NoSuchLink);
            };
            accounts::set_name(conn, row.id(), name.as_str())?;
            credentials::set_password(conn, row.id(), new.hash.as_str())?;
            accounts::activate(conn, row.id(), role)?;
            links::close_all(conn, row.id())?;
            known_networks::add(conn, row.id(), &client.network().to_string())?;
            append_event(conn, "invitation.accepted", &row, &client)?;
            Ok(SetPasswordOutcome::Done)
        });
        Ok(set.await?)
    }
}
