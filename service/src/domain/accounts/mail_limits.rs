//! Rate limits on mails that unauthenticated clients can cause: per network, and per recipient address. An address is
//! counted whether or not it has an account.

use super::Accounts;
use super::outcome::AccountError;
use crate::domain::throttles::Admission;
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

impl Accounts {
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
