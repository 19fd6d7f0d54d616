//! `/auth/totp`: one's own second factor.
use super::caller::{Caller, Profile};
use super::field::Field;
use super::person_fields::SecretText;
use super::problem::Problem;
use super::refusal::{Guarded, Refusal, Statuses};
use super::strict_json::StrictJson;
use super::tags::Chapter;
use crate::crypto::recovery_code::RecoveryCode;
use crate::crypto::totp::TotpSecret;
use crate::domain::sessions::Sessions;
use crate::domain::sessions::log_in::Refused;
use crate::domain::sessions::second_factor::{Changed, Confirmed, Started};
use crate::types::peer::Peer;
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use secrecy::SecretString;

/// The name that apps show.
const ISSUER: &str = "Portcullis";

/// The operations and what they need.
pub struct TotpApi {
    sessions: Sessions,
}

impl TotpApi {
    /// Over the domain's sessions.
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

/// One's password again.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct Password {
    /// The account's password.
    password: Field<SecretText>,
}

/// The app's first code.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct FirstCode {
    /// Six digits, as the app shows them now.
    code: Field<SecretText>,
}

/// One's password again, and a code.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct Proof {
    /// The account's password.
    password: Field<SecretText>,
    /// A code of the app, or a recovery code.
    code: Field<SecretText>,
}

/// Whether there is a second factor.
#[derive(Object)]
struct SecondFactor {
    /// Whether signing in takes a code.
    enabled: bool,
    /// Recovery codes that have not been used.
    recovery_codes_left: i64,
}

/// What an app is set up with. Shown once.
#[derive(Object)]
struct AppSecret {
    /// In base32, for typing.
    secret: String,
    /// The same as a link that apps open, or take as a QR code.
    uri: String,
}

/// For who has lost the app. Shown once; each works once.
#[derive(Object)]
struct RecoveryCodes {
    /// Ten codes.
    recovery_codes: Vec<String>,
}

#[derive(ApiResponse)]
enum StateAnswer {
    /// The state.
    #[oai(status = 200)]
    Found(Json<SecondFactor>),
}

#[derive(ApiResponse)]
enum SecretAnswer {
    /// The secret; it counts once its first code is confirmed.
    #[oai(status = 200)]
    Made(Json<AppSecret>),
}

#[derive(ApiResponse)]
enum CodesAnswer {
    /// The codes; those that were given before do not work any more.
    #[oai(status = 200)]
    Made(Json<RecoveryCodes>),
}

#[derive(ApiResponse)]
enum RemovedAnswer {
    /// Signing in takes the password alone.
    #[oai(status = 204)]
    Removed,
}

/// Operations of who is signed in, with a proof in the body.
#[derive(Debug)]
pub struct Reproving;

impl Statuses for Reproving {
    const OWN: &'static [u16] = &[401, 403, 409, 413, 415];
}

impl From<Vec<RecoveryCode>> for RecoveryCodes {
    fn from(codes: Vec<RecoveryCode>) -> Self {
        Self {
            recovery_codes: codes.iter().map(RecoveryCode::reveal).collect(),
        }
    }
}

fn app_secret(secret: &TotpSecret, email: &str) -> AppSecret {
    let secret = secret.reveal();
    let account = utf8_percent_encode(email, NON_ALPHANUMERIC);
    AppSecret {
        uri: format!(
            "otpauth://totp/{ISSUER}:{account}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits=6&period=30"
        ),
        secret,
    }
}

#[OpenApi(tag = "Chapter::Sessions")]
impl TotpApi {
    /// Whether one has a second factor
    ///
    /// And how many recovery codes are left.
    #[oai(path = "/auth/totp", method = "get", operation_id = "getSecondFactor")]
    async fn get(&self, caller: Caller<Profile>) -> Result<StateAnswer, Refusal<Guarded>> {
        let state = self.sessions.second_factor(&caller.signed_in).await;
        let state = state.map_err(Problem::from)?;
        Ok(StateAnswer::Found(Json(SecondFactor {
            enabled: state.enabled,
            recovery_codes_left: state.recovery_codes_left,
        })))
    }

