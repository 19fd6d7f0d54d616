//! What `/auth/totp` takes and answers.

use crate::crypto::recovery_code::RecoveryCode;
use crate::crypto::totp::TotpSecret;
use crate::http::accounts::fields::SecretText;
use crate::http::contract::field::Field;
use crate::http::contract::problem::Problem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};
use secrecy::SecretString;

/// The name that apps show.
const ISSUER: &str = "Portcullis";

/// One's password again.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct Password {
    /// The account's password.
    pub password: Field<SecretText>,
}

/// The app's first code.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct FirstCode {
    /// Six digits, as the app shows them now.
    pub code: Field<SecretText>,
}

/// One's password again, and a code.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct Proof {
    /// The account's password.
    pub password: Field<SecretText>,
    /// A code of the app, or a recovery code.
    pub code: Field<SecretText>,
}

/// Whether there is a second factor.
#[derive(Object)]
pub struct SecondFactor {
    /// Whether signing in takes a code.
    pub enabled: bool,
    /// Recovery codes that have not been used.
    pub recovery_codes_left: i64,
}

/// What an app is set up with. Shown once.
#[derive(Object)]
pub struct AppSecret {
    /// In base32, for typing.
    pub secret: String,
    /// The same as a link that apps open, or take as a QR code.
    pub uri: String,
}

/// For who has lost the app. Shown once; each works once.
#[derive(Object)]
pub struct RecoveryCodes {
    /// Ten codes.
    pub recovery_codes: Vec<String>,
}

/// Whether there is a second factor.
#[derive(ApiResponse)]
pub enum StateAnswer {
    /// The state.
    #[oai(status = 200)]
    Found(Json<SecondFactor>),
}

/// What an app is set up with.
#[derive(ApiResponse)]
pub enum SecretAnswer {
    /// The secret; it counts once its first code is confirmed.
    #[oai(status = 200)]
    Made(Json<AppSecret>),
}

/// New recovery codes.
#[derive(ApiResponse)]
pub enum CodesAnswer {
    /// The codes; those that were given before do not work any more.
    #[oai(status = 200)]
    Made(Json<RecoveryCodes>),
}

/// An end.
#[derive(ApiResponse)]
pub enum RemovedAnswer {
    /// Signing in takes the password alone.
    #[oai(status = 204)]
    Removed,
}

impl From<Vec<RecoveryCode>> for RecoveryCodes {
    fn from(codes: Vec<RecoveryCode>) -> Self {
        Self {
            recovery_codes: codes.iter().map(RecoveryCode::reveal).collect(),
        }
    }
}

impl AppSecret {
    /// For the app of who has this address.
    pub(super) fn of(secret: &TotpSecret, email: &str) -> Self {
        let secret = secret.reveal();
        let account = utf8_percent_encode(email, NON_ALPHANUMERIC);
        Self {
            uri: format!(
                "otpauth://totp/{ISSUER}:{account}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits=6&period=30"
            ),
            secret,
        }
    }
}

impl Proof {
    /// Password and code.
    pub(super) fn read(self) -> Result<(SecretString, SecretString), Problem> {
        let mut errors = Vec::new();
        let password = self.password.required("password", &mut errors);
        let code = self.code.required("code", &mut errors);
        let proof = password.zip(code).map(|(password, code)| (password.0, code.0));
        proof.ok_or_else(|| Problem::invalid(errors))
    }
}
