//! Response bodies of batch operations.

use crate::domain::uploads as domain;
use crate::http::contract::error_responses::Documented;
use crate::types::upload::UploadState;
use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};
use serde_json::Value;

/// A batch of prices, from its upload on.
#[derive(Object)]
pub struct Batch {
    /// Number of the batch.
    #[oai(validator(minimum(value = "1")))]
    pub id: i64,
    /// `receiving`, `queued`, `running`; then `committed`, `checked` (a dry run found no invalid row), `failed` or `cancelled`; and
    /// `withdrawn` if it was stored before.
    pub state: String,
    /// Prices checked or stored so far.
    #[oai(validator(minimum(value = "0")))]
    pub rows_done: i64,
    /// Number of its prices, as soon as all are checked.
    #[oai(skip_serializing_if_is_none, validator(minimum(value = "0")))]
    pub rows_total: Option<i64>,
    /// Number of the batch that has these prices: this one, or an earlier one with the same content.
    #[oai(skip_serializing_if_is_none, validator(minimum(value = "1")))]
    pub stored_as: Option<i64>,
    /// How it was uploaded. Missing: the command line imported it.
    #[oai(skip_serializing_if_is_none)]
    pub upload: Option<UploadDetails>,
    /// When the upload began, or when it was imported.
    pub created_at: DateTime<Utc>,
    /// When it was stored, checked, cancelled, or failed.
    #[oai(skip_serializing_if_is_none)]
    pub ended_at: Option<DateTime<Utc>>,
    /// When it was withdrawn.
    #[oai(skip_serializing_if_is_none)]
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// How a batch was uploaded.
#[derive(Object)]
pub struct UploadDetails {
    /// The account or machine client that sent it, such as `account:7`.
    pub subject: String,
    /// `csv`, `ndjson` or `json`.
    pub format: String,
    /// Whether nothing is stored.
    pub dry_run: bool,
    /// Why nothing was stored, if not for single rows.
    #[oai(skip_serializing_if_is_none)]
    pub reason: Option<String>,
    /// Number of invalid rows.
    #[oai(validator(minimum(value = "0")))]
    pub error_count: i64,
    /// The first 1000 invalid rows. Lists of batches leave them out.
    #[oai(default, skip_serializing_if_is_empty)]
    pub errors: Vec<InvalidRow>,
}

/// An invalid row of a batch.
#[derive(Object)]
pub struct InvalidRow {
    /// Line, from 1; in a JSON array, the number of the element.
    #[oai(validator(minimum(value = "1")))]
    pub line: u64,
    /// The invalid field; empty for the whole line.
    pub field: String,
    /// The violated rule.
    pub reason: String,
}

/// A page of batches, newest first.
#[derive(Object)]
pub struct BatchList {
    /// Batches on this page.
    pub batches: Vec<Batch>,
}

/// A page of batches.
#[derive(ApiResponse)]
pub enum BatchesResponse {
    /// A page of batches. `Link` with `rel="next"` points to the next page, if any.
    #[oai(status = 200)]
    Page(Json<BatchList>, #[oai(header = "Link")] Option<String>),
}

/// A batch.
#[derive(ApiResponse)]
pub enum BatchResponse {
    /// The batch.
    #[oai(status = 200)]
    Found(Json<Batch>),
}

/// An uploaded batch.
#[derive(ApiResponse)]
pub enum UploadResponse {
    /// The upload has ended within the time of `Prefer: wait`: it is stored, or the dry run found no invalid row.
    #[oai(status = 200)]
    Ended(Json<Batch>, #[oai(header = "Location")] String),
    /// The body is received. `Location` is the path of the batch, whose `state` says how far it is.
    #[oai(status = 202)]
    Accepted(
        Json<Batch>,
        #[oai(header = "Location")] String,
        #[oai(header = "Retry-After")] u64,
    ),
}

/// A cancelled batch.
#[derive(ApiResponse)]
pub enum DeleteResponse {
    /// Nothing of the batch is stored.
    #[oai(status = 200)]
    Deleted(Json<Batch>),
    /// It is being stored at this moment and is cancelled unless it commits first: get it again.
    #[oai(status = 202)]
    Requested(Json<Batch>),
}

/// Errors of an upload.
#[derive(Debug)]
pub struct UploadErrors;

impl Documented for UploadErrors {
    const STATUSES: &'static [u16] = &[401, 403, 409, 413, 415, 422];
}

/// Errors of deleting a batch.
#[derive(Debug)]
pub struct DeleteErrors;

impl Documented for DeleteErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404, 409];
}

impl Batch {
    /// Without its invalid rows.
    pub fn summary(batch: domain::Batch) -> Self {
        Self::with_errors(batch, Vec::new())
    }

    /// With its first invalid rows.
    pub fn with_errors(batch: domain::Batch, errors: Vec<InvalidRow>) -> Self {
        let (id, stored) = (batch.id, batch.stored);
        let withdrawn_at = stored.and_then(|stored| stored.withdrawn_at);
        let state = |state: &str| withdrawn_at.map_or(state, |_| "withdrawn").to_owned();
        match (batch.upload, stored) {
            (Some(row), _) => Self {
                id,
                state: state(&row.state),
                rows_done: row.rows_done,
                rows_total: row.rows_total,
                stored_as: row.stored_as,
                upload: Some(UploadDetails {
                    errors,
                    subject: row.subject,
                    format: row.format,
                    dry_run: row.dry_run,
                    reason: row.reason,
                    error_count: row.error_count,
                }),
                created_at: row.created_at,
                ended_at: row.ended_at,
                withdrawn_at,
            },
            (None, stored) => {
                let (prices, created_at) =
                    stored.map_or_else(Default::default, |stored| (stored.price_count, stored.created_at));
                Self {
                    id,
                    state: state(UploadState::Committed.as_str()),
                    rows_done: prices,
                    rows_total: Some(prices),
                    stored_as: Some(id),
                    upload: None,
                    created_at,
                    ended_at: Some(created_at),
                    withdrawn_at,
                }
            }
        }
    }
}

/// The invalid rows, as the job stored them.
pub fn invalid_rows(stored: Option<Value>) -> Vec<InvalidRow> {
    let stored = stored.unwrap_or_default();
    let rows = stored.as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.iter()
        .map(|row| InvalidRow {
            line: row["line"].as_u64().unwrap_or_default(),
            field: text(&row["field"]),
            reason: text(&row["reason"]),
        })
        .collect()
}
