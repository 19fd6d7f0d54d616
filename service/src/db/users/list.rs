//! Pages of accounts, in any order, also of those that hold a text. Two steps in one statement: which accounts stand on
//! the page follows from an index alone, then these are read.
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
pub enum Which {
    /// Living ones.
    #[default]
    Living,
    /// Deleted ones.
    Deleted,
    /// Living ones of a role.
    Of(Role),
}

/// Where an account stands in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// By number.
    Id(i64),
    /// By address, then number.
    Email(String, i64),
    /// By the time it was made, then number.
    CreatedAt(DateTime<Utc>, i64),
}

/// The statement of one page.
#[derive(Clone, Debug)]
pub struct UsersPage {
    /// Which accounts.
    pub which: Which,
    /// Only those whose address or name holds this text, in any case.
    pub text: Option<String>,
    /// The order.
    pub sort: UserSort,
    /// Only those behind this place, which must be one of the order.
    pub after: Option<Place>,
    /// How many at the most.
    pub limit: i64,
}

/// The accounts of one page.
pub async fn list(db: &Db, page: UsersPage) -> Result<Vec<AccountRow>, DbError> {
    db.run("list_users", move |conn| page.clone().load(conn)).await
}

impl UsersPage {
    /// The columns of the order. Among living accounts an address stands once, so its index needs no number beside it.
    fn columns(&self) -> &'static [&'static str] {
        match (self.sort.column, self.which) {
            (Column::Id, _) => &["id"],
            (Column::Email, Which::Living | Which::Of(_)) => &["email_key"],
            (Column::Email, Which::Deleted) => &["email_key", "id"],
            (Column::CreatedAt, _) => &["created_at", "id"],
        }
    }

    /// `prefix` stands before each column.
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

    fn behind<'b>(&'b self, place: &'b Place, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" AND (");
        out.push_sql(&self.columns().join(", "));
        out.push_sql(match self.sort.direction {
            Direction::Ascending => ") > (",
            Direction::Descending => ") < (",
        });
        let id = match place {
            Place::Id(id) => {
                out.push_bind_param::<BigInt, _>(id)?;
                None
            }
            Place::Email(email, id) => {
                out.push_bind_param::<Text, _>(email)?;
                Some(id)
            }
            Place::CreatedAt(at, id) => {
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
        // Planned each time: a plan that must fit every limit reads the whole table.
        out.unsafe_to_cache_prepared();
        out.push_sql("SELECT a.* FROM (SELECT ");
        out.push_sql(match self.sort.column {
            Column::Id => "id",
            Column::Email => "id, email_key",
            Column::CreatedAt => "id, created_at",
        });
        out.push_sql(" FROM accounts.accounts WHERE ");
        match self.which {
            Which::Living => out.push_sql("deleted_at IS NULL"),
            Which::Deleted => out.push_sql("deleted_at IS NOT NULL"),
            // The words of roles are ours; written out, so that the index of administrators fits.
            Which::Of(role) => {
                out.push_sql("deleted_at IS NULL AND role = '");
                out.push_sql(role.as_str());
                out.push_sql("'");
            }
        }
        if let Some(text) = &self.text {
            // Not LIKE: a text has no signs with a meaning here, and the plan is the same whatever is looked for.
            out.push_sql(" AND strpos(search_key, lower(");
            out.push_bind_param::<Text, _>(text)?;
            out.push_sql(")) > 0");
        }
        if let Some(place) = &self.after {
            self.behind(place, &mut out)?;
        }
        self.order("", &mut out);
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        // One at a time, which LIMIT 1 sees to: joined as a whole, the table would be read through for a long page.
        out.push_sql(
            ") AS p CROSS JOIN LATERAL (SELECT id, email, name, role, state, version, created_at, updated_at, \
             confirmed_at, deleted_at FROM accounts.accounts WHERE id = p.id LIMIT 1) AS a",
        );
        self.order("p.", &mut out);
        Ok(())
    }
}

/// The text depends on what is asked for.
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
