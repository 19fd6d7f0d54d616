//! From what somebody says to proof that they are an account's owner. Whoever guesses learns neither whether there is such
//! an account nor in which state it is: every refusal looks the same and takes as long.
use super::caller::SignedIn;
use super::error::LoginError;
use super::factor::{CodeCheck, Factor};
use super::{Sessions, StorageError};
use crate::crypto::password_hash::{PasswordHash, Verified};
use crate::db::accounts::credentials::{self, CredentialRow, Dates, Held};
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult};
use crate::domain::throttles::{Admission, Counters, Throttles};
use crate::types::account::{AccountId, AccountState};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::role::Role;
use secrecy::SecretString;
use serde_json::json;

/// What somebody says to sign in.
#[derive(Clone, Debug)]
pub struct LoginAttempt {
    /// Their address.
    pub email: Email,
    /// Their password.
    pub password: SecretString,
    /// A code of the second factor, or a recovery code.
    pub code: Option<SecretString>,
}

/// How much has to be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequiredFactors {
    /// The password, and a code where the account has a second factor.
    All,
    /// The password alone, for an account that is signed in already.
    PasswordOnly,
}

/// Somebody who has verified to be an account's owner.
pub struct VerifiedCredentials {
    pub(super) account: AccountId,
    pub(super) role: Role,
    pub(super) email: Email,
    pub(super) row: CredentialRow,
    /// To be taken in the transaction of what was verified for: a code works once.
    pub(super) factor: Factor,
    throttles: Throttles,
}

impl VerifiedCredentials {
    /// Takes the proof for whatever else the transaction does, and holds account and credential until that ends: a code is
    /// used up. `None`: it counts no more, because another password or another second factor counts meanwhile or the code was
    /// taken; the try stays counted, and nothing may be done.
    pub fn consume(&self, conn: &mut PgConnection, client: &ClientInfo) -> QueryResult<Option<Held>> {
        let dates = Dates {
            password_changed_at: self.row.password_changed_at,
            totp_confirmed_at: self.row.totp_confirmed_at,
        };
        let why = match credentials::hold(conn, self.account, dates)? {
            None => "changed meanwhile",
            Some(_) if !self.factor.consume(conn, self.account)? => "wrong code",
            Some(held) => return Ok(Some(held)),
        };
        append_rejection(conn, Some(self.account), why, client)?;
        Ok(None)
    }

    /// What was verified was done: tries that failed before are forgotten.
    pub fn record_success(&self, conn: &mut PgConnection, client: &ClientInfo) -> QueryResult<()> {
        self.throttles.record_success(conn, &self.email, client.network())
    }
}

impl Sessions {
    /// Somebody who is signed in proves again that they are who they are: by password, and by a code where they have a second
    /// factor. To be taken in the transaction of what it is for.
    pub async fn verify_owner(
        &self,
        who: &SignedIn,
        password: SecretString,
        code: Option<SecretString>,
        client: &ClientInfo,
    ) -> Result<VerifiedCredentials, LoginError> {
        self.verify_signed_in(who, password, code, RequiredFactors::All, client)
            .await
    }

    /// The proof of somebody who is signed in.
    pub(super) async fn verify_signed_in(
        &self,
        who: &SignedIn,
        password: SecretString,
        code: Option<SecretString>,
        required: RequiredFactors,
        client: &ClientInfo,
    ) -> Result<VerifiedCredentials, LoginError> {
        let email = Email::parse(who.email()).ok_or(StorageError::Failed)?;
        let attempt = LoginAttempt {
            email,
            password,
            code,
        };
        let verified = self.verify_credentials(attempt, required, client).await?;
        // The address may have gone to another account in between.
        match verified.account == who.account() {
            true => Ok(verified),
            false => Err(LoginError::InvalidCredentials),
        }
    }

