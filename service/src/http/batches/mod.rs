//! `/rates/batches` and `/rates/batches/{id}`: batches of prices, from their upload to their withdrawal.

/// Bodies of requests.
mod body;

/// Bodies of responses.
mod dto;

/// Parameters and headers.
mod fields;

use crate::domain::batches::catalog::BatchRow;
use crate::domain::uploads::{
    Begun, MAX_ACTIVE_PER_SUBJECT, ReceiveError, Received, Reception, UploadRequest, UploadRow, Uploads,
    WithdrawError,
};
use crate::http::contract::any_caller::AnyCaller;
use crate::http::contract::auth::RatesWriteScope;
use crate::http::contract::error_responses::{AuthErrors, AuthNotFoundErrors, ErrorResponse};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::header_field::HeaderField;
use crate::http::contract::pagination::{Limit, next_link};
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use crate::types::client_info::ClientInfo;
use crate::types::field_error::FieldError;
use crate::types::upload::{BatchId, IdempotencyKey, UploadState};
use body::PriceBody;
use dto::{
    Batch, BatchList, BatchResponse, BatchesResponse, DeleteErrors, DeleteResponse, InvalidRow, UploadErrors,
    UploadResponse, invalid_rows,
};
use fields::{DryRun, Prefer};
use http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use std::time::Duration;

/// Invalid rows in a problem; the batch lists more.
const MAX_PROBLEM_ERRORS: usize = 100;

/// When a client should get an upload again.
const POLL_DELAY: Duration = Duration::from_secs(1);

/// When a client should repeat an upload that the service failed to store: what prevented it may last.
const REPEAT_DELAY: Duration = Duration::from_secs(30);

/// When a client should repeat a withdrawal.
const WITHDRAW_DELAY: Duration = Duration::from_secs(5);

/// Maximum size of a body in bytes, as it is sent: about 20 million prices in gzip.
pub const MAX_BODY: usize = 64 << 20;

/// Content codings of bodies.
pub const CODINGS: &[&str] = &["gzip", "x-gzip", "zstd"];

/// The operations.
pub struct BatchesApi {
    /// `None`: uploads are off.
    uploads: Option<Uploads>,
}

impl BatchesApi {
    /// Operations on these uploads, if they are enabled.
    pub fn new(uploads: Option<Uploads>) -> Self {
        Self { uploads }
    }

    fn uploads(&self) -> Result<&Uploads, Problem> {
        self.uploads
            .as_ref()
            .ok_or_else(|| Problem::of_status(StatusCode::NOT_FOUND))
    }
}

#[OpenApi(tag = "ApiTag::Batches")]
impl BatchesApi {
    /// Upload a batch of prices
    ///
    /// Stores all prices of the body, as JSON, CSV or NDJSON, or none. The answer is 202 as soon as the body is received; `Location` shows the progress. With
    /// `Prefer: wait=N` the answer waits up to N seconds, at most 30, for the end: 200 if the batch is stored or, in a dry run, valid,
    /// 422 if a row is invalid, 503 if the service failed to store it: then the same request may be repeated. The same content is stored once, whatever its format and order. Available only if the setting
    /// `UPLOADS` is on; otherwise answered with 404.
    #[oai(path = "/rates/batches", method = "post", operation_id = "uploadBatch")]
    async fn upload(
        &self,
        caller: AnyCaller<RatesWriteScope>,
        /// `true` checks all prices and stores nothing.
        dry_run: Query<Field<DryRun, Optional>>,
        /// Identifies the request, so that it can be repeated: the same key with the same request has the effect and the answer of
        /// one, with another request it is 422. Expires 24 hours after the end of the upload.
        #[oai(name = "Idempotency-Key")]
        key: HeaderField<IdempotencyKey>,
        /// `wait=N` waits for the end of the upload (RFC 7240).
        #[oai(name = "Prefer")]
        prefer: HeaderField<Prefer, Optional>,
        body: PriceBody,
    ) -> Result<UploadResponse, ErrorResponse<UploadErrors>> {
        let uploads = self.uploads()?;
        let mut errors = Vec::new();
        let dry_run = dry_run
            .0
            .optional("dry_run", &mut errors)
            .unwrap_or(DryRun(false))
            .0;
        let wait = prefer.optional(&mut errors).unwrap_or_default().wait;
        let key = key.required(&mut errors).filter(|_| errors.is_empty());
        let key = key.ok_or_else(|| Problem::invalid(errors))?;
        let request = UploadRequest {
            key,
            format: body.format,
            coding: body.coding,
            dry_run,
        };
        let writer = caller.principal.as_rates_writer().map_err(Problem::from)?;
        let reception = match uploads.begin(&writer, request).await.map_err(Problem::from)? {
            Begun::Reception(reception) => reception,
            Begun::InProgress => return Err(in_progress().into()),
            Begun::TooMany => return Err(too_many().into()),
        };
        let row = match receive(body, reception, &caller).await? {
            Received::Queued(row) | Received::Repeated(row) => row,
            Received::KeyReused => return Err(key_reused().into()),
        };
        let row = uploads.wait(row, wait).await.map_err(Problem::from)?;
        let (id, state) = (BatchId::of(row.id), row.state());
        let location = format!("/rates/batches/{}", row.id);
        if matches!(state, UploadState::Failed | UploadState::Cancelled) {
            let errors = uploads.find_errors(id).await.map_err(Problem::from)?;
            return Err(not_stored(&row, invalid_rows(errors)).into());
        }
        // With the batch of the same content, which may have been withdrawn meanwhile.
        let batch = uploads
            .find(id)
            .await
            .map_err(Problem::from)?
            .ok_or_else(missing)?;
        let batch = Json(Batch::summary(batch));
        Ok(match state {
            UploadState::Committed | UploadState::Checked => UploadResponse::Ended(batch, location),
            _ => UploadResponse::Accepted(batch, location, POLL_DELAY.as_secs()),
        })
    }