    /// Set up a second factor
    ///
    /// Gives the secret for an authenticator app (RFC 6238). Nothing changes until its first code is confirmed.
    #[oai(
        path = "/auth/totp/start",
        method = "post",
        operation_id = "startSecondFactor"
    )]
    async fn start(
        &self,
        caller: Caller<Profile>,
        peer: Peer,
        body: StrictJson<Password>,
    ) -> Result<SecretAnswer, Refusal<Reproving>> {
        let mut faults = Vec::new();
        let Some(password) = body.0.password.required("password", &mut faults) else {
            return Err(Problem::invalid(faults).into());
        };
        let who = &caller.signed_in;
        let started = self.sessions.start_second_factor(who, password.0, &peer).await;
        match started.map_err(not_proven)? {
            Started::Secret(secret) => Ok(SecretAnswer::Made(Json(app_secret(&secret, who.email())))),
            Started::Enabled => {
                Err(conflict("second-factor-enabled", "there is a second factor already").into())
            }
        }
    }

    /// Confirm a second factor
    ///
    /// The app's first code: from now on signing in takes one. Gives recovery codes for who loses the app.
    #[oai(
        path = "/auth/totp/confirm",
        method = "post",
        operation_id = "confirmSecondFactor"
    )]
    async fn confirm(
        &self,
        caller: Caller<Profile>,
        peer: Peer,
        body: StrictJson<FirstCode>,
    ) -> Result<CodesAnswer, Refusal<Reproving>> {
        let mut faults = Vec::new();
        let Some(code) = body.0.code.required("code", &mut faults) else {
            return Err(Problem::invalid(faults).into());
        };
        let confirmed = self
            .sessions
            .confirm_second_factor(&caller.signed_in, code.0, &peer)
            .await;
        match confirmed.map_err(Problem::from)? {
            Confirmed::Done(codes) => Ok(CodesAnswer::Made(Json(codes.into()))),
            Confirmed::NotStarted => Err(conflict(
                "second-factor-not-started",
                "no second factor waits to be confirmed",
            )
            .into()),
            Confirmed::WrongCode => {
                let detail = "the code is not what the app shows now; is the device's clock right?";
                Err(Problem::new(StatusCode::FORBIDDEN, "wrong-code", detail).into())
            }
        }
    }

    /// Take the second factor away
    ///
    /// Takes the password and a code.
    #[oai(
        path = "/auth/totp/disable",
        method = "post",
        operation_id = "removeSecondFactor"
    )]
    async fn disable(
        &self,
        caller: Caller<Profile>,
        peer: Peer,
        body: StrictJson<Proof>,
    ) -> Result<RemovedAnswer, Refusal<Reproving>> {
        let (password, code) = proof(body.0)?;
        let who = &caller.signed_in;
        let removed = self
            .sessions
            .remove_second_factor(who, password, code, &peer)
            .await;
        match removed.map_err(not_proven)? {
            Changed::Done(()) => Ok(RemovedAnswer::Removed),
            Changed::NotEnabled => {
                Err(conflict("second-factor-not-enabled", "there is no second factor").into())
            }
        }
    }

    /// New recovery codes
    ///
    /// Takes the password and a code. The old recovery codes do not work any more.
    #[oai(
        path = "/auth/totp/recovery-codes",
        method = "post",
        operation_id = "renewRecoveryCodes"
    )]
    async fn renew_codes(
        &self,
        caller: Caller<Profile>,
        peer: Peer,
        body: StrictJson<Proof>,
    ) -> Result<CodesAnswer, Refusal<Reproving>> {
        let (password, code) = proof(body.0)?;
        let who = &caller.signed_in;
        let renewed = self
            .sessions
            .renew_recovery_codes(who, password, code, &peer)
            .await;
        match renewed.map_err(not_proven)? {
            Changed::Done(codes) => Ok(CodesAnswer::Made(Json(codes.into()))),
            Changed::NotEnabled => {
                Err(conflict("second-factor-not-enabled", "there is no second factor").into())
            }
        }
    }
}

fn proof(body: Proof) -> Result<(SecretString, SecretString), Problem> {
    let mut faults = Vec::new();
    let password = body.password.required("password", &mut faults);
    let code = body.code.required("code", &mut faults);
    let proof = password.zip(code).map(|(password, code)| (password.0, code.0));
    proof.ok_or_else(|| Problem::invalid(faults))
}

/// The token is good, so that 401 would be wrong: a client must not throw it away.
fn not_proven(refused: Refused) -> Problem {
    match refused {
        Refused::Credentials | Refused::SecondFactor => Problem::new(
            StatusCode::FORBIDDEN,
            "wrong-password",
            "the password or the code is not right; nothing was changed",
        ),
        other => other.into(),
    }
}

fn conflict(kind: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, kind, detail)
}
