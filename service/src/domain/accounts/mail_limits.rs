//! Rate limits on mails that unauthenticated clients can cause: per network, and per recipient address. An address is
//! counted whether or not it has an account.

use super::Accounts;
use super::outcome::AccountError;
use crate::db::accounts::AccountRow;
use crate::domain::throttles::Admission;
use crate::types::account::AccountState;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use std::time::Duration;

/// Whether a mail may be sent now; otherwise how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MailAdmission {
    /// It may, and is counted.
    Allowed,
    /// Too many mails to this address, from whatever networks.
    AddressLimited(Duration),
    /// Too many mails caused from this network.
    NetworkLimited(Duration),
}

/// Whether a password reset may be mailed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ResetAdmission {
    /// To the owner of an active account.
    to_owner: bool,
    /// To the mailbox of an address that is not confirmed.
    to_mailbox: bool,
}

impl ResetAdmission {
    /// Whether it may be mailed to this account.
    pub(super) fn allows(self, row: &AccountRow) -> bool {
        if row.is(AccountState::Active) {
            self.to_owner
        } else {
            self.to_mailbox
        }
    }
}

impl Accounts {
    /// Counts a password reset of this address, requested from the client's network. `Err`: too many mails from there.
    pub(super) async fn admit_reset(
        &self,
        email: &Email,
        client: &ClientInfo,
    ) -> Result<Result<ResetAdmission, Duration>, AccountError> {
        let (throttles, free_attempts) = (self.0.throttles.clone(), self.0.mail_rate_per_network);
        let (email, network) = (email.clone(), client.network());
        let admitted = self.0.db.tx("admit_reset", move |conn| {
            if let Admission::Wait(wait) = throttles.admit_mail_from(conn, network, free_attempts)? {
                return Ok(Err(wait));
            }
            let is_admitted = |admission| matches!(admission, Admission::Admitted(_));
            Ok(Ok(ResetAdmission {
                to_mailbox: is_admitted(throttles.admit_mail_to(conn, &email)?),
                to_owner: is_admitted(throttles.admit_reset_to(conn, &email)?),
            }))
        });
        Ok(admitted.await?)
    }

    /// Counts a mail to this address, caused from the client's network.
    pub(super) async fn admit_mail(
        &self,
        email: &Email,
        client: &ClientInfo,
    ) -> Result<MailAdmission, AccountError> {
        let (throttles, free_attempts) = (self.0.throttles.clone(), self.0.mail_rate_per_network);
        let (email, network) = (email.clone(), client.network());
        let admitted = self.0.db.tx("admit_mail", move |conn| {
            if let Admission::Wait(wait) = throttles.admit_mail_from(conn, network, free_attempts)? {
                return Ok(MailAdmission::NetworkLimited(wait));
            }
            match throttles.admit_mail_to(conn, &email)? {
                Admission::Admitted(_) => Ok(MailAdmission::Allowed),
                Admission::Wait(wait) => Ok(MailAdmission::AddressLimited(wait)),
            }
        });
        Ok(admitted.await?)
    }
}
