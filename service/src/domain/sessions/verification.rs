//! Verifies passwords and codes. Rejections must not reveal whether an account exists or in which state it is: all of
//! them look the same and take the same time.

use super::caller::SignedIn;
use super::code_guesses::{self, Guess};
use super::error::LoginError;
use super::factor::{CodeCheck, Factor};
use super::rejection::{append_rejection, notify};
use super::{Sessions, StorageError};
use crate::crypto::hashing::Permit;
use crate::crypto::hashing_places::Requester;
use crate::crypto::one_time_code::OneTimeCode;
use crate::crypto::password_hash::{PasswordHash, Verified};
use crate::db::accounts::credentials::{self, CredentialDates, CredentialRow, LockedAccount};
use crate::db::accounts::second_factors::CodeConsumption;
use crate::db::{PgConnection, QueryResult};
use crate::domain::throttles::{Admission, Counters, LoginCheck, Throttles};
use crate::mail::kind::MailKind;
use crate::types::account::{AccountId, AccountState};
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use crate::types::role::Role;
use secrecy::SecretString;

/// The credentials of a login.
#[derive(Clone, Debug)]
pub struct LoginAttempt {
    /// The address.
    pub email: Email,
    /// The password.
    pub password: SecretString,
    /// A TOTP or recovery code.
    pub code: Option<OneTimeCode>,
}

/// Which factors are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequiredFactors {
    /// The password, and a code where the account has a second factor.
    All,
    /// The password alone, for an account that is signed in already.
    PasswordOnly,
}

/// Credentials that were verified, and are to be consumed by the transaction that acts on them.
pub struct VerifiedCredentials {
    pub(super) account: AccountId,
    pub(super) role: Role,
    pub(super) email: Email,
    pub(super) row: CredentialRow,
    /// Consumed with the rest: a code is valid once.
    pub(super) factor: Factor,
    throttles: Throttles,
    /// The attempt, as it is counted.
    counters: Counters,
    /// The code, as it is counted.
    guess: Option<Guess>,
}

/// How an attempt was counted, to take it back.
#[derive(Clone, Debug)]
pub struct CountedAttempt {
    account: AccountId,
    counters: Counters,
    guess: Option<Guess>,
}

impl VerifiedCredentials {
    /// How the attempt was counted.
    pub fn attempt(&self) -> CountedAttempt {
        CountedAttempt {
            account: self.account,
            counters: self.counters.clone(),
            guess: self.guess,
        }
    }

    /// Uses up the code, and locks account and credentials until the transaction ends. On an error the caller must change
    /// nothing: password or second factor were changed since the verification or the recovery code does not exist, and
    /// the attempt stays counted; or the code was used before, which is no guess.
    pub fn consume(
        &self,
        conn: &mut PgConnection,
        client: &ClientInfo,
    ) -> QueryResult<Result<LockedAccount, LoginError>> {
        let dates = CredentialDates {
            password_changed_at: self.row.password_changed_at,
            totp_confirmed_at: self.row.totp_confirmed_at,
        };
        let Some(current) = credentials::lock(conn, self.account, dates)? else {
            append_rejection(conn, Some(self.account), "changed meanwhile", client)?;
            return Ok(Err(LoginError::InvalidCredentials));
        };
        match self.factor.consume(conn, self.account)? {
            CodeConsumption::Consumed => {
                self.after_code(conn)?;
                Ok(Ok(current))
            }
            CodeConsumption::UsedBefore => {
                if let Some(guess) = self.guess {
                    guess.refund(conn, self.account)?;
                }
                self.counters.refund(conn)?;
                append_rejection(conn, Some(self.account), "used code", client)?;
                Ok(Err(LoginError::CodeUsed))
            }
            CodeConsumption::Unknown => {
                append_rejection(conn, Some(self.account), "wrong code", client)?;
                Ok(Err(LoginError::InvalidCredentials))
            }
        }
    }

    /// What follows a right code: wrong ones before it are forgotten, and the use of a recovery code is notified.
    fn after_code(&self, conn: &mut PgConnection) -> QueryResult<()> {
        if self.factor != Factor::None {
            code_guesses::reset(conn, self.account)?;
        }
        if matches!(self.factor, Factor::Recovery(_)) {
            notify(conn, MailKind::RecoveryCodeUsed, &self.row)?;
        }
        Ok(())
    }

    /// Resets the counters of failed attempts, after the verified action succeeded.
    pub fn record_success(&self, conn: &mut PgConnection, client: &ClientInfo) -> QueryResult<()> {
        self.throttles
            .record_success(conn, &self.email, client.network(), &self.counters)
    }
}

impl Sessions {
    /// Re-authenticates a signed-in account for a sensitive change: by password, and by a code where it has a second
    /// factor. The result is to be consumed in the transaction of the change.
    pub async fn verify_owner(
        &self,
        who: &SignedIn,
        password: SecretString,
        code: Option<OneTimeCode>,
        client: &ClientInfo,
    ) -> Result<VerifiedCredentials, LoginError> {
        self.verify_signed_in(who, password, code, RequiredFactors::All, client)
            .await
    }

    /// Re-authenticates a signed-in account with the given factors.
    pub(super) async fn verify_signed_in(
        &self,
        who: &SignedIn,
        password: SecretString,
        code: Option<OneTimeCode>,
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
        // The address may belong to another account by now.
        if verified.account == who.account() {
            Ok(verified)
        } else {
            Err(LoginError::InvalidCredentials)
        }
    }

