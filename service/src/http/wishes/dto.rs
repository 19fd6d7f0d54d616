//! Request and response bodies of wish operations.

use super::fields::Done;
use crate::domain::wishes::WishRow;
use crate::http::contract::error_responses::Documented;
use crate::http::contract::field::{Field, Optional};
use crate::types::wish::{WishNote, WishTitle};
use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};

/// A wish.
#[derive(Object)]
pub struct Wish {
    /// Wish number.
    #[oai(validator(minimum(value = "1")))]
    pub id: i64,
    /// Title.
    #[oai(validator(max_length = 200))]
    pub title: String,
    /// Note; may be empty. Lines end with `\n`.
    #[oai(validator(max_length = 2000))]
    pub note: String,
    /// Whether the wish is fulfilled.
    pub done: bool,
    /// Time of fulfilment.
    #[oai(skip_serializing_if_is_none)]
    pub done_at: Option<DateTime<Utc>>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

/// A page of wishes, newest first.
#[derive(Object)]
pub struct WishList {
    /// Wishes on this page.
    pub wishes: Vec<Wish>,
}

/// A wish to create.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct WishCreation {
    /// Title.
    pub title: Field<WishTitle>,
    /// Note. Tabs and lone carriage returns become spaces.
    pub note: Field<WishNote, Optional>,
}

/// The new content of a wish.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct WishUpdate {
    /// Title.
    pub title: Field<WishTitle>,
    /// Note; may be empty. Tabs and lone carriage returns become spaces.
    pub note: Field<WishNote>,
    /// Whether the wish is fulfilled. A wish that already was keeps its `done_at`.
    pub done: Field<Done>,
}

/// A page of wishes.
#[derive(ApiResponse)]
pub enum WishesResponse {
    /// A page of wishes. `Link` with `rel="next"` points to the next page, if any.
    #[oai(status = 200)]
    Page(Json<WishList>, #[oai(header = "Link")] Option<String>),
}

/// A wish.
#[derive(ApiResponse)]
pub enum WishResponse {
    /// The wish. Send `ETag` as `If-Match` to update this version.
    #[oai(status = 200)]
    Found(Json<Wish>, #[oai(header = "ETag")] String),
}

/// A created wish.
#[derive(ApiResponse)]
pub enum WishCreated {
    /// The wish was created. `Location` is its path, `ETag` its version.
    #[oai(status = 201)]
    Created(
        Json<Wish>,
        #[oai(header = "Location")] String,
        #[oai(header = "ETag")] String,
    ),
}

/// A deleted wish.
#[derive(ApiResponse)]
pub enum WishDeleted {
    /// The wish was deleted permanently.
    #[oai(status = 204)]
    Deleted,
}

/// Errors of replacing a wish.
#[derive(Debug)]
pub struct UpdateErrors;

impl Documented for UpdateErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404, 412, 413, 415, 428];
}

/// Errors of deleting a wish.
#[derive(Debug)]
pub struct DeleteErrors;

impl Documented for DeleteErrors {
    const STATUSES: &'static [u16] = &[401, 403, 404, 412];
}

impl From<WishRow> for Wish {
    fn from(row: WishRow) -> Self {
        Self {
            id: row.id,
            title: row.title,
            note: row.note,
            done: row.done_at.is_some(),
            done_at: row.done_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
