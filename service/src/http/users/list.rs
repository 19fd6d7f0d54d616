//! `GET /users` and `GET /auth/admins`: pages of users, for administrators.

use super::dto::User;
use crate::domain::page::Page;
use crate::domain::users::{AccountRow, UserQuery, Users, Which};
use crate::http::contract::auth::{Caller, UsersRead};
use crate::http::contract::error_responses::{Guarded, Refusal};
use crate::http::contract::field::{Field, FieldValue, Optional};
use crate::http::contract::pagination::{Limit, SearchText, next_link};
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use crate::types::role::Role;
use crate::types::user_sort::UserSort;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::registry::MetaSchema;
use poem_openapi::{ApiResponse, Object, OpenApi};

/// The operations and what they need.
pub struct UsersListApi {
    users: Users,
}

impl UsersListApi {
    /// Over the domain's users.
    pub fn new(users: Users) -> Self {
        Self { users }
    }
}

/// Some users.
#[derive(Object)]
pub struct UserList {
    /// The users of this page.
    pub users: Vec<User>,
}

/// Some administrators.
#[derive(Object)]
pub struct AdminList {
    /// The administrators of this page.
    pub admins: Vec<User>,
}

/// A page of users.
#[derive(ApiResponse)]
pub enum UsersAnswer {
    /// The users. `Link` with `rel="next"` leads to the next page, where there is one.
    #[oai(status = 200)]
    Page(Json<UserList>, #[oai(header = "Link")] Option<String>),
}

/// A page of administrators.
#[derive(ApiResponse)]
pub enum AdminsAnswer {
    /// The administrators. `Link` with `rel="next"` leads to the next page, where there is one.
    #[oai(status = 200)]
    Page(Json<AdminList>, #[oai(header = "Link")] Option<String>),
}

/// Where a page begins, as the page before says it.
#[derive(Debug)]
struct Cursor(String);

impl FieldValue for Cursor {
    const EXPECTED: &'static str = "must be taken from the link of the page before";

    fn parse(text: &str) -> Option<Self> {
        let letter = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        let good = (1..=600).contains(&text.len()) && text.bytes().all(letter);
        good.then(|| Self(text.to_owned()))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            max_length: Some(600),
            pattern: Some("^[A-Za-z0-9_-]+$".to_owned()),
            ..MetaSchema::new("string")
        }
    }
}

impl FieldValue for UserSort {
    const EXPECTED: &'static str = "must be id, email or created_at, or one of these behind a minus sign";

    fn parse(text: &str) -> Option<Self> {
        UserSort::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            enum_items: UserSort::ALL.iter().map(|(word, _)| (*word).into()).collect(),
            default: Some("id".into()),
            ..MetaSchema::new("string")
        }
    }
}

/// Whether deleted users are meant.
#[derive(Debug)]
struct Deleted(bool);

impl FieldValue for Deleted {
    const EXPECTED: &'static str = "must be true or false";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            default: Some(false.into()),
            ..MetaSchema::new("boolean")
        }
    }
}

#[OpenApi(tag = "ApiTag::Users")]
impl UsersListApi {
    /// Users
    ///
    /// A page of users: all of them, or those that hold a text, in the order that is asked for. `Link` leads from page to
    /// page; who is there when the first page is asked for and stays stands on one page exactly, whatever is added
    /// meanwhile.
    #[oai(path = "/users", method = "get", operation_id = "listUsers")]
    async fn list(
        &self,
        caller: Caller<UsersRead>,
        /// Only users whose address or name holds this text, in any case.
        q: Query<Field<SearchText, Optional>>,
        /// The order; a minus sign turns it around.
        sort: Query<Field<UserSort, Optional>>,
        /// `true`: only deleted users. Otherwise, only those that are not.
        deleted: Query<Field<Deleted, Optional>>,
        /// Where the page begins: taken from the link of the page before.
        after: Query<Field<Cursor, Optional>>,
        /// How many users a page has at the most.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<UsersAnswer, Refusal<Guarded>> {
        let admin = caller.admin()?;
        let mut errors = Vec::new();
        let text = q.0.optional("q", &mut errors).map(|text| text.0);
        let sort = sort.0.optional("sort", &mut errors);
        let deleted = deleted
            .0
            .optional("deleted", &mut errors)
            .is_some_and(|flag| flag.0);
        let after = after.0.optional("after", &mut errors).map(|after| after.0);
        let limit = limit.0.optional("limit", &mut errors).unwrap_or_default().0;
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let mut parameters = vec![("limit", limit.to_string())];
        parameters.extend(text.clone().map(|text| ("q", text)));
        parameters.extend(sort.map(|sort| ("sort", sort.as_str().to_owned())));
        parameters.extend(deleted.then(|| ("deleted", "true".to_owned())));
        let query = UserQuery {
            which: if deleted { Which::Deleted } else { Which::Living },
            text,
            sort: sort.unwrap_or_default(),
            after,
            limit,
        };
        let (users, link) = written("/users", parameters, self.users.list(&admin, query).await?);
        Ok(UsersAnswer::Page(Json(UserList { users }), link))
    }

    /// Administrators
    ///
    /// A page of them, by number: who may do all this. Invited ones too.
    #[oai(path = "/auth/admins", method = "get", operation_id = "listAdmins")]
    async fn list_admins(
        &self,
        caller: Caller<UsersRead>,
        /// Where the page begins: taken from the link of the page before.
        after: Query<Field<Cursor, Optional>>,
        /// How many administrators a page has at the most.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<AdminsAnswer, Refusal<Guarded>> {
        let admin = caller.admin()?;
        let mut errors = Vec::new();
        let after = after.0.optional("after", &mut errors).map(|after| after.0);
        let limit = limit.0.optional("limit", &mut errors).unwrap_or_default().0;
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let query = UserQuery {
            which: Which::Of(Role::Admin),
            after,
            limit,
            ..UserQuery::default()
        };
        let parameters = vec![("limit", limit.to_string())];
        let (admins, link) = written("/auth/admins", parameters, self.users.list(&admin, query).await?);
        Ok(AdminsAnswer::Page(Json(AdminList { admins }), link))
    }
}

/// The users as they are written, and the link to the page behind them.
fn written(
    path: &str,
    mut parameters: Vec<(&str, String)>,
    page: Page<AccountRow>,
) -> (Vec<User>, Option<String>) {
    let link = page.next.map(|cursor| {
        parameters.push(("after", cursor));
        next_link(path, &parameters)
    });
    (page.items.into_iter().map(User::from).collect(), link)
}
