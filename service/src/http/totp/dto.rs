//! Request and response bodies of `/auth/totp`.

use super::fields::{TypedCode, TypedTotpCode};
use crate::crypto::one_time_code::OneTimeCode;
use crate::crypto::recovery_code::RecoveryCode;
use crate::crypto::totp::TotpSecret;
use crate::http::accounts::fields::SecretText;
use crate::http::contract::field::Field;
use crate::http::contract::problem::Problem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};
use secrecy::SecretString;

/// The issuer that authenticator apps show.
const ISSUER: &str = "Portcullis";

/// The password of the caller.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct PasswordRequest {
    /// Password of the account.
    pub password: Field<SecretText>,
}

/// The first code of an authenticator app.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct CodeRequest {
    /// The six digits that the app currently shows.
    pub code: Field<TypedTotpCode>,
}

/// The password of the caller and a code.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct PasswordAndCode {
    /// Password of the account.
    pub password: Field<SecretText>,
    /// Code of the authenticator app, or a recovery code.
    pub code: Field<TypedCode>,
}

/// The status of the second factor.
#[derive(Object)]
pub struct SecondFactor {
    /// Whether signing in requires a code.
    pub enabled: bool,
    /// Number of unused recovery codes.
    pub recovery_codes_left: i64,
}

/// The secret for an authenticator app. Returned once.
#[derive(Object)]
pub struct TotpSetup {
    /// Secret in base32, for manual entry.
    pub secret: String,
    /// Secret as an `otpauth` URI, for a link or a QR code.
    pub uri: String,
}

/// Recovery codes. Returned once; each is valid once.
#[derive(Object)]
// Not named like its member: the Python client would assign a list and an object to one variable.
#[oai(rename = "RecoveryCodeList")]
pub struct RecoveryCodes {
    /// Ten recovery codes.
    pub recovery_codes: Vec<String>,
}

/// The status of the second factor.
#[derive(ApiResponse)]
pub enum StatusResponse {
    /// The status of the second factor.
    #[oai(status = 200)]
    Found(Json<SecondFactor>),
}

/// A started set-up.
#[derive(ApiResponse)]
pub enum SetupResponse {
    /// The secret. Confirm its first code to enable the second factor.
    #[oai(status = 200)]
    Started(Json<TotpSetup>),
}

/// New recovery codes.
#[derive(ApiResponse)]
pub enum RecoveryCodesResponse {
    /// The new recovery codes. Earlier ones are invalid.
    #[oai(status = 200)]
    Issued(Json<RecoveryCodes>),
}

/// A removed second factor.
#[derive(ApiResponse)]
pub enum SecondFactorRemoved {
    /// Removed. Signing in requires only the password.
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

impl TotpSetup {
    /// The set-up for the account with this address.
    pub fn of(secret: &TotpSecret, email: &str) -> Self {
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

impl PasswordAndCode {
    /// Password and code; 400 if either is missing or invalid.
    pub(super) fn read(self) -> Result<(SecretString, OneTimeCode), Problem> {
        let mut errors = Vec::new();
        let password = self.password.required("password", &mut errors);
        let code = self.code.required("code", &mut errors);
        let pair = password.zip(code).map(|(password, code)| (password.0, code.0));
        pair.ok_or_else(|| Problem::invalid(errors))
    }
}
