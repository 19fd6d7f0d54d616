//! The second factor: codes of an app or from a list, each taken once.
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

/// What was shown beside the password, before it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Factor {
    /// Nothing; nothing was needed.
    None,
    /// A code of the app, of this time step.
    Step(i64),
    /// A recovery code.
    Recovery(TokenHash),
}

/// What came of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodeCheck {
    /// It is right, if it can still be taken.
    Valid(Factor),
    /// There is none, and one is needed.
    Missing,
    /// It is not right.
    Wrong,
}

impl Factor {
    /// The word in audit events.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Step(_) => "totp",
            Self::Recovery(_) => "recovery code",
        }
    }

    /// Takes the code; `false`: it was taken before, or there is no such recovery code.
    pub(super) fn consume(self, conn: &mut PgConnection, account: AccountId) -> QueryResult<bool> {
        match self {
            Self::None => Ok(true),
            Self::Step(step) => second_factors::take_step(conn, account, step),
            Self::Recovery(hash) => second_factors::take_recovery_code(conn, account, hash.bytes()),
        }
    }
}

impl Sessions {
    /// Looks at a code, where the account asks for one.
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

/// The time step of an app's code; `None`: it is no code of this account's app.
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
            "a second factor cannot be unsealed: has DATA_KEY changed?"
        );
        return Err(StorageError::Failed);
    };
    Ok(secret.step_of(code.expose_secret(), clock::now().timestamp()))
}
