//! Accepting an administrator's invitation: a name, a password, and the account is its owner's.
use super::Accounts;
use super::outcome::{AccountError, SetPasswordOutcome};
use super::passwords::AcceptedPassword;
use super::registration::note;
use crate::db::accounts::{self, credentials, links};
use crate::types::account::{AccountId, AccountState};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::link::Purpose;
use crate::types::person_name::PersonName;
use crate::types::role::Role;
use secrecy::SecretString;

impl Accounts {
    /// Accepts. The role stays as the administrator gave it.
    pub async fn accept_invitation(
        &self,
        token: &str,
        name: PersonName,
        password: SecretString,
        client: &ClientInfo,
    ) -> Result<SetPasswordOutcome, AccountError> {
        let Some((token, row)) = self.find_linked(Purpose::Invite, token).await? else {
            return Ok(SetPasswordOutcome::NoSuchLink);
        };
        let Some(email) = Email::parse(&row.email) else {
            return Ok(SetPasswordOutcome::NoSuchLink);
        };
        let password = match AcceptedPassword::check(password, &[&email], name.as_str()) {
            Ok(password) => password,
            Err(error) => return Ok(SetPasswordOutcome::Weak(error)),
        };
        let hash = self.0.hashing.hash(password.into_secret()).await?;
        let client = client.clone();
        let set = self.0.db.tx("accept_invitation", move |conn| {
            let Some(link) = links::close(conn, Purpose::Invite, token)? else {
                return Ok(SetPasswordOutcome::NoSuchLink);
            };
            let row = accounts::lock(conn, AccountId::of(link.account_id))?;
            let row = row.filter(|row| row.is(AccountState::Invited));
            let role = row.as_ref().and_then(|row| Role::parse(&row.role));
            let (Some(row), Some(role)) = (row, role) else {
                return Ok(SetPasswordOutcome::NoSuchLink);
            };
            accounts::set_name(conn, row.id(), name.as_str())?;
            credentials::set_password(conn, row.id(), hash.as_str())?;
            accounts::activate(conn, row.id(), role)?;
            links::close_all(conn, row.id())?;
            note(conn, "invitation.accepted", &row, &client)?;
            Ok(SetPasswordOutcome::Done)
        });
        Ok(set.await?)
    }
}
