//! How wishes are written and read, and what their operations answer and refuse with.

use super::fields::Done;
use crate::domain::wishes::WishRow;
use crate::http::contract::error_responses::Statuses;
use crate::http::contract::field::{Field, Optional};
use crate::types::wish::{WishNote, WishTitle};
use chrono::{DateTime, Utc};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};

/// A wish.
#[derive(Object)]
pub struct Wish {
    /// Its number.
    #[oai(validator(minimum(value = "1")))]
    pub id: i64,
    /// What is wished for.
    #[oai(validator(max_length = 200))]
    pub title: String,
    /// More about it; may be empty. Line ends are `\n`.
    #[oai(validator(max_length = 2000))]
    pub note: String,
    /// Whether it has come true.
    pub done: bool,
    /// When it came true.
    #[oai(skip_serializing_if_is_none)]
    pub done_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Some wishes, newest first.
#[derive(Object)]
pub struct WishList {
    /// The wishes of this page.
    pub wishes: Vec<Wish>,
}

/// A wish that is to be made.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct NewWish {
    /// What is wished for.
    pub title: Field<WishTitle>,
    /// More about it.
    pub note: Field<WishNote, Optional>,
}

/// All that a wish is to say from now on.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct WholeWish {
    /// What is wished for.
    pub title: Field<WishTitle>,
    /// More about it; may be empty.
    pub note: Field<WishNote>,
    /// Whether it has come true. One that had already keeps its `done_at`.
    pub done: Field<Done>,
}

/// A page of wishes.
#[derive(ApiResponse)]
pub enum WishesAnswer {
    /// The wishes. `Link` with `rel="next"` leads to the next page, where there is one.
    #[oai(status = 200)]
    Page(Json<WishList>, #[oai(header = "Link")] Option<String>),
}

/// A wish.
#[derive(ApiResponse)]
pub enum WishAnswer {
    /// The wish. `ETag` is its version: send it as `If-Match` with a change.
    #[oai(status = 200)]
    Found(Json<Wish>, #[oai(header = "ETag")] String),
}

/// A new wish.
#[derive(ApiResponse)]
pub enum WishMade {
    /// The wish, at the path in `Location`.
    #[oai(status = 201)]
    Made(
        Json<Wish>,
        #[oai(header = "Location")] String,
        #[oai(header = "ETag")] String,
    ),
}

/// A wish that was deleted.
#[derive(ApiResponse)]
pub enum WishDeleted {
    /// It is gone, for good.
    #[oai(status = 204)]
    Gone,
}

/// Refusals of changing one.
#[derive(Debug)]
pub struct Changing;

impl Statuses for Changing {
    const OWN: &'static [u16] = &[401, 403, 404, 412, 413, 415, 428];
}

/// Refusals of deleting one.
#[derive(Debug)]
pub struct Deleting;

impl Statuses for Deleting {
    const OWN: &'static [u16] = &[401, 403, 404, 412];
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
