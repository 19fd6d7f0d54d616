//! `/access/requests`: requests for access to the database, and decisions on them.

/// Bodies of requests and responses.
mod dto;

/// Problems.
mod errors;

/// Fields of requests.
mod fields;

use crate::domain::access::error::AccessError;
use crate::domain::access::{Access, Decision, NewRequest, RequestQuery};
use crate::http::contract::auth::{AccessApproveScope, AuditReadScope, Caller, ProfileScope, proof_required};
use crate::http::contract::error_responses::{AuthNotFoundErrors, ErrorResponse};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::pagination::{Limit, next_link};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::access::{AccessRequestId, AccessState};
use crate::types::client_info::ClientInfo;
use dto::{
    AccessBodyErrors, AccessChangeErrors, AccessDecision, AccessLogin, AccessLoginCollected, AccessRequest,
    AccessRequestCreation, AccessRequestList, AccessRequested, AccessRequestsResponse,
};
use fields::LoginName;
use http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;

/// The operations.
pub struct AccessApi {
    access: Option<Access>,
}

impl AccessApi {
    /// Operations on these requests. `None`: the settings disable them.
    pub fn new(access: Option<Access>) -> Self {
        Self { access }
    }

    fn access(&self) -> Result<&Access, Problem> {
        let disabled = || Problem::of_status(StatusCode::NOT_FOUND);
        self.access.as_ref().ok_or_else(disabled)
    }

    async fn decide(
        &self,
        caller: &Caller<AccessApproveScope>,
        client: &ClientInfo,
        id: Field<AccessRequestId>,
        body: AccessDecision,
        decision: Decision,
    ) -> Result<Json<AccessRequest>, ErrorResponse<AccessBodyErrors>> {
        let (access, id) = (self.access()?, segment(id)?);
        let mut errors = Vec::new();
        let reason = body.reason.required("reason", &mut errors);
        let reason = reason.ok_or_else(|| Problem::invalid(errors))?;
        // The scope was verified before.
        let approver = caller.signed_in.as_approver().ok_or_else(proof_required)?;
        let row = access.decide(&approver, client, id, decision, reason).await?;
        Ok(Json(row.into()))
    }
}

#[OpenApi(tag = "ApiTag::Access")]
impl AccessApi {
    /// Request access to the database
    ///
    /// Another person decides; the approvers get a mail. At most five requests of an account can wait for a decision, and at most 20
    /// can be made within a day. Requires a recent sign-in or
    /// `POST /auth/reauthenticate`. This and the other operations on access are answered with 404 unless the setting
    /// `ACCESS_REQUESTS` enables them.
    #[oai(path = "/access/requests", method = "post", operation_id = "requestAccess")]
    async fn request(
        &self,
        caller: Caller<ProfileScope>,
        client: ClientInfo,
        body: StrictJson<AccessRequestCreation>,
    ) -> Result<AccessRequested, ErrorResponse<AccessBodyErrors>> {
        let access = self.access()?;
        let mut errors = Vec::new();
        let level = body.0.level.required("level", &mut errors);
        let reason = body.0.reason.required("reason", &mut errors);
        let hours = body.0.hours.required("hours", &mut errors);
        let (Some(level), Some(reason), Some(hours)) = (level, reason, hours) else {
            return Err(Problem::invalid(errors).into());
        };
        let new = NewRequest { level, reason, hours };
        let created = access.request(&caller.recently_proven()?, &client, new).await;
        Ok(created?.into())
    }

