//! Managing an account's second factor: set-up, confirmation by a first code, removal, recovery codes.

use super::caller::SignedIn;
use super::error::LoginError;
use super::factor::{StoredSecret, step_of};
use super::rejection::{append_rejection, notify};
use super::verification::{RequiredFactors, VerifiedCredentials};
use super::{Sessions, StorageError};
use crate::crypto::one_time_code::{OneTimeCode, TotpCode};
use crate::crypto::recovery_code::RecoveryCode;
use crate::crypto::tokens::TokenHash;
use crate::crypto::totp::TotpSecret;
use crate::db::accounts::credentials::CredentialRow;
use crate::db::accounts::{credentials, links, second_factors};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult, sessions};
use crate::domain::throttles::Admission;
use crate::mail::kind::MailKind;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::clock;
use crate::types::email::Email;
use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

/// How long a started set-up can be confirmed.
const SETUP_TTL: TimeDelta = TimeDelta::minutes(15);

/// Recovery codes per account.
const RECOVERY_CODES: usize = 10;

/// Whether an account has a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactorStatus {
    /// Whether a login requires a code.
    pub enabled: bool,
    /// Unused recovery codes.
    pub recovery_codes_left: i64,
}

/// The result of starting the set-up.
#[derive(Debug)]
pub enum SetupOutcome {
    /// The secret for the authenticator app.
    Secret(TotpSecret),
    /// The account has a second factor already.
    AlreadyEnabled,
}

/// The result of confirming the set-up.
#[derive(Debug)]
pub enum ConfirmationOutcome {
    /// Enabled; these are the recovery codes.
    Done(Vec<RecoveryCode>),
    /// The code does not match the secret.
    WrongCode,
    /// No set-up was started in this session, or too long ago, or the session has ended meanwhile.
    NotStarted,
}

/// The result of changing an enabled second factor.
#[derive(Debug)]
pub enum FactorChangeOutcome<T> {
    /// The change is made.
    Done(T),
    /// The account has no second factor.
    NotEnabled,
}

impl Sessions {
    /// The account's second factor.
    pub async fn second_factor_status(&self, who: &SignedIn) -> Result<SecondFactorStatus, StorageError> {
        let account = who.account();
        let find = move |conn: &mut PgConnection| second_factors::state(conn, account);
        let (enabled, recovery_codes_left) = self.0.db.run("find_second_factor", find).await?;
        Ok(SecondFactorStatus {
            enabled,
            recovery_codes_left,
        })
    }

    /// Creates a secret, which takes effect once a first code is confirmed. Requires the password, so that an
    /// unattended session is not enough.
    pub async fn start_second_factor(
        &self,
        who: &SignedIn,
        password: SecretString,
        client: &ClientInfo,
    ) -> Result<SetupOutcome, LoginError> {
        let verified = self
            .verify_signed_in(who, password, None, RequiredFactors::PasswordOnly, client)
            .await?;
        let secret = TotpSecret::random();
        let sealed = secret
            .seal(&self.0.data_keys, who.account())
            .ok_or(StorageError::Failed)?;
        let attempt = verified.attempt();
        let (session, client) = (who.session(), client.clone());
        let started = self.0.db.tx("start_second_factor", move |conn| {
            let started = second_factors::start(conn, verified.account, session, &sealed)?;
            // With a second factor enabled, the password alone must not reset the counter of wrong codes.
            if started {
                verified.record_success(conn, &client)?;
            }
            Ok(started)
        });
        if self.conclude(attempt, started.await).await? {
            Ok(SetupOutcome::Secret(secret))
        } else {
            Ok(SetupOutcome::AlreadyEnabled)
        }
    }

    /// Enables the second factor by a first code, in the session that started the set-up with the password, and within
    /// [`SETUP_TTL`]. Wrong codes count as failed login attempts. Other sessions began without a code, and end.
    pub async fn confirm_second_factor(
        &self,
        who: &SignedIn,
        code: TotpCode,
        client: &ClientInfo,
    ) -> Result<ConfirmationOutcome, LoginError> {
        let email = Email::parse(who.email()).ok_or(StorageError::Failed)?;
        let (account, session, client) = (who.account(), who.session(), client.clone());
        let keys = self.0.data_keys.clone();
        let throttles = self.0.throttles.clone();
        let who = who.clone();
        let confirm = move |conn: &mut PgConnection| {
            second_factors::lock(conn, account)?;
            // Otherwise an intruder could enable a second factor of their own while the owner resets the password.
            if !who.is_still_signed_in(conn)? {
                return Ok(Ok(ConfirmationOutcome::NotStarted));
            }
            let row = credentials::find_by_id(conn, account.get())?;
            let Some(row) = row.filter(|row| is_pending(row, session)) else {
                return Ok(Ok(ConfirmationOutcome::NotStarted));
            };
            let secret = match StoredSecret::open(&keys, &row) {
                Ok(StoredSecret::Readable(secret)) => secret,
                // No session can confirm it any more: the set-up starts again.
                Ok(StoredSecret::Unreadable) => return Ok(Ok(ConfirmationOutcome::NotStarted)),
                Err(error) => return Ok(Err(error.into())),
            };
            let counters = match throttles.admit_login(conn, &email, client.network())? {
                Admission::Admitted(counters) => counters,
                Admission::Wait(wait) => return Ok(Err(LoginError::Throttled(wait))),
            };
            let Some(step) = step_of(&secret, &code) else {
                append_rejection(conn, Some(account), "wrong code", &client)?;
                return Ok(Ok(ConfirmationOutcome::WrongCode));
            };
            second_factors::confirm(conn, account, step)?;
            // Links that were requested without a code must not bypass the second factor.
            links::close_all(conn, account)?;
            let codes = store_codes(conn, account)?;
            sessions::end_all(conn, account, Some(session), "second factor enabled")?;
            throttles.record_success(conn, &email, client.network(), &counters)?;
            notify(conn, MailKind::SecondFactorEnabled, &row)?;
            append(conn, "totp.enabled", account, &client)?;
            Ok(Ok(ConfirmationOutcome::Done(codes)))
        };
        self.0.db.tx("confirm_second_factor", confirm).await?
    }