    /// Counts the attempt before verifying it, and removes it again if it could not be verified or lacked only a code.
    pub(super) async fn verify_credentials(
        &self,
        attempt: LoginAttempt,
        required: RequiredFactors,
        client: &ClientInfo,
    ) -> Result<VerifiedCredentials, LoginError> {
        let (counters, row, permit) = self.admit(&attempt.email, client).await?;
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
            let reason = account.map_or("unknown address", |_| "wrong password");
            return self.reject(account, reason, client).await;
        };
        if row.state != AccountState::Active.as_str() {
            let rejected = self.reject(account, "not active", client).await;
            return match rejected {
                Err(LoginError::InvalidCredentials) if row.state == AccountState::Unconfirmed.as_str() => {
                    Err(LoginError::Unconfirmed)
                }
                rejected => rejected,
            };
        }
        let role = Role::parse(&row.role).ok_or(StorageError::Failed)?;
        let checked = match required {
            RequiredFactors::PasswordOnly => Ok(CodeCheck::Valid(Factor::None, None)),
            RequiredFactors::All => self.check_code(&row, attempt.code.as_ref()).await,
        };
        let code = match checked {
            Ok(CodeCheck::Valid(factor, guess)) => Ok((factor, guess)),
            Ok(CodeCheck::Wrong(guess)) => return self.reject_code(row, guess, client).await,
            Ok(CodeCheck::Missing) => Err(LoginError::SecondFactorRequired),
            Ok(CodeCheck::Unverifiable) => Err(LoginError::SecondFactorUnavailable),
            Ok(CodeCheck::Blocked(wait)) => Err(LoginError::CodesBlocked(wait)),
            Err(error) => Err(error.into()),
        };
        let (factor, guess) = match code {
            Ok(checked) => checked,
            Err(error) => {
                self.refund(counters).await;
                return Err(error);
            }
        };
        if needs_rehash {
            self.rehash(&row, attempt.password, client).await;
        }
        if matches!(factor, Factor::Step(_)) {
            self.reseal(&row).await;
        }
        Ok(VerifiedCredentials {
            account: AccountId::of(row.account_id),
            role,
            email: attempt.email,
            row,
            factor,
            throttles: self.0.throttles.clone(),
            counters,
            guess,
        })
    }

    /// Acquires a hashing permit, counts the attempt and finds the account's credentials, in one transaction. An attempt
    /// that must wait anyway takes no permit, and one that gets no permit is not counted.
    async fn admit(
        &self,
        email: &Email,
        client: &ClientInfo,
    ) -> Result<(Counters, Option<CredentialRow>, Permit), LoginError> {
        let hashing = self.0.hashing.start_attempt(client.network())?;
        let (throttles, email, network) = (self.0.throttles.clone(), email.clone(), client.network());
        let admitted = self.0.db.tx("admit_login", move |conn| {
            let checked = throttles.check_login(conn, &email, network)?;
            // Also of a throttled attempt, so that the log says which account it was made at.
            let row = credentials::find_by_email(conn, email.key())?;
            let (counters, known) = match checked {
                LoginCheck::Wait(wait) => return Ok((Err(LoginError::Throttled(wait)), row)),
                LoginCheck::Free { counters, known } => (counters, known),
            };
            let requester = if known {
                Requester::Known
            } else {
                Requester::Unknown
            };
            let permit = match hashing.permit(requester) {
                Ok(permit) => permit,
                Err(overloaded) => return Ok((Err(overloaded.into()), row)),
            };
            Ok(match counters.count(conn)? {
                Admission::Wait(wait) => (Err(LoginError::Throttled(wait)), row),
                Admission::Admitted(counters) => (Ok((counters, permit)), row),
            })
        });
        let (admission, row) = admitted.await?;
        if let Some(row) = &row {
            tracing::Span::current().record("attempted_account_id", row.account_id);
        }
        let (counters, permit) = admission?;
        Ok((counters, row, permit))
    }

    /// The result of what was to be done with verified credentials. If the service failed to do it, the attempt is taken back:
    /// it was no guess, and the client repeats it.
    pub async fn conclude<T, E>(&self, attempt: CountedAttempt, done: Result<T, E>) -> Result<T, E> {
        if done.is_err() {
            self.take_back(attempt).await;
        }
        done
    }

    /// Takes an attempt back whose credentials were right.
    pub async fn take_back(&self, attempt: CountedAttempt) {
        let take_back = move |conn: &mut PgConnection| {
            if let Some(guess) = attempt.guess {
                guess.refund(conn, attempt.account)?;
            }
            attempt.counters.refund(conn)
        };
        let _ = self.0.db.tx("take_back_login", take_back).await;
    }

    /// Removes an attempt from the counters. If this fails, the attempt expires with its counter, after an hour.
    async fn refund(&self, counters: Counters) {
        let refund = move |conn: &mut PgConnection| counters.refund(conn);
        let _ = self.0.db.tx("refund_login", refund).await;
    }

    /// Stores the password's hash with the current cost parameters. A failure does not affect the login.
    async fn rehash(&self, row: &CredentialRow, password: SecretString, client: &ClientInfo) {
        let Ok(hash) = self.0.hashing.hash(password, client.network()).await else {
            return;
        };
        let (id, changed_at) = (row.account_id, row.password_changed_at);
        let store = move |conn: &mut PgConnection| credentials::rehash(conn, id, changed_at, hash.as_str());
        let _ = self.0.db.tx("rehash_password", store).await;
    }
}
