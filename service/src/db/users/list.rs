//! Pages of accounts, in any order and with a text filter. One statement in two steps: an index alone determines the ids
//! of the page, then their rows are read.

use crate::db::Db;
use crate::db::accounts::AccountRow;
use crate::db::error::DbError;
use crate::types::role::Role;
use crate::types::user_sort::{Column, Direction, UserSort};
use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};

/// Which accounts are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserFilter {
    /// Accounts that are not deleted.
    #[default]
    Living,
    /// Deleted accounts.
    Deleted,
    /// Accounts with this role that are not deleted.
    Of(Role),
}

/// Position of an account in a sort order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// By id.
    Id(i64),
    /// By address, then id.
    Email(String, i64),
    /// By time of creation, then id.
    CreatedAt(DateTime<Utc>, i64),
}

/// The query of one page.
#[derive(Clone, Debug)]
pub struct UsersPage {
    /// Which accounts.
    pub filter: UserFilter,
    /// Only accounts whose search key contains this folded text.
    pub text: Option<String>,
    /// Sort order.
    pub sort: UserSort,
    /// Only accounts behind this position, which must fit the sort order.
    pub after: Option<Position>,
    /// Maximum number of rows.
    pub limit: i64,
}

/// The accounts of one page.
pub async fn list(db: &Db, page: UsersPage) -> Result<Vec<AccountRow>, DbError> {
    db.run("list_users", move |conn| page.clone().load(conn)).await
}

impl UsersPage {
    /// The sort columns. The address alone is unique among accounts that are not deleted.
    fn columns(&self) -> &'static [&'static str] {
        match (self.sort.column, self.filter) {
            (Column::Id, _) => &["id"],
            (Column::Email, UserFilter::Living | UserFilter::Of(_)) => &["email_key"],
            (Column::Email, UserFilter::Deleted) => &["email_key", "id"],
            (Column::CreatedAt, _) => &["created_at", "id"],
        }
    }

    /// Writes ORDER BY, with `prefix` before each column.
    fn order(&self, prefix: &str, out: &mut AstPass<'_, '_, Pg>) {
        let direction = match self.sort.direction {
            Direction::Ascending => "",
            Direction::Descending => " DESC",
        };
        for (index, column) in self.columns().iter().enumerate() {
            out.push_sql(if index == 0 { " ORDER BY " } else { ", " });
            out.push_sql(prefix);
            out.push_sql(column);
            out.push_sql(direction);
        }
    }

    fn behind<'b>(&'b self, position: &'b Position, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" AND (");
        out.push_sql(&self.columns().join(", "));
        out.push_sql(match self.sort.direction {
            Direction::Ascending => ") > (",
            Direction::Descending => ") < (",
        });
        let id = match position {
            Position::Id(id) => {
                out.push_bind_param::<BigInt, _>(id)?;
                None
            }
            Position::Email(email, id) => {
                out.push_bind_param::<Text, _>(email)?;
                Some(id)
            }
            Position::CreatedAt(at, id) => {
                out.push_bind_param::<Timestamptz, _>(at)?;
                Some(id)
            }
        };
        if let Some(id) = id.filter(|_| self.columns().len() == 2) {
            out.push_sql(", ");
            out.push_bind_param::<BigInt, _>(id)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

impl QueryFragment<Pg> for UsersPage {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Not prepared: a generic plan for every limit would scan the whole table.
        out.unsafe_to_cache_prepared();
        out.push_sql("SELECT a.* FROM (SELECT ");
        out.push_sql(match self.sort.column {
            Column::Id => "id",
            Column::Email => "id, email_key",
            Column::CreatedAt => "id, created_at",
        });
        out.push_sql(" FROM accounts.accounts WHERE ");
        match self.filter {
            UserFilter::Living => out.push_sql("deleted_at IS NULL"),
            UserFilter::Deleted => out.push_sql("deleted_at IS NOT NULL"),
            // Role names are constants. A literal lets the partial index of administrators match.
            UserFilter::Of(role) => {
                out.push_sql("deleted_at IS NULL AND role = '");
                out.push_sql(role.as_str());
                out.push_sql("'");
            }
        }
        if let Some(text) = &self.text {
            // Not LIKE, which would need escaping and whose plan would depend on the pattern.
            out.push_sql(" AND strpos(search_key, ");
            out.push_bind_param::<Text, _>(text)?;
            out.push_sql(") > 0");
        }
        if let Some(position) = &self.after {
            self.behind(position, &mut out)?;
        }
        self.order("", &mut out);
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        // LIMIT 1 forces one index lookup per id: a plain join would scan the table for long pages.
        out.push_sql(
            ") AS p CROSS JOIN LATERAL (SELECT id, email, name, role, state, version, created_at, updated_at, \
             confirmed_at, deleted_at FROM accounts.accounts WHERE id = p.id LIMIT 1) AS a",
        );
        self.order("p.", &mut out);
        Ok(())
    }
}

/// The SQL text varies with the filter.
impl QueryId for UsersPage {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for UsersPage {
    type SqlType = (
        BigInt,
        Text,
        Text,
        Text,
        Text,
        BigInt,
        Timestamptz,
        Timestamptz,
        Nullable<Timestamptz>,
        Nullable<Timestamptz>,
    );
}

impl RunQueryDsl<PgConnection> for UsersPage {}
