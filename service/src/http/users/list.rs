//! `GET /users` and `GET /auth/admins`: lists of users, for administrators.

use super::dto::User;
use crate::domain::page::Page;
use crate::domain::users::{AccountRow, UserFilter, UserQuery, Users};
use crate::http::contract::auth::{Caller, UsersReadScope};
use crate::http::contract::error_responses::{AuthErrors, ErrorResponse};
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

/// The operations.
pub struct UsersListApi {
    users: Users,
}

impl UsersListApi {
    /// Operations on these users.
    pub fn new(users: Users) -> Self {
        Self { users }
    }
}

/// A page of users.
#[derive(Object)]
pub struct UserList {
    /// Users on this page.
    pub users: Vec<User>,
}

/// A page of administrators.
#[derive(Object)]
pub struct AdminList {
    /// Administrators on this page.
    pub admins: Vec<User>,
}

/// A page of users.
#[derive(ApiResponse)]
pub enum UsersResponse {
    /// A page of users. `Link` with `rel="next"` points to the next page, if any.
    #[oai(status = 200)]
    Page(Json<UserList>, #[oai(header = "Link")] Option<String>),
}

/// A page of administrators.
#[derive(ApiResponse)]
pub enum AdminsResponse {
    /// A page of administrators. `Link` with `rel="next"` points to the next page, if any.
    #[oai(status = 200)]
    Page(Json<AdminList>, #[oai(header = "Link")] Option<String>),
}

/// The position at which a page starts, taken from the previous page.
#[derive(Debug)]
struct Cursor(String);

impl FieldValue for Cursor {
    const EXPECTED: &'static str = "must be the cursor from the `Link` of the previous page";

    fn parse(text: &str) -> Option<Self> {
        let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        let good = (1..=600).contains(&text.len()) && text.bytes().all(allowed);
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
    const EXPECTED: &'static str = "must be id, email or created_at, optionally with a leading minus sign";

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

/// Whether to list deleted users.
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
    /// List users
    ///
    /// Lists all users, or those that match a search text, page by page. A user that exists during the whole listing appears
    /// exactly once, even if others are added meanwhile.
    #[oai(path = "/users", method = "get", operation_id = "listUsers")]
    async fn list(
        &self,
        caller: Caller<UsersReadScope>,
        /// Only users whose address or name contains this text, ignoring case, the form of characters and surrounding white
        /// space. In a URL a plus sign is written `%2B`: `q=ann%2Bx@example.org`.
        q: Query<Field<SearchText, Optional>>,
        /// Sort order; a leading minus sign reverses it.
        sort: Query<Field<UserSort, Optional>>,
        /// `true` lists only deleted users, `false` only existing ones.
        deleted: Query<Field<Deleted, Optional>>,
        /// Cursor from the `Link` of the previous page.
        after: Query<Field<Cursor, Optional>>,
        /// Maximum number of users on a page.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<UsersResponse, ErrorResponse<AuthErrors>> {
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
            filter: if deleted {
                UserFilter::Deleted
            } else {
                UserFilter::Living
            },
            text,
            sort: sort.unwrap_or_default(),
            after,
            limit,
        };
        let (users, link) = to_response("/users", parameters, self.users.list(&admin, query).await?);
        Ok(UsersResponse::Page(Json(UserList { users }), link))
    }

    /// List administrators
    ///
    /// Lists administrators by number, including invited ones.
    #[oai(path = "/auth/admins", method = "get", operation_id = "listAdmins")]
    async fn list_admins(
        &self,
        caller: Caller<UsersReadScope>,
        /// Cursor from the `Link` of the previous page.
        after: Query<Field<Cursor, Optional>>,
        /// Maximum number of administrators on a page.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<AdminsResponse, ErrorResponse<AuthErrors>> {
        let admin = caller.admin()?;
        let mut errors = Vec::new();
        let after = after.0.optional("after", &mut errors).map(|after| after.0);
        let limit = limit.0.optional("limit", &mut errors).unwrap_or_default().0;
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let query = UserQuery {
            filter: UserFilter::Of(Role::Admin),
            after,
            limit,
            ..UserQuery::default()
        };
        let parameters = vec![("limit", limit.to_string())];
        let (admins, link) = to_response("/auth/admins", parameters, self.users.list(&admin, query).await?);
        Ok(AdminsResponse::Page(Json(AdminList { admins }), link))
    }
}

/// The users of a page and the link to the next page.
fn to_response(
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