    /// List batches
    ///
    /// Lists all batches page by page, newest first: uploaded and imported ones, in every state.
    #[oai(path = "/rates/batches", method = "get", operation_id = "listBatches")]
    async fn list(
        &self,
        _caller: AnyCaller<RatesWriteScope>,
        /// Number of the last batch on the previous page.
        after: Query<Field<BatchId, Optional>>,
        /// Maximum number of batches on a page.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<BatchesResponse, ErrorResponse<AuthErrors>> {
        let uploads = self.uploads()?;
        let mut errors = Vec::new();
        let after = after.0.optional("after", &mut errors);
        let limit = limit.0.optional("limit", &mut errors).unwrap_or_default().0;
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let page = uploads.list(after, limit).await.map_err(Problem::from)?;
        let link = page.next.map(|key| {
            let parameters = [("after", key), ("limit", limit.to_string())];
            next_link("/rates/batches", &parameters)
        });
        let batches = page.items.into_iter().map(Batch::summary).collect();
        Ok(BatchesResponse::Page(Json(BatchList { batches }), link))
    }

    /// Get a batch
    ///
    /// Its state, its progress and, if it failed, its invalid rows.
    #[oai(path = "/rates/batches/:id", method = "get", operation_id = "getBatch")]
    async fn get(
        &self,
        _caller: AnyCaller<RatesWriteScope>,
        /// Number of the batch.
        id: Path<Field<BatchId>>,
    ) -> Result<BatchResponse, ErrorResponse<AuthNotFoundErrors>> {
        let id = id.0.segment().ok_or_else(missing)?;
        let uploads = self.uploads()?;
        let batch = uploads
            .find(id)
            .await
            .map_err(Problem::from)?
            .ok_or_else(missing)?;
        let errors = uploads.find_errors(id).await.map_err(Problem::from)?;
        Ok(BatchResponse::Found(Json(Batch::with_errors(
            batch,
            invalid_rows(errors),
        ))))
    }

    /// Cancel or withdraw a batch
    ///
    /// Cancels a batch that is not stored yet, and withdraws a stored one as a whole: the rates become as if it had never come. Answered
    /// with 409 if nothing of the batch is stored.
    #[oai(path = "/rates/batches/:id", method = "delete", operation_id = "deleteBatch")]
    async fn delete(
        &self,
        caller: AnyCaller<RatesWriteScope>,
        /// Number of the batch.
        id: Path<Field<BatchId>>,
        client: ClientInfo,
    ) -> Result<DeleteResponse, ErrorResponse<DeleteErrors>> {
        let id = id.0.segment().ok_or_else(missing)?;
        let uploads = self.uploads()?;
        let writer = caller.principal.as_rates_writer().map_err(Problem::from)?;
        let get = async || uploads.find(id).await.map_err(Problem::from)?.ok_or_else(missing);
        let mut batch = get().await?;
        if batch
            .upload
            .as_ref()
            .is_some_and(|upload| !upload.state().is_final())
        {
            uploads.cancel(&writer, id).await.map_err(Problem::from)?;
            batch = get().await?;
            match batch.upload.as_ref().map(UploadRow::state) {
                Some(UploadState::Cancelled) => {
                    return Ok(DeleteResponse::Deleted(Json(Batch::summary(batch))));
                }
                Some(UploadState::Running) => {
                    return Ok(DeleteResponse::Requested(Json(Batch::summary(batch))));
                }
                _ => {}
            }
        }
        if !batch.is_stored_itself() {
            return Err(not_withdrawable(batch.stored).into());
        }
        uploads
            .withdraw(&writer, id, &client)
            .await
            .map_err(Problem::from)?;
        Ok(DeleteResponse::Deleted(Json(Batch::summary(get().await?))))
    }
}

