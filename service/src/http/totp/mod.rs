//! `/auth/totp`: the caller's second factor.

/// Bodies of requests and responses.
pub mod dto;

/// Codes in bodies and forms.
pub mod fields;

use crate::domain::sessions::Sessions;
use crate::domain::sessions::second_factor::{ConfirmationOutcome, FactorChangeOutcome, SetupOutcome};
use crate::http::contract::auth::{Caller, ProfileScope, SetupScope};
use crate::http::contract::error_responses::{AuthConflictErrors, AuthErrors, ErrorResponse};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::http::sessions::errors::in_session;
use crate::types::client_info::ClientInfo;
use dto::{
    CodeRequest, PasswordAndCode, PasswordRequest, RecoveryCodesResponse, SecondFactor, SecondFactorRemoved,
    SetupResponse, StatusResponse, TotpSetup,
};
use http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::payload::Json;

/// The operations.
pub struct TotpApi {
    sessions: Sessions,
}

impl TotpApi {
    /// Operations on these sessions.
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

#[OpenApi(tag = "ApiTag::Sessions")]
impl TotpApi {
    /// Get the second factor's status
    ///
    /// Whether it is enabled, and how many recovery codes are left.
    #[oai(path = "/auth/totp", method = "get", operation_id = "getSecondFactor")]
    async fn get(&self, caller: Caller<SetupScope>) -> Result<StatusResponse, ErrorResponse<AuthErrors>> {
        let state = self.sessions.second_factor_status(&caller.signed_in).await;
        let state = state.map_err(Problem::from)?;
        Ok(StatusResponse::Found(Json(SecondFactor {
            enabled: state.enabled,
            recovery_codes_left: state.recovery_codes_left,
        })))
    }

    /// Set up a second factor
    ///
    /// Returns the secret for an authenticator app (RFC 6238). The second factor is enabled once its first code is confirmed,
    /// in the same session and within 15 minutes.
    #[oai(
        path = "/auth/totp/start",
        method = "post",
        operation_id = "startSecondFactor"
    )]
    async fn start(
        &self,
        caller: Caller<SetupScope>,
        client: ClientInfo,
        body: StrictJson<PasswordRequest>,
    ) -> Result<SetupResponse, ErrorResponse<AuthConflictErrors>> {
        let mut errors = Vec::new();
        let Some(password) = body.0.password.required("password", &mut errors) else {
            return Err(Problem::invalid(errors).into());
        };
        let who = &caller.signed_in;
        let started = self.sessions.start_second_factor(who, password.0, &client).await;
        match started.map_err(in_session)? {
            SetupOutcome::Secret(secret) => {
                Ok(SetupResponse::Started(Json(TotpSetup::of(&secret, who.email()))))
            }
            SetupOutcome::AlreadyEnabled => {
                Err(conflict("second-factor-enabled", "a second factor is already enabled").into())
            }
        }
    }

    /// Confirm the second factor
    ///
    /// Takes the app's first code and enables the second factor. Returns recovery codes for the case that the app is lost.
    /// Revokes every other session and notifies the owner by mail.
    #[oai(
        path = "/auth/totp/confirm",
        method = "post",
        operation_id = "confirmSecondFactor"
    )]
    async fn confirm(
        &self,
        caller: Caller<SetupScope>,
        client: ClientInfo,
        body: StrictJson<CodeRequest>,
    ) -> Result<RecoveryCodesResponse, ErrorResponse<AuthConflictErrors>> {
        let mut errors = Vec::new();
        let Some(code) = body.0.code.required("code", &mut errors) else {
            return Err(Problem::invalid(errors).into());
        };
        let confirmed = self
            .sessions
            .confirm_second_factor(&caller.signed_in, code.0, &client)
            .await;
        match confirmed.map_err(Problem::from)? {
            ConfirmationOutcome::Done(codes) => Ok(RecoveryCodesResponse::Issued(Json(codes.into()))),
            ConfirmationOutcome::NotStarted => Err(conflict(
                "second-factor-not-started",
                "no second factor was started in this session within the last 15 minutes",
            )
            .into()),
            ConfirmationOutcome::WrongCode => {
                let detail = "the code is wrong; check that the clock of the device is correct";
                Err(Problem::new(StatusCode::FORBIDDEN, "wrong-code", detail).into())
            }
        }
    }

    /// Remove the second factor
    ///
    /// Requires the password and a code. Revokes every other session and notifies the owner by mail.
    #[oai(
        path = "/auth/totp/disable",
        method = "post",
        operation_id = "removeSecondFactor"
    )]
    async fn disable(
        &self,
        caller: Caller<ProfileScope>,
        client: ClientInfo,
        body: StrictJson<PasswordAndCode>,
    ) -> Result<SecondFactorRemoved, ErrorResponse<AuthConflictErrors>> {
        let (password, code) = body.0.read()?;
        let who = &caller.signed_in;
        let removed = self
            .sessions
            .remove_second_factor(who, password, code, &client)
            .await;
        match removed.map_err(in_session)? {
            FactorChangeOutcome::Done(()) => Ok(SecondFactorRemoved::Removed),
            FactorChangeOutcome::NotEnabled => {
                Err(conflict("second-factor-not-enabled", "no second factor is enabled").into())
            }
        }
    }

    /// Replace the recovery codes
    ///
    /// Requires the password and a code. The earlier recovery codes become invalid.
    #[oai(
        path = "/auth/totp/recovery-codes",
        method = "post",
        operation_id = "renewRecoveryCodes"
    )]
    async fn renew_codes(
        &self,
        caller: Caller<ProfileScope>,
        client: ClientInfo,
        body: StrictJson<PasswordAndCode>,
    ) -> Result<RecoveryCodesResponse, ErrorResponse<AuthConflictErrors>> {
        let (password, code) = body.0.read()?;
        let who = &caller.signed_in;
        let renewed = self
            .sessions
            .renew_recovery_codes(who, password, code, &client)
            .await;
        match renewed.map_err(in_session)? {
            FactorChangeOutcome::Done(codes) => Ok(RecoveryCodesResponse::Issued(Json(codes.into()))),
            FactorChangeOutcome::NotEnabled => {
                Err(conflict("second-factor-not-enabled", "no second factor is enabled").into())
            }
        }
    }
}

fn conflict(kind: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, kind, detail)
}
