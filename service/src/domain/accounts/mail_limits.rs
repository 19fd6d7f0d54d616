//! How many mails strangers may cause: from one network, and to one address. An address is counted whether or not it has
//! an account.
use super::Accounts;
use super::outcome::AccountError;
use crate::domain::throttles::Admission;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use std::time::Duration;

/// Whether somebody may cause a mail now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MailAdmission {
    /// They may, and this one is counted.
    Allowed,
    /// There were too many to this address; the network is not to blame.
    AddressLimited(Duration),
    /// There were too many from this network.
    NetworkLimited(Duration),
}

impl Accounts {
    /// Counts one more mail to this address, for somebody of this network.
    pub(super) async fn admit_mail(
        &self,
        email: &Email,
        client: &ClientInfo,
    ) -> Result<MailAdmission, AccountError> {
        let (throttles, free) = (self.0.throttles.clone(), self.0.mail_rate_per_network);
        let (email, network) = (email.clone(), client.network());
        let admitted = self.0.db.tx("admit_mail", move |conn| {
            if let Admission::Wait(wait) = throttles.admit_mail_from(conn, network, free)? {
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
