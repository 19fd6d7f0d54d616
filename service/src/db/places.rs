//! Ports and regions: single ones, and pages in order of their keys.

use super::Db;
use super::error::DbError;
use super::schema::rates::{place_ancestors, ports, regions};
use crate::types::page_row::{PageRow, json_bytes};
use crate::types::place::{Place, PortCode, RegionSlug};
use diesel::prelude::*;
use diesel::sql_types::Text;

diesel::define_sql_function! {
    /// The position of a part in a text, from 1. Zero: the text does not contain it.
    fn strpos(text: Text, part: Text) -> Integer;
}

/// A port.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = ports)]
pub struct PortRow {
    /// UN/LOCODE.
    pub code: String,
    /// Name.
    pub name: String,
    /// Slug of the parent region.
    pub parent_slug: String,
}

/// A region.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct RegionRow {
    /// Slug.
    pub slug: String,
    /// Name.
    pub name: String,
    /// Slug of the parent region.
    pub parent_slug: Option<String>,
}

impl PageRow for PortRow {
    fn text_bytes(&self) -> usize {
        json_bytes(&self.code) + json_bytes(&self.name) + json_bytes(&self.parent_slug)
    }
}

impl PageRow for RegionRow {
    fn text_bytes(&self) -> usize {
        let parent = self.parent_slug.as_deref().unwrap_or_default();
        json_bytes(&self.slug) + json_bytes(&self.name) + json_bytes(parent)
    }
}

/// A region with its ancestors and children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionDetails {
    /// The region itself.
    pub region: RegionRow,
    /// All ancestors, in no particular order.
    pub above: Vec<RegionRow>,
    /// Child regions, by slug.
    pub regions: Vec<RegionRow>,
    /// Ports directly in the region, by code.
    pub ports: Vec<PortRow>,
}

/// Whether a place exists.
pub fn exists(conn: &mut PgConnection, place: &Place) -> QueryResult<bool> {
    match place {
        Place::Port(code) => {
            diesel::select(diesel::dsl::exists(ports::table.find(code.as_str()))).get_result(conn)
        }
        Place::Region(slug) => {
            diesel::select(diesel::dsl::exists(regions::table.find(slug.as_str()))).get_result(conn)
        }
    }
}

/// Those of these codes and slugs that exist.
pub fn list_existing(conn: &mut PgConnection, names: &[&str]) -> QueryResult<Vec<String>> {
    let found = ports::table.filter(ports::code.eq_any(names)).select(ports::code);
    let found = found.union_all(
        regions::table
            .filter(regions::slug.eq_any(names))
            .select(regions::slug),
    );
    found.load(conn)
}

/// Ports in order of their codes, starting behind `after`, whose search key contains the folded text.
pub async fn list_ports(
    db: &Db,
    text: Option<String>,
    after: Option<PortCode>,
    limit: i64,
) -> Result<Vec<PortRow>, DbError> {
    db.run("list_ports", move |conn| {
        let mut query = ports::table
            .order(ports::code)
            .limit(limit)
            .select(PortRow::as_select())
            .into_boxed();
        if let Some(after) = &after {
            query = query.filter(ports::code.gt(after.as_str().to_owned()));
        }
        if let Some(text) = &text {
            // Not LIKE, which would need escaping.
            query = query.filter(strpos(ports::search_key, text.clone()).gt(0));
        }
        query.load(conn)
    })
    .await
}

/// A port by its code.
pub async fn find_port(db: &Db, code: PortCode) -> Result<Option<PortRow>, DbError> {
    db.run("find_port", move |conn| {
        ports::table
            .find(code.as_str())
            .select(PortRow::as_select())
            .first(conn)
            .optional()
    })
    .await
}

/// Regions in order of their slugs, starting behind `after`.
pub async fn list_regions(db: &Db, after: Option<RegionSlug>, limit: i64) -> Result<Vec<RegionRow>, DbError> {
    db.run("list_regions", move |conn| {
        let mut query = regions::table.order(regions::slug).limit(limit).into_boxed();
        if let Some(after) = &after {
            query = query.filter(regions::slug.gt(after.as_str().to_owned()));
        }
        query.load(conn)
    })
    .await
}

/// A region with its ancestors and children.
pub async fn find_region(db: &Db, slug: RegionSlug) -> Result<Option<RegionDetails>, DbError> {
    db.run("find_region", move |conn| {
        let slug = slug.as_str();
        let Some(region) = regions::table.find(slug).first::<RegionRow>(conn).optional()? else {
            return Ok(None);
        };
        let above = place_ancestors::table
            .inner_join(regions::table.on(regions::slug.eq(place_ancestors::ancestor)))
            .filter(
                place_ancestors::place
                    .eq(slug)
                    .and(place_ancestors::ancestor.ne(slug)),
            )
            .select(regions::all_columns)
            .load(conn)?;
        let below = regions::table
            .filter(regions::parent_slug.eq(slug))
            .order(regions::slug)
            .load(conn)?;
        let ports = ports::table
            .filter(ports::parent_slug.eq(slug))
            .order(ports::code)
            .select(PortRow::as_select())
            .load(conn)?;
        Ok(Some(RegionDetails {
            region,
            above,
            regions: below,
            ports,
        }))
    })
    .await
}
