//! Second-factor codes: TOTP (RFC 6238) and recovery codes. Each code is accepted once.

use super::{Sessions, StorageError};
use crate::crypto::data_key::DataKey;
use crate::crypto::recovery_code::RecoveryCode;
use crate::crypto::tokens::TokenHash;
use crate::crypto::totp::TotpSecret;
use crate::db::accounts::credentials::CredentialRow;
use crate::db::accounts::second_factors;
use crate::db::{PgConnection, QueryResult};
use crate::types::account::AccountId;
use crate::types::clock;
use secrecy::{ExposeSecret, SecretString};

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
    Valid(Factor),
    /// None was given, and one is required.
    Missing,
    /// It does not match.
    Wrong,
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

    /// Marks the code as used. `false`: it was used before, or the recovery code does not exist.
    pub(super) fn consume(self, conn: &mut PgConnection, account: AccountId) -> QueryResult<bool> {
        match self {
            Self::None => Ok(true),
            Self::Step(step) => second_factors::consume_step(conn, account, step),
            Self::Recovery(hash) => second_factors::consume_recovery_code(conn, account, hash.bytes()),
        }
    }
}

impl Sessions {
    /// Checks a code if the account has a second factor.
    pub(super) fn check_code(
        &self,
        row: &CredentialRow,
        code: Option<&SecretString>,
    ) -> Result<CodeCheck, StorageError> {
        if row.totp_confirmed_at.is_none() {
            return Ok(CodeCheck::Valid(Factor::None));
        }
        let Some(code) = code else {
            return Ok(CodeCheck::Missing);
        };
        if let Some(step) = step_of(&self.0.data_key, row, code)? {
            return Ok(CodeCheck::Valid(Factor::Step(step)));
        }
        let recovery = RecoveryCode::parse(code.expose_secret());
        Ok(recovery.map_or(CodeCheck::Wrong, |code| {
            CodeCheck::Valid(Factor::Recovery(code.hash()))
        }))
    }
}

/// The time step of a TOTP code; `None`: it does not match the account's secret.
pub(super) fn step_of(
    key: &DataKey,
    row: &CredentialRow,
    code: &SecretString,
) -> Result<Option<i64>, StorageError> {
    let account = AccountId::of(row.account_id);
    let sealed = row.totp_secret.as_deref().ok_or(StorageError::Failed)?;
    let Some(secret) = TotpSecret::open(key, account, sealed) else {
        tracing::error!(
            account = row.account_id,
            "cannot decrypt a second factor: has DATA_KEY changed?"
        );
        return Err(StorageError::Failed);
    };
    Ok(secret.step_of(code.expose_secret(), clock::now().timestamp()))
}