/// Receives the body. An error gives the upload up.
async fn receive(
    mut body: PriceBody,
    mut reception: Box<Reception>,
    caller: &AnyCaller<RatesWriteScope>,
) -> Result<Received, Problem> {
    while let Some(bytes) = body.stream.next().await? {
        reception.write(&bytes).await?;
    }
    // A slow body takes hours.
    caller.check_again().await?;
    Ok(reception.finish().await?)
}

impl From<ReceiveError> for Problem {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Cancelled => conflict(
                "upload-cancelled",
                "the upload was cancelled while its body was received",
            ),
            ReceiveError::Storage(error) => error.into(),
        }
    }
}

/// For an upload that has ended without being stored: 409 if it was cancelled, 503 if the service failed, 422 for its content.
fn not_stored(row: &UploadRow, invalid: Vec<InvalidRow>) -> Problem {
    if row.state() == UploadState::Cancelled {
        return conflict("upload-cancelled", "nothing was stored: the upload was cancelled");
    }
    let detail = match &row.reason {
        Some(reason) => format!("nothing was stored: {reason}"),
        None => format!(
            "nothing was stored: {} invalid rows; see `/rates/batches/{}`",
            row.error_count, row.id
        ),
    };
    if row.is_repeatable {
        return Problem::unavailable_for(detail, REPEAT_DELAY);
    }
    let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-batch", detail);
    let rows = invalid.into_iter().take(MAX_PROBLEM_ERRORS);
    problem.errors = rows
        .map(|row| FieldError::row(row.line, &row.field, row.reason))
        .collect();
    problem
}

fn conflict(kind: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, kind, detail)
}

fn in_progress() -> Problem {
    conflict(
        "idempotency-key-in-use",
        "a request with this `Idempotency-Key` is being received",
    )
    .with_header(
        http::header::RETRY_AFTER,
        http::HeaderValue::from(POLL_DELAY.as_secs()),
    )
}

fn key_reused() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency-key-reused",
        "this `Idempotency-Key` was used for a request with another body, format, coding or `dry_run`",
    )
}

fn too_many() -> Problem {
    const { assert!(MAX_ACTIVE_PER_SUBJECT == 20) };
    Problem::too_many(
        "too-many-uploads",
        "too many uploads wait to be stored: at most 20 of one caller, and 200 in total",
        Duration::from_secs(5),
    )
}

/// 409 for a batch of which nothing is stored under its own number.
fn not_withdrawable(stored: Option<BatchRow>) -> Problem {
    let Some(other) = stored else {
        return conflict("batch-not-stored", "nothing of the batch is stored");
    };
    let state = if other.withdrawn_at.is_some() {
        "was withdrawn"
    } else {
        "can be withdrawn"
    };
    let detail = format!(
        "the batch has the same content as batch {}, which {state}",
        other.id
    );
    Problem::new(StatusCode::CONFLICT, "batch-not-stored", detail)
}

impl From<WithdrawError> for Problem {
    fn from(error: WithdrawError) -> Self {
        match error {
            WithdrawError::Unknown => missing(),
            WithdrawError::WithdrawnBefore => conflict("batch-withdrawn", "the batch was withdrawn before"),
            WithdrawError::WithoutIds => conflict(
                "batch-without-ids",
                "the batch was stored by an earlier release, so its prices cannot be distinguished from others",
            ),
            WithdrawError::Busy | WithdrawError::Connect(_) => {
                let detail = "another batch is being stored or withdrawn; try again later";
                Self::unavailable_for(detail, WITHDRAW_DELAY)
            }
            WithdrawError::Db(error) => error.into(),
        }
    }
}

fn missing() -> Problem {
    Problem::not_found("there is no such batch")
}