    /// Counts the try, looks at it, and leaves it counted unless it was none.
    pub(super) async fn verify_credentials(
        &self,
        attempt: LoginAttempt,
        required: RequiredFactors,
        client: &ClientInfo,
    ) -> Result<VerifiedCredentials, LoginError> {
        let permit = self.0.hashing.permit()?;
        let (counters, row) = self.admit(&attempt.email, client).await?;
        let hash = row.as_ref().and_then(|row| row.password_hash.clone());
        let verified = permit.verify(attempt.password.clone(), hash.map(PasswordHash::from_stored));
        let verified = match verified.await {
            Ok(verified) => verified,
            Err(overloaded) => {
                self.refund(counters).await;
                return Err(overloaded.into());
            }
        };
        let account = row.as_ref().map(|row| AccountId::of(row.account_id));
        let (Verified::Right { needs_rehash }, Some(row)) = (verified, row) else {
            let why = account.map_or("unknown address", |_| "wrong password");
            return self.reject(account, why, client).await;
        };
        if row.state != AccountState::Active.as_str() {
            return self.reject(account, "not active", client).await;
        }
        let role = Role::parse(&row.role).ok_or(StorageError::Failed)?;
        let factor = match required {
            RequiredFactors::PasswordOnly => Factor::None,
            RequiredFactors::All => match self.check_code(&row, attempt.code.as_ref())? {
                CodeCheck::Valid(factor) => factor,
                CodeCheck::Missing => {
                    self.refund(counters).await;
                    return Err(LoginError::SecondFactorRequired);
                }
                CodeCheck::Wrong => return self.reject(account, "wrong code", client).await,
            },
        };
        if needs_rehash {
            self.rehash(&row, attempt.password).await;
        }
        Ok(VerifiedCredentials {
            account: AccountId::of(row.account_id),
            role,
            email: attempt.email,
            row,
            factor,
            throttles: self.0.throttles.clone(),
        })
    }

    /// Counts a try before anything is looked at, and finds what is to be looked at.
    async fn admit(
        &self,
        email: &Email,
        client: &ClientInfo,
    ) -> Result<(Counters, Option<CredentialRow>), LoginError> {
        let (throttles, email, network) = (self.0.throttles.clone(), email.clone(), client.network());
        let admitted = self.0.db.tx("admit_login", move |conn| {
            let admission = throttles.admit_login(conn, &email, network)?;
            let row = match admission {
                Admission::Admitted(_) => credentials::find_by_email(conn, email.key())?,
                Admission::Wait(_) => None,
            };
            Ok((admission, row))
        });
        match admitted.await? {
            (Admission::Admitted(counters), row) => Ok((counters, row)),
            (Admission::Wait(wait), _) => Err(LoginError::Throttled(wait)),
        }
    }

    /// A try that was none. When this fails it stays counted, for an hour at the most.
    async fn refund(&self, counters: Counters) {
        let refund = move |conn: &mut PgConnection| counters.refund(conn);
        let _ = self.0.db.tx("refund_login", refund).await;
    }

    /// Tells the audit why, and everybody else the same.
    pub(super) async fn reject<T>(
        &self,
        account: Option<AccountId>,
        why: &'static str,
        client: &ClientInfo,
    ) -> Result<T, LoginError> {
        let client = client.clone();
        let refused = move |conn: &mut PgConnection| append_rejection(conn, account, why, &client);
        self.0.db.tx("refuse_session", refused).await?;
        Err(LoginError::InvalidCredentials)
    }

    /// The password is right and known: the chance to store it at today's cost. Nobody is refused when this fails.
    async fn rehash(&self, row: &CredentialRow, password: SecretString) {
        let Ok(hash) = self.0.hashing.hash(password).await else {
            return;
        };
        let (id, changed_at) = (row.account_id, row.password_changed_at);
        let store = move |conn: &mut PgConnection| credentials::rehash(conn, id, changed_at, hash.as_str());
        let _ = self.0.db.tx("rehash_password", store).await;
    }
}

/// The event of a refusal.
pub(super) fn append_rejection(
    conn: &mut PgConnection,
    account: Option<AccountId>,
    why: &'static str,
    client: &ClientInfo,
) -> QueryResult<()> {
    let event = Event {
        actor: None,
        action: "session.refused",
        subject: account.map(AccountId::subject).unwrap_or_default(),
        client,
        detail: json!({ "why": why }),
    };
    audit::append(conn, &event)
}
