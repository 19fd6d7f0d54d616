//! One's own second factor: set up with an app, confirmed by its first code, taken away; recovery codes.
use super::caller::SignedIn;
use super::error::LoginError;
use super::factor::step_of;
use super::verification::{RequiredFactors, VerifiedCredentials, append_rejection};
use super::{Sessions, StorageError};
use crate::crypto::recovery_code::RecoveryCode;
use crate::crypto::tokens::TokenHash;
use crate::crypto::totp::TotpSecret;
use crate::db::accounts::credentials::CredentialRow;
use crate::db::accounts::{credentials, links, second_factors};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult};
use crate::domain::throttles::Admission;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use secrecy::SecretString;
use serde_json::json;

/// How many recovery codes there are.
const CODES: usize = 10;

/// Whether there is a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactorStatus {
    /// Whether signing in takes a code.
    pub enabled: bool,
    /// Recovery codes that have not been used.
    pub recovery_codes_left: i64,
}

/// What became of setting one up.
#[derive(Debug)]
pub enum SetupOutcome {
    /// This is the secret for the app.
    Secret(TotpSecret),
    /// There is one already.
    AlreadyEnabled,
}

/// What became of a first code.
#[derive(Debug)]
pub enum ConfirmationOutcome {
    /// From now on signing in takes a code; these are for who loses the app.
    Done(Vec<RecoveryCode>),
    /// It is not the app's code.
    WrongCode,
    /// Nothing waits to be confirmed.
    NotStarted,
}

/// What became of a change of a second factor.
#[derive(Debug)]
pub enum FactorChangeOutcome<T> {
    /// It is done.
    Done(T),
    /// There is no second factor.
    NotEnabled,
}

impl Sessions {
    /// Whether one has a second factor.
    pub async fn second_factor(&self, who: &SignedIn) -> Result<SecondFactorStatus, StorageError> {
        let account = who.account();
        let find = move |conn: &mut PgConnection| second_factors::state(conn, account);
        let (enabled, recovery_codes_left) = self.0.db.run("find_second_factor", find).await?;
        Ok(SecondFactorStatus {
            enabled,
            recovery_codes_left,
        })
    }

    /// A secret for one's app; it counts once the app's first code is confirmed. Whoever finds an unlocked screen does not
    /// know the password.
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
            .seal(&self.0.data_key, who.account())
            .ok_or(StorageError::Failed)?;
        let client = client.clone();
        let started = self.0.db.tx("start_second_factor", move |conn| {
            let started = second_factors::start(conn, verified.account, &sealed)?;
            // Where codes count already, a password alone must not make wrong ones forgotten.
            if started {
                verified.record_success(conn, &client)?;
            }
            Ok(started)
        });
        match started.await? {
            true => Ok(SetupOutcome::Secret(secret)),
            false => Ok(SetupOutcome::AlreadyEnabled),
        }
    }

    /// The app's first code: from now on signing in takes one. Wrong ones are counted like wrong passwords.
    pub async fn confirm_second_factor(
        &self,
        who: &SignedIn,
        code: SecretString,
        client: &ClientInfo,
    ) -> Result<ConfirmationOutcome, LoginError> {
        let email = Email::parse(who.email()).ok_or(StorageError::Failed)?;
        let (account, key, client) = (who.account(), self.0.data_key.clone(), client.clone());
        let throttles = self.0.throttles.clone();
        let confirm = move |conn: &mut PgConnection| {
            second_factors::hold(conn, account)?;
            let row = credentials::find_by_id(conn, account.get())?;
            let waits = |row: &CredentialRow| row.totp_confirmed_at.is_none() && row.totp_secret.is_some();
            let Some(row) = row.filter(waits) else {
                return Ok(Ok(ConfirmationOutcome::NotStarted));
            };
            if let Admission::Wait(wait) = throttles.admit_login(conn, &email, client.network())? {
                return Ok(Err(LoginError::Throttled(wait)));
            }
            let step = match step_of(&key, &row, &code) {
                Ok(Some(step)) => step,
                Ok(None) => {
                    append_rejection(conn, Some(account), "wrong code", &client)?;
                    return Ok(Ok(ConfirmationOutcome::WrongCode));
                }
                Err(error) => return Ok(Err(error.into())),
            };
            second_factors::confirm(conn, account, step)?;
            // What was asked for without a code must not count any more.
            links::close_all(conn, account)?;
            let codes = store_codes(conn, account)?;
            throttles.record_success(conn, &email, client.network())?;
            append(conn, "totp.enabled", account, &client)?;
            Ok(Ok(ConfirmationOutcome::Done(codes)))
        };
        self.0.db.tx("confirm_second_factor", confirm).await?
    }

    /// Takes the second factor away.
    pub async fn remove_second_factor(
        &self,
        who: &SignedIn,
        password: SecretString,
        code: SecretString,
        client: &ClientInfo,
    ) -> Result<FactorChangeOutcome<()>, LoginError> {
        let remove = |conn: &mut PgConnection, verified: &VerifiedCredentials, client: &ClientInfo| {
            second_factors::remove(conn, verified.account)?;
            append(conn, "totp.disabled", verified.account, client)
        };
        self.change("remove_second_factor", who, password, code, client, remove)
            .await
    }

    /// New recovery codes in the place of the old ones.
    pub async fn renew_recovery_codes(
        &self,
        who: &SignedIn,
        password: SecretString,
        code: SecretString,
        client: &ClientInfo,
    ) -> Result<FactorChangeOutcome<Vec<RecoveryCode>>, LoginError> {
        let renew = |conn: &mut PgConnection, verified: &VerifiedCredentials, client: &ClientInfo| {
            let codes = store_codes(conn, verified.account)?;
            append(conn, "totp.codes_renewed", verified.account, client)?;
            Ok(codes)
        };
        self.change("renew_recovery_codes", who, password, code, client, renew)
            .await
    }

    /// A change that takes the password and a code, and the code is taken with it.
    async fn change<T: Send + 'static>(
        &self,
        what: &'static str,
        who: &SignedIn,
        password: SecretString,
        code: SecretString,
        client: &ClientInfo,
        work: impl FnOnce(&mut PgConnection, &VerifiedCredentials, &ClientInfo) -> QueryResult<T> + Send + 'static,
    ) -> Result<FactorChangeOutcome<T>, LoginError> {
        let verified = self.verify_owner(who, password, Some(code), client).await?;
        let client = client.clone();
        let changed = self.0.db.tx(what, move |conn| {
            if verified.consume(conn, &client)?.is_none() {
                return Ok(None);
            }
            verified.record_success(conn, &client)?;
            if verified.row.totp_confirmed_at.is_none() {
                return Ok(Some(FactorChangeOutcome::NotEnabled));
            }
            work(conn, &verified, &client).map(|value| Some(FactorChangeOutcome::Done(value)))
        });
        changed.await?.ok_or(LoginError::InvalidCredentials)
    }
}

fn store_codes(conn: &mut PgConnection, account: AccountId) -> QueryResult<Vec<RecoveryCode>> {
    let codes: Vec<RecoveryCode> = (0..CODES).map(|_| RecoveryCode::random()).collect();
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