    /// List requests for access
    ///
    /// Lists the caller's requests, newest first, page by page; for approvers and administrators those of everyone.
    #[oai(
        path = "/access/requests",
        method = "get",
        operation_id = "listAccessRequests"
    )]
    async fn list(
        &self,
        caller: Caller<ProfileScope>,
        /// Only requests in this state.
        state: Query<Field<AccessState, Optional>>,
        /// Number of the last request on the previous page.
        before: Query<Field<AccessRequestId, Optional>>,
        /// Maximum number of requests on a page.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<AccessRequestsResponse, ErrorResponse<AuthNotFoundErrors>> {
        let access = self.access()?;
        let mut errors = Vec::new();
        let state = state.0.optional("state", &mut errors);
        let before = before.0.optional("before", &mut errors);
        let limit = limit.0.optional("limit", &mut errors).unwrap_or_default().0;
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let query = RequestQuery { state, before, limit };
        let page = access.list(&caller.signed_in, query).await?;
        let link = page.next.map(|key| {
            let mut parameters = vec![("limit", limit.to_string())];
            parameters.extend(state.map(|state| ("state", state.as_str().to_owned())));
            parameters.push(("before", key));
            next_link("/access/requests", &parameters)
        });
        let requests = page.items.into_iter().map(AccessRequest::from).collect();
        Ok(AccessRequestsResponse::Page(
            Json(AccessRequestList { requests }),
            link,
        ))
    }

    /// Get a request for access
    ///
    /// Requests of other accounts are not found, except by approvers and administrators.
    #[oai(
        path = "/access/requests/:id",
        method = "get",
        operation_id = "getAccessRequest"
    )]
    async fn get(
        &self,
        caller: Caller<ProfileScope>,
        /// Request number.
        id: Path<Field<AccessRequestId>>,
    ) -> Result<Json<AccessRequest>, ErrorResponse<AuthNotFoundErrors>> {
        let (access, id) = (self.access()?, segment(id.0)?);
        let row = access.get(&caller.signed_in, id).await?;
        Ok(Json(row.into()))
    }

    /// Approve a request for access
    ///
    /// The period begins now. The requester, the other approvers and the administrators get a mail. An own request is 403: another
    /// person approves it. Of concurrent decisions one succeeds, the others are 409.
    /// Requires that the caller's credentials were verified recently.
    #[oai(
        path = "/access/requests/:id/approve",
        method = "post",
        operation_id = "approveAccessRequest"
    )]
    async fn approve(
        &self,
        caller: Caller<AccessApproveScope>,
        client: ClientInfo,
        /// Request number.
        id: Path<Field<AccessRequestId>>,
        body: StrictJson<AccessDecision>,
    ) -> Result<Json<AccessRequest>, ErrorResponse<AccessBodyErrors>> {
        self.decide(&caller, &client, id.0, body.0, Decision::Approve)
            .await
    }

    /// Deny a request for access
    ///
    /// Requires that the caller's credentials were verified recently.
    #[oai(
        path = "/access/requests/:id/deny",
        method = "post",
        operation_id = "denyAccessRequest"
    )]
    async fn deny(
        &self,
        caller: Caller<AccessApproveScope>,
        client: ClientInfo,
        /// Request number.
        id: Path<Field<AccessRequestId>>,
        body: StrictJson<AccessDecision>,
    ) -> Result<Json<AccessRequest>, ErrorResponse<AccessBodyErrors>> {
        self.decide(&caller, &client, id.0, body.0, Decision::Deny).await
    }

    /// Withdraw a request for access
    ///
    /// Only the requester, and only before a decision.
    #[oai(
        path = "/access/requests/:id/withdraw",
        method = "post",
        operation_id = "withdrawAccessRequest"
    )]
    async fn withdraw(
        &self,
        caller: Caller<ProfileScope>,
        client: ClientInfo,
        /// Request number.
        id: Path<Field<AccessRequestId>>,
    ) -> Result<Json<AccessRequest>, ErrorResponse<AccessChangeErrors>> {
        let (access, id) = (self.access()?, segment(id.0)?);
        let row = access.withdraw(&caller.signed_in, &client, id).await?;
        Ok(Json(row.into()))
    }

    /// Collect a database login
    ///
    /// Hands the newest login of an own, approved request over, once: another call is 409. While none is issued, or another
    /// call hands it over, it is 503 with `Retry-After`. Logins live for 30 days at most; a day before the end of one the next one is
    /// issued, and its owner gets a mail. If the credentials were read already, the login is revoked and the answer is 409. Requires a
    /// recent sign-in or `POST /auth/reauthenticate`.
    #[oai(
        path = "/access/requests/:id/login",
        method = "post",
        operation_id = "collectAccessLogin"
    )]
    async fn collect(
        &self,
        caller: Caller<ProfileScope>,
        client: ClientInfo,
        /// Request number.
        id: Path<Field<AccessRequestId>>,
    ) -> Result<AccessLoginCollected, ErrorResponse<AccessChangeErrors>> {
        let (access, id) = (self.access()?, segment(id.0)?);
        let handed_over = access.collect(&caller.recently_proven()?, &client, id).await?;
        Ok(handed_over.into())
    }

    /// Find the person behind a database login
    ///
    /// The user name of a line of PostgreSQL's log identifies a person and the request that was approved.
    #[oai(
        path = "/access/logins/:name",
        method = "get",
        operation_id = "getAccessLogin"
    )]
    async fn find_login(
        &self,
        caller: Caller<AuditReadScope>,
        /// User name in the database.
        name: Path<Field<LoginName>>,
    ) -> Result<Json<AccessLogin>, ErrorResponse<AuthNotFoundErrors>> {
        let (access, admin) = (self.access()?, caller.admin()?);
        let name = name.0.segment().ok_or_else(missing_login)?;
        match access.find_login(&admin, &name.0).await {
            Ok(found) => Ok(Json(found.into())),
            Err(AccessError::NotFound) => Err(missing_login().into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Revoke access
    ///
    /// Ends approved access at once, with its logins and their sessions: the requester, an approver or an administrator.
    #[oai(
        path = "/access/requests/:id/revoke",
        method = "post",
        operation_id = "revokeAccess"
    )]
    async fn revoke(
        &self,
        caller: Caller<ProfileScope>,
        client: ClientInfo,
        /// Request number.
        id: Path<Field<AccessRequestId>>,
    ) -> Result<Json<AccessRequest>, ErrorResponse<AccessChangeErrors>> {
        let (access, id) = (self.access()?, segment(id.0)?);
        let row = access.revoke(&caller.signed_in, &client, id).await?;
        Ok(Json(row.into()))
    }
}

fn segment(id: Field<AccessRequestId>) -> Result<AccessRequestId, Problem> {
    id.segment()
        .ok_or_else(|| Problem::not_found("the request does not exist"))
}

fn missing_login() -> Problem {
    Problem::not_found("the login does not exist")
}
