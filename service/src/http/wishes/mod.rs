//! `/wishes` and `/wishes/{id}`: the caller's own wishes. Another user's wish is answered like one that does not exist.

/// Bodies of requests and responses.
mod dto;

/// Fields of wishes.
mod fields;

use crate::domain::wishes::{Change, ChangeOutcome, CreateOutcome, Which, WishRow, Wishes};
use crate::http::contract::auth::{Caller, WishesScope};
use crate::http::contract::error_responses::{
    AuthConflictErrors, AuthErrors, AuthNotFoundErrors, ErrorResponse,
};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::if_match::{IfMatch, etag, precondition_failed};
use crate::http::contract::pagination::{Limit, next_link};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::wish::WishId;
use dto::{
    DeleteErrors, UpdateErrors, Wish, WishCreated, WishCreation, WishDeleted, WishList, WishResponse,
    WishUpdate, WishesResponse,
};
use fields::Done;
use http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;

/// The operations.
pub struct WishesApi {
    wishes: Wishes,
}

impl WishesApi {
    /// Operations on these wishes.
    pub fn new(wishes: Wishes) -> Self {
        Self { wishes }
    }
}

#[OpenApi(tag = "ApiTag::Wishes")]
impl WishesApi {
    /// List wishes
    ///
    /// Lists the caller's wishes page by page, newest first.
    #[oai(path = "/wishes", method = "get", operation_id = "listWishes")]
    async fn list(
        &self,
        caller: Caller<WishesScope>,
        /// `true` lists only fulfilled wishes, `false` only open ones.
        done: Query<Field<Done, Optional>>,
        /// Number of the last wish on the previous page.
        after: Query<Field<WishId, Optional>>,
        /// Maximum number of wishes on a page.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<WishesResponse, ErrorResponse<AuthErrors>> {
        let mut errors = Vec::new();
        let done = done.0.optional("done", &mut errors);
        let after = after.0.optional("after", &mut errors);
        let limit = limit.0.optional("limit", &mut errors).unwrap_or_default().0;
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let which = match done {
            None => Which::All,
            Some(Done(true)) => Which::Done,
            Some(Done(false)) => Which::Open,
        };
        let page = self.wishes.list(&caller.signed_in, which, after, limit).await;
        let page = page.map_err(Problem::from)?;
        let link = page.next.map(|key| {
            let mut parameters = vec![("after", key), ("limit", limit.to_string())];
            parameters.extend(done.map(|Done(done)| ("done", done.to_string())));
            next_link("/wishes", &parameters)
        });
        let wishes = page.items.into_iter().map(Wish::from).collect();
        Ok(WishesResponse::Page(Json(WishList { wishes }), link))
    }

    /// Create a wish
    ///
    /// An account can have at most 1000 wishes; one more is answered with 409.
    #[oai(path = "/wishes", method = "post", operation_id = "createWish")]
    async fn create(
        &self,
        caller: Caller<WishesScope>,
        body: StrictJson<WishCreation>,
    ) -> Result<WishCreated, ErrorResponse<AuthConflictErrors>> {
        let mut errors = Vec::new();
        let title = body.0.title.required("title", &mut errors);
        let note = body.0.note.optional("note", &mut errors).unwrap_or_default();
        let Some(title) = title.filter(|_| errors.is_empty()) else {
            return Err(Problem::invalid(errors).into());
        };
        let created = self.wishes.create(&caller.signed_in, title, note).await;
        match created.map_err(Problem::from)? {
            CreateOutcome::Created(row) => {
                let (location, etag) = (format!("/wishes/{}", row.id), etag(row.version));
                Ok(WishCreated::Created(Json(row.into()), location, etag))
            }
            CreateOutcome::TooMany => Err(too_many().into()),
        }
    }

    /// Get a wish
    ///
    /// Wishes of other users are not found.
    #[oai(path = "/wishes/:id", method = "get", operation_id = "getWish")]
    async fn get(
        &self,
        caller: Caller<WishesScope>,
        /// Wish number.
        id: Path<Field<WishId>>,
    ) -> Result<WishResponse, ErrorResponse<AuthNotFoundErrors>> {
        let id = id.0.segment().ok_or_else(missing)?;
        let found = self.wishes.find(&caller.signed_in, id).await;
        Ok(to_response(found.map_err(Problem::from)?.ok_or_else(missing)?))
    }

    /// Replace a wish
    ///
    /// Replaces all members. To mark a wish as fulfilled, send it with `done` set to true.
    #[oai(path = "/wishes/:id", method = "put", operation_id = "updateWish")]
    async fn update(
        &self,
        caller: Caller<WishesScope>,
        /// Wish number.
        id: Path<Field<WishId>>,
        /// `ETag` of the version to replace, or `*` for any.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: StrictJson<WishUpdate>,
    ) -> Result<WishResponse, ErrorResponse<UpdateErrors>> {
        let id = id.0.segment().ok_or_else(missing)?;
        let mut errors = Vec::new();
        let change = Change {
            title: body.0.title.required("title", &mut errors),
            note: body.0.note.required("note", &mut errors),
            done: body.0.done.required("done", &mut errors).map(|Done(done)| done),
        };
        let expected = if_match.required(errors)?;
        let changed = self.wishes.update(&caller.signed_in, id, expected, change).await;
        Ok(to_response(updated(changed.map_err(Problem::from)?)?))
    }

    /// Delete a wish
    ///
    /// Deletes the wish permanently. With `If-Match`, deletes only that version.
    #[oai(path = "/wishes/:id", method = "delete", operation_id = "deleteWish")]
    async fn delete(
        &self,
        caller: Caller<WishesScope>,
        /// Wish number.
        id: Path<Field<WishId>>,
        /// `ETag` of the version to delete.
        #[oai(name = "If-Match")]
        if_match: IfMatch<Optional>,
    ) -> Result<WishDeleted, ErrorResponse<DeleteErrors>> {
        let id = id.0.segment().ok_or_else(missing)?;
        let mut errors = Vec::new();
        let expected = if_match.optional(&mut errors);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let deleted = self.wishes.delete(&caller.signed_in, id, expected).await;
        updated(deleted.map_err(Problem::from)?)?;
        Ok(WishDeleted::Deleted)
    }
}

fn to_response(row: WishRow) -> WishResponse {
    let etag = etag(row.version);
    WishResponse::Found(Json(row.into()), etag)
}

fn updated(changed: ChangeOutcome) -> Result<WishRow, Problem> {
    match changed {
        ChangeOutcome::Changed(row) => Ok(row),
        ChangeOutcome::VersionMismatch => Err(precondition_failed()),
        ChangeOutcome::NotFound => Err(missing()),
    }
}

fn missing() -> Problem {
    Problem::not_found("the wish does not exist")
}

fn too_many() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "too-many-wishes",
        "the account has reached the maximum number of wishes; delete some first",
    )
}
