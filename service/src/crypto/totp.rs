//! Time-based one-time passwords (RFC 6238) with the parameters that every authenticator app supports: SHA-1, 6 digits,
//! 30 seconds.

use super::data_keys::DataKeys;
use super::one_time_code::TotpCode;
use crate::types::account::AccountId;
use std::fmt;
use totp_rs::{Builder, Secret, Totp};

/// Key derivation label of encrypted secrets.
const KEY_LABEL: &str = "totp";

/// The secret shared with an authenticator app. `Debug` does not show it.
pub struct TotpSecret(Secret);

impl TotpSecret {
    /// 160 random bits (RFC 4226 §4 R6).
    pub fn random() -> Self {
        Self(Secret::new_stack(rand::random()))
    }

    /// Encrypts the secret for storage, bound to this account.
    pub fn seal(&self, key: &DataKeys, account: AccountId) -> Option<Vec<u8>> {
        key.seal(KEY_LABEL, &account.subject(), self.0.as_bytes())
    }

    /// Decrypts a stored secret. `None`: it belongs to another account or key.
    pub fn open(key: &DataKeys, account: AccountId, sealed: &[u8]) -> Option<Self> {
        let bytes = key.open(KEY_LABEL, &account.subject(), sealed)?;
        Some(Self(Secret::new(bytes.into_boxed_slice())))
    }

    /// The secret in base32, for the app.
    pub fn reveal(&self) -> String {
        self.0.to_base32()
    }

    /// The time step of a code: the current one, the previous or the next (RFC 6238 §5.2). The caller must accept each
    /// step only once.
    pub fn step_of(&self, code: &TotpCode, unix_time: i64) -> Option<i64> {
        let time = u64::try_from(unix_time).ok()?;
        let step = self.totp()?.check(code.digits(), time)?;
        i64::try_from(step).ok()
    }

    fn totp(&self) -> Option<Totp> {
        let secret = Secret::new(self.0.as_bytes().into());
        Builder::new().with_secret(secret).build().ok()
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the last six of its eight digits.
    #[test]
    fn codes_match_the_test_vectors_of_the_rfc() {
        let secret = TotpSecret(Secret::new(b"12345678901234567890".as_slice().into()));
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let code = &TotpCode::parse(code).unwrap();
            assert_eq!(secret.step_of(code, time), Some(time / 30));
            assert_eq!(secret.step_of(code, time + 30), Some(time / 30), "late input");
            assert_eq!(secret.step_of(code, time - 30), Some(time / 30), "a fast clock");
            assert_eq!(secret.step_of(code, time + 60), None);
            assert_eq!(secret.step_of(code, time - 60), None);
        }
    }

    #[test]
    fn a_stored_secret_is_bound_to_its_account() {
        let key = DataKeys::random();
        let secret = TotpSecret::random();
        let sealed = secret.seal(&key, AccountId::of(7)).unwrap();
        let opened = TotpSecret::open(&key, AccountId::of(7), &sealed).unwrap();
        assert_eq!(opened.reveal(), secret.reveal());
        assert_eq!(secret.reveal().len(), 32);
        assert!(TotpSecret::open(&key, AccountId::of(8), &sealed).is_none());
        assert!(!format!("{secret:?}").contains(&secret.reveal()));
    }
}
