//! `/auth/totp`: one's own second factor.

/// Bodies of requests and responses.
mod dto;

use crate::domain::sessions::Sessions;
use crate::domain::sessions::error::LoginError;
use crate::domain::sessions::second_factor::{ConfirmationOutcome, FactorChangeOutcome, SetupOutcome};
use crate::http::contract::auth::{Caller, Profile};
use crate::http::contract::error_responses::{Guarded, GuardedDeed, Refusal};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::client_info::ClientInfo;
use dto::{
    AppSecret, CodesAnswer, FirstCode, Password, Proof, RemovedAnswer, SecondFactor, SecretAnswer,
    StateAnswer,
};
use http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::payload::Json;

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

#[OpenApi(tag = "ApiTag::Sessions")]
impl TotpApi {
    /// Whether one has a second factor
    ///
    /// And how many recovery codes are left.
    #[oai(path = "/auth/totp", method = "get", operation_id = "getSecondFactor")]
    async fn get(&self, caller: Caller<Profile>) -> Result<StateAnswer, Refusal<Guarded>> {
        let state = self.sessions.second_factor_status(&caller.signed_in).await;
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
        client: ClientInfo,
        body: StrictJson<Password>,
    ) -> Result<SecretAnswer, Refusal<GuardedDeed>> {
        let mut errors = Vec::new();
        let Some(password) = body.0.password.required("password", &mut errors) else {
            return Err(Problem::invalid(errors).into());
        };
        let who = &caller.signed_in;
        let started = self.sessions.start_second_factor(who, password.0, &client).await;
        match started.map_err(not_proven)? {
            SetupOutcome::Secret(secret) => Ok(SecretAnswer::Made(Json(AppSecret::of(&secret, who.email())))),
            SetupOutcome::AlreadyEnabled => {
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
        client: ClientInfo,
        body: StrictJson<FirstCode>,
    ) -> Result<CodesAnswer, Refusal<GuardedDeed>> {
        let mut errors = Vec::new();
        let Some(code) = body.0.code.required("code", &mut errors) else {
            return Err(Problem::invalid(errors).into());
        };
        let confirmed = self
            .sessions
            .confirm_second_factor(&caller.signed_in, code.0, &client)
            .await;
        match confirmed.map_err(Problem::from)? {
            ConfirmationOutcome::Done(codes) => Ok(CodesAnswer::Made(Json(codes.into()))),
            ConfirmationOutcome::NotStarted => Err(conflict(
                "second-factor-not-started",
                "no second factor waits to be confirmed",
            )
            .into()),
            ConfirmationOutcome::WrongCode => {
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
        client: ClientInfo,
        body: StrictJson<Proof>,
    ) -> Result<RemovedAnswer, Refusal<GuardedDeed>> {
        let (password, code) = body.0.read()?;
        let who = &caller.signed_in;
        let removed = self
            .sessions
            .remove_second_factor(who, password, code, &client)
            .await;
        match removed.map_err(not_proven)? {
            FactorChangeOutcome::Done(()) => Ok(RemovedAnswer::Removed),
            FactorChangeOutcome::NotEnabled => {
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
        client: ClientInfo,
        body: StrictJson<Proof>,
    ) -> Result<CodesAnswer, Refusal<GuardedDeed>> {
        let (password, code) = body.0.read()?;
        let who = &caller.signed_in;
        let renewed = self
            .sessions
            .renew_recovery_codes(who, password, code, &client)
            .await;
        match renewed.map_err(not_proven)? {
            FactorChangeOutcome::Done(codes) => Ok(CodesAnswer::Made(Json(codes.into()))),
            FactorChangeOutcome::NotEnabled => {
                Err(conflict("second-factor-not-enabled", "there is no second factor").into())
            }
        }
    }
}

/// The token is good, so that 401 would be wrong: a client must not throw it away.
fn not_proven(refused: LoginError) -> Problem {
    match refused {
        LoginError::InvalidCredentials | LoginError::SecondFactorRequired => Problem::new(
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
