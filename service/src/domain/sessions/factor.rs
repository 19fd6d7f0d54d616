//! Second-factor codes: TOTP (RFC 6238) and recovery codes. Each code is accepted once.

use super::code_guesses::Guess;
use super::{Sessions, StorageError};
use crate::crypto::data_keys::DataKeys;
use crate::crypto::one_time_code::{OneTimeCode, TotpCode};
use crate::crypto::tokens::TokenHash;
use crate::crypto::totp::TotpSecret;
use crate::db::accounts::credentials::CredentialRow;
use crate::db::accounts::second_factors::{self, CodeConsumption};
use crate::db::{PgConnection, QueryResult};
use crate::domain::accounts::resealing::reseal_one;
use crate::types::account::AccountId;
use crate::types::clock;
use std::time::Duration;

/// The second factor that accompanied a password, not consumed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Factor {
    /// None was required.
    None,
    /// A TOTP code of this time step.
    Step(i64),
    /// A recovery code.
    Recovery(TokenHash),
}

/// The result of checking a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodeCheck {
    /// It matches, and is valid if it has not been consumed.
    Valid(Factor, Option<Guess>),
    /// None was given, and one is required.
    Missing,
    /// It was not verified, because too many were wrong; the next one is after this long.
    Blocked(Duration),
    /// It does not match.
    Wrong(Guess),
    /// It is no recovery code, and the app's codes cannot be verified: [`StoredSecret::Unreadable`].
    Unverifiable,
}

impl Factor {
    /// Its name in audit events.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Step(_) => "totp",
            Self::Recovery(_) => "recovery code",
        }
    }

    /// Marks the code as used.
    pub(super) fn consume(self, conn: &mut PgConnection, account: AccountId) -> QueryResult<CodeConsumption> {
        match self {
            Self::None => Ok(CodeConsumption::Consumed),
            Self::Step(step) => second_factors::consume_step(conn, account, step),
            Self::Recovery(hash) => second_factors::consume_recovery_code(conn, account, hash.bytes()),
        }
    }
}

impl Sessions {
    /// Checks a code if the account has a second factor. The code of an app is counted as a guess before that.
    pub(super) async fn check_code(
        &self,
        row: &CredentialRow,
        code: Option<&OneTimeCode>,
    ) -> Result<CodeCheck, StorageError> {
        if row.totp_confirmed_at.is_none() {
            return Ok(CodeCheck::Valid(Factor::None, None));
        }
        let code = match code {
            None => return Ok(CodeCheck::Missing),
            // Needs no key.
            Some(OneTimeCode::Recovery(code)) => {
                return Ok(CodeCheck::Valid(Factor::Recovery(code.hash()), None));
            }
            Some(OneTimeCode::Totp(code)) => code,
        };
        let secret = match StoredSecret::open(&self.0.data_keys, row)? {
            StoredSecret::Unreadable => return Ok(CodeCheck::Unverifiable),
            StoredSecret::Readable(secret) => secret,
        };
        let account = AccountId::of(row.account_id);
        let admit = move |conn: &mut PgConnection| Guess::admit(conn, account);
        let guess = match self.0.db.tx("admit_code", admit).await? {
            Ok(guess) => guess,
            Err(wait) => return Ok(CodeCheck::Blocked(wait)),
        };
        Ok(step_of(&secret, code).map_or(CodeCheck::Wrong(guess), |step| {
            CodeCheck::Valid(Factor::Step(step), Some(guess))
        }))
    }
}

impl Sessions {
    /// Encrypts the secret of a verified code with the newest data key. A failure does not affect the login.
    pub(super) async fn reseal(&self, row: &CredentialRow) {
        let (keys, account) = (self.0.data_keys.clone(), AccountId::of(row.account_id));
        if row
            .totp_secret
            .as_deref()
            .is_none_or(|sealed| keys.is_newest(sealed))
        {
            return;
        }
        let reseal = move |conn: &mut PgConnection| reseal_one(conn, &keys, account);
        // The database's own errors are logged where they occur.
        let _ = self.0.db.tx("reseal_second_factor", reseal).await;
    }
}

/// The secret of an account's authenticator app.
pub(super) enum StoredSecret {
    /// Decrypted.
    Readable(TotpSecret),
    /// Encrypted with a data key that the service does not have.
    Unreadable,
}

impl StoredSecret {
    /// Decrypts the secret of an account that has one.
    pub(super) fn open(keys: &DataKeys, row: &CredentialRow) -> Result<Self, StorageError> {
        let account = AccountId::of(row.account_id);
        let sealed = row.totp_secret.as_deref().ok_or(StorageError::Failed)?;
        Ok(TotpSecret::open(keys, account, sealed).map_or_else(
            || {
                tracing::error!(
                    account = row.account_id,
                    "cannot decrypt a second factor: does DATA_KEY lack a key?"
                );
                Self::Unreadable
            },
            Self::Readable,
        ))
    }
}

/// The time step of a code; `None`: it does not match the secret.
pub(super) fn step_of(secret: &TotpSecret, code: &TotpCode) -> Option<i64> {
    secret.step_of(code, clock::now().timestamp())
}
