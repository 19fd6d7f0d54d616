//! Request and response bodies of requests for access.

use crate::domain::access::{HandedOver, LoginRow, RequestRow};
use crate::http::contract::error_responses::Documented;
use crate::http::contract::field::Field;
use crate::types::access::{AccessHours, AccessLevel, AccessReason};
use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};
use secrecy::ExposeSecret;

/// A request for access.
#[derive(Object)]
pub struct AccessRequest {
    /// Request number.
    #[oai(validator(minimum(value = "1")))]
    pub id: i64,
    /// Number of the account that requests access.
    pub requester_id: i64,
    /// Its address; absent once the account was deleted for good.
    #[oai(skip_serializing_if_is_none)]
    pub requester_email: Option<String>,
    /// Its name; may be empty.
    #[oai(skip_serializing_if_is_none)]
    pub requester_name: Option<String>,
    /// What the login may read: `rates-read` or `accounts-audit`.
    pub level: String,
    /// Why access is requested.
    #[oai(validator(max_length = 500))]
    pub reason: String,
    /// The requested period in hours.
    pub hours: i32,
    /// State: `requested`, `approved`, `denied`, `withdrawn` or `ended`.
    pub state: String,
    /// Time of the request.
    pub requested_at: DateTime<Utc>,
    /// Time of the decision.
    #[oai(skip_serializing_if_is_none)]
    pub decided_at: Option<DateTime<Utc>>,
    /// Number of the account that decided.
    #[oai(skip_serializing_if_is_none)]
    pub decided_by: Option<i64>,
    /// Why it was approved or denied.
    #[oai(skip_serializing_if_is_none)]
    pub decision_reason: Option<String>,
    /// End of the approved period.
    #[oai(skip_serializing_if_is_none)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Time at which it was withdrawn, or at which the access ended.
    #[oai(skip_serializing_if_is_none)]
    pub ended_at: Option<DateTime<Utc>>,
    /// Why the access ended: `expired`, `revoked`, `role-changed`, `password-changed`, `sessions-ended` or `account-deleted`.
    #[oai(skip_serializing_if_is_none)]
    pub end_reason: Option<String>,
    /// Number of the account that withdrew or revoked it; absent if the service ended it.
    #[oai(skip_serializing_if_is_none)]
    pub ended_by: Option<i64>,
}

impl From<RequestRow> for AccessRequest {
    fn from(row: RequestRow) -> Self {
        Self {
            id: row.id,
            requester_id: row.requester_id,
            requester_email: row.email,
            requester_name: row.name,
            level: row.level,
            reason: row.reason,
            hours: row.hours,
            state: row.state,
            requested_at: row.requested_at,
            decided_at: row.decided_at,
            decided_by: row.decided_by,
            decision_reason: row.decision_reason,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            end_reason: row.end_reason,
            ended_by: row.ended_by,
        }
    }
}

/// A page of requests, newest first.
#[derive(Object)]
pub struct AccessRequestList {
    /// Requests on this page.
    pub requests: Vec<AccessRequest>,
}

/// Access to request.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct AccessRequestCreation {
    /// What the login may read.
    pub level: Field<AccessLevel>,
    /// Why. The person who decides reads it.
    pub reason: Field<AccessReason>,
    /// For how many hours, at most 365 days.
    pub hours: Field<AccessHours>,
}

/// A decision on a request.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct AccessDecision {
    /// Why. The requester reads it.
    pub reason: Field<AccessReason>,
}

/// A page of requests.
#[derive(ApiResponse)]
pub enum AccessRequestsResponse {
    /// A page of requests. `Link` with `rel="next"` points to the next page, if any.
    #[oai(status = 200)]
    Page(Json<AccessRequestList>, #[oai(header = "Link")] Option<String>),
}

/// A created request.
#[derive(ApiResponse)]
pub enum AccessRequested {
    /// The request waits for a decision. `Location` is its path.
    #[oai(status = 201)]
    Created(Json<AccessRequest>, #[oai(header = "Location")] String),
}

impl From<RequestRow> for AccessRequested {
    fn from(row: RequestRow) -> Self {
        let location = format!("/access/requests/{}", row.id);
        Self::Created(Json(row.into()), location)
    }
}

/// A database login of a person.
#[derive(Object)]
pub struct AccessLogin {
    /// User name in the database.
    pub name: String,
    /// The request that was approved, with its requester.
    pub request: AccessRequest,
    /// Time at which it was issued.
    #[oai(skip_serializing_if_is_none)]
    pub issued_at: Option<DateTime<Utc>>,
    /// Its end.
    pub expires_at: DateTime<Utc>,
    /// Time at which its owner got it.
    #[oai(skip_serializing_if_is_none)]
    pub collected_at: Option<DateTime<Utc>>,
    /// Time at which its end was decided.
    #[oai(skip_serializing_if_is_none)]
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it ended: `expired`, `revoked`, `uncollected`, `compromised` or `lost`.
    #[oai(skip_serializing_if_is_none)]
    pub end_reason: Option<String>,
    /// Time at which the login was dropped.
    #[oai(skip_serializing_if_is_none)]
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<(LoginRow, RequestRow)> for AccessLogin {
    fn from((login, request): (LoginRow, RequestRow)) -> Self {
        Self {
            name: login.name.unwrap_or_default(),
            request: request.into(),
            issued_at: login.issued_at,
            expires_at: login.expires_at,
            collected_at: login.collected_at,
            ended_at: login.ended_at,
            end_reason: login.end_reason,
            revoked_at: login.revoked_at,
        }
    }
}

/// Credentials of a database login.
#[derive(Object)]
pub struct AccessCredentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// The end of the login.
    pub expires_at: DateTime<Utc>,
}

/// A collected login.
#[derive(ApiResponse)]
pub enum AccessLoginCollected {
    /// The credentials. They are not shown again.
    #[oai(status = 200)]
    HandedOver(Json<AccessCredentials>),
}

impl From<HandedOver> for AccessLoginCollected {
    fn from(login: HandedOver) -> Self {
        Self::HandedOver(Json(AccessCredentials {
            username: login.username,
            password: login.password.expose_secret().to_owned(),
            expires_at: login.expires_at,
        }))
    }
}

/// Errors of changes of a request.
#[derive(Debug)]
pub struct AccessChangeErrors;

impl Documented for AccessChangeErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404, 409];
}

/// Errors of operations on requests with a body.
#[derive(Debug)]
pub struct AccessBodyErrors;

impl Documented for AccessBodyErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404, 409, 413, 415];
}
