//! `/wishes` and `/wishes/{id}`: one's own wishes. Another's is answered like one that is not there.

/// Bodies of requests and responses.
mod dto;

/// Fields of wishes.
mod fields;

use crate::domain::wishes::{Change, Changed, CreateOutcome, Which, WishRow, Wishes};
use crate::http::contract::auth::{Caller, WishesRight};
use crate::http::contract::error_responses::{Guarded, GuardedDeed, GuardedLookup, Refusal};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::if_match::{IfMatch, stale, tag};
use crate::http::contract::pagination::{Limit, next_link};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::wish::WishId;
use dto::{
    Changing, Deleting, NewWish, WholeWish, Wish, WishAnswer, WishDeleted, WishList, WishMade, WishesAnswer,
};
use fields::Done;
use http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;

/// The operations and what they need.
pub struct WishesApi {
    wishes: Wishes,
}

impl WishesApi {
    /// Over the domain's wishes.
    pub fn new(wishes: Wishes) -> Self {
        Self { wishes }
    }
}

#[OpenApi(tag = "ApiTag::Wishes")]
impl WishesApi {
    /// One's wishes, newest first
    ///
    /// A page of them: all, or those that have or have not come true. `Link` leads from page to page.
    #[oai(path = "/wishes", method = "get", operation_id = "listWishes")]
    async fn list(
        &self,
        caller: Caller<WishesRight>,
        /// Only wishes that have come true (`true`) or have not (`false`).
        done: Query<Field<Done, Optional>>,
        /// Only wishes behind this number: the last of the page before.
        after: Query<Field<WishId, Optional>>,
        /// How many wishes a page has at the most.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<WishesAnswer, Refusal<Guarded>> {
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
        Ok(WishesAnswer::Page(Json(WishList { wishes }), link))
    }

    /// A new wish
    ///
    /// One account has at most 1000 wishes; beyond that the answer is 409.
    #[oai(path = "/wishes", method = "post", operation_id = "createWish")]
    async fn create(
        &self,
        caller: Caller<WishesRight>,
        body: StrictJson<NewWish>,
    ) -> Result<WishMade, Refusal<GuardedDeed>> {
        let mut errors = Vec::new();
        let title = body.0.title.required("title", &mut errors);
        let note = body.0.note.optional("note", &mut errors).unwrap_or_default();
        let Some(title) = title.filter(|_| errors.is_empty()) else {
            return Err(Problem::invalid(errors).into());
        };
        let created = self.wishes.create(&caller.signed_in, title, note).await;
        match created.map_err(Problem::from)? {
            CreateOutcome::Created(row) => {
                let (location, tag) = (format!("/wishes/{}", row.id), tag(row.version));
                Ok(WishMade::Made(Json(row.into()), location, tag))
            }
            CreateOutcome::TooMany => Err(too_many().into()),
        }
    }

    /// One wish
    ///
    /// One's own. Another's is answered like one that is not there.
    #[oai(path = "/wishes/:id", method = "get", operation_id = "getWish")]
    async fn get(
        &self,
        caller: Caller<WishesRight>,
        /// The wish's number.
        id: Path<Field<WishId>>,
    ) -> Result<WishAnswer, Refusal<GuardedLookup>> {
        let id = id.0.segment().ok_or_else(missing)?;
        let found = self.wishes.find(&caller.signed_in, id).await;
        Ok(answer(found.map_err(Problem::from)?.ok_or_else(missing)?))
    }

    /// Changes a wish
    ///
    /// Every member is needed: what is sent takes the place of what was there. To mark a wish as done, send it back with
    /// `done` set.
    #[oai(path = "/wishes/:id", method = "put", operation_id = "updateWish")]
    async fn update(
        &self,
        caller: Caller<WishesRight>,
        /// The wish's number.
        id: Path<Field<WishId>>,
        /// The `ETag` of the version that the change is meant for, or `*`.
        #[oai(name = "If-Match")]
        if_match: IfMatch,
        body: StrictJson<WholeWish>,
    ) -> Result<WishAnswer, Refusal<Changing>> {
        let id = id.0.segment().ok_or_else(missing)?;
        let mut errors = Vec::new();
        let change = Change {
            title: body.0.title.required("title", &mut errors),
            note: body.0.note.required("note", &mut errors),
            done: body.0.done.required("done", &mut errors).map(|Done(done)| done),
        };
        let expected = if_match.required(errors)?;
        let changed = self.wishes.update(&caller.signed_in, id, expected, change).await;
        Ok(answer(outcome(changed.map_err(Problem::from)?)?))
    }

    /// Deletes a wish
    ///
    /// For good. With `If-Match`, only if it is still that version.
    #[oai(path = "/wishes/:id", method = "delete", operation_id = "deleteWish")]
    async fn delete(
        &self,
        caller: Caller<WishesRight>,
        /// The wish's number.
        id: Path<Field<WishId>>,
        /// The `ETag` of the version that is meant.
        #[oai(name = "If-Match")]
        if_match: IfMatch<Optional>,
    ) -> Result<WishDeleted, Refusal<Deleting>> {
        let id = id.0.segment().ok_or_else(missing)?;
        let mut errors = Vec::new();
        let expected = if_match.optional(&mut errors);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let deleted = self.wishes.delete(&caller.signed_in, id, expected).await;
        outcome(deleted.map_err(Problem::from)?)?;
        Ok(WishDeleted::Gone)
    }
}

fn answer(row: WishRow) -> WishAnswer {
    let tag = tag(row.version);
    WishAnswer::Found(Json(row.into()), tag)
}

fn outcome(changed: Changed) -> Result<WishRow, Problem> {
    match changed {
        Changed::Made(row) => Ok(row),
        Changed::Stale => Err(stale()),
        Changed::Missing => Err(missing()),
    }
}

fn missing() -> Problem {
    Problem::not_found("there is no such wish")
}

fn too_many() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "too-many-wishes",
        "this account has as many wishes as one may have: delete some first",
    )
}