    /// Removes the second factor, and ends the other sessions: one of them may be the reason.
    pub async fn remove_second_factor(
        &self,
        who: &SignedIn,
        password: SecretString,
        code: OneTimeCode,
        client: &ClientInfo,
    ) -> Result<FactorChangeOutcome<()>, LoginError> {
        let session = who.session();
        let remove = move |conn: &mut PgConnection, verified: &VerifiedCredentials, client: &ClientInfo| {
            second_factors::remove(conn, verified.account)?;
            sessions::end_all(conn, verified.account, Some(session), "second factor removed")?;
            notify(conn, MailKind::SecondFactorRemoved, &verified.row)?;
            append(conn, "totp.disabled", verified.account, client)
        };
        self.change("remove_second_factor", who, password, code, client, remove)
            .await
    }

    /// Replaces the recovery codes.
    pub async fn renew_recovery_codes(
        &self,
        who: &SignedIn,
        password: SecretString,
        code: OneTimeCode,
        client: &ClientInfo,
    ) -> Result<FactorChangeOutcome<Vec<RecoveryCode>>, LoginError> {
        let renew = |conn: &mut PgConnection, verified: &VerifiedCredentials, client: &ClientInfo| {
            let codes = store_codes(conn, verified.account)?;
            notify(conn, MailKind::RecoveryCodesRenewed, &verified.row)?;
            append(conn, "totp.codes_renewed", verified.account, client)?;
            Ok(codes)
        };
        self.change("renew_recovery_codes", who, password, code, client, renew)
            .await
    }

    /// Makes a change that requires the password and a code, and consumes the code with it.
    async fn change<T: Send + 'static>(
        &self,
        what: &'static str,
        who: &SignedIn,
        password: SecretString,
        code: OneTimeCode,
        client: &ClientInfo,
        work: impl FnOnce(&mut PgConnection, &VerifiedCredentials, &ClientInfo) -> QueryResult<T> + Send + 'static,
    ) -> Result<FactorChangeOutcome<T>, LoginError> {
        let verified = self.verify_owner(who, password, Some(code), client).await?;
        let (attempt, client) = (verified.attempt(), client.clone());
        let changed = self.0.db.tx(what, move |conn| {
            if let Err(error) = verified.consume(conn, &client)? {
                return Ok(Err(error));
            }
            verified.record_success(conn, &client)?;
            if verified.row.totp_confirmed_at.is_none() {
                return Ok(Ok(FactorChangeOutcome::NotEnabled));
            }
            work(conn, &verified, &client).map(|value| Ok(FactorChangeOutcome::Done(value)))
        });
        self.conclude(attempt, changed.await).await?
    }
}

/// Whether a set-up of this session waits for its first code.
fn is_pending(row: &CredentialRow, session: Uuid) -> bool {
    let is_recent = row
        .totp_started_at
        .is_some_and(|at| clock::now() - at < SETUP_TTL);
    row.totp_confirmed_at.is_none()
        && row.totp_secret.is_some()
        && row.totp_session_id == Some(session)
        && is_recent
}

fn store_codes(conn: &mut PgConnection, account: AccountId) -> QueryResult<Vec<RecoveryCode>> {
    let codes: Vec<RecoveryCode> = (0..RECOVERY_CODES).map(|_| RecoveryCode::random()).collect();
    let hashes: Vec<_> = codes.iter().map(RecoveryCode::hash).collect();
    let hashes: Vec<&[u8]> = hashes.iter().map(TokenHash::bytes).collect();
    second_factors::store_recovery_codes(conn, account, &hashes)?;
    Ok(codes)
}

fn append(
    conn: &mut PgConnection,
    action: &'static str,
    account: AccountId,
    client: &ClientInfo,
) -> QueryResult<()> {
    let event = Event {
        actor: Some(account),
        action,
        subject: account.subject(),
        client,
        detail: json!({}),
    };
    audit::append(conn, &event)
}
