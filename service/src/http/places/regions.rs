//! `GET /regions` and `GET /regions/{slug}`.

use super::ports::Port;
use crate::domain::places::{self, Places};
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::{Lookup, Nothing, Refusal};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::pagination::{Limit, next_link};
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use crate::types::place::RegionSlug;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

/// The operations and what they need.
pub struct RegionsApi {
    places: Places,
}

impl RegionsApi {
    /// Over the domain's places.
    pub fn new(places: Places) -> Self {
        Self { places }
    }
}

/// A region.
#[derive(Object)]
pub struct Region {
    /// Its name in the API.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// The slug of the region that it lies in; absent at the top.
    #[oai(skip_serializing_if_is_none)]
    pub parent_slug: Option<String>,
}

/// Some regions, by slug.
#[derive(Object)]
pub struct Regions {
    /// The regions of this page.
    pub regions: Vec<Region>,
}

/// A region with its surroundings.
#[derive(Object)]
pub struct RegionDetail {
    /// Its name in the API.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// The slug of the region that it lies in; absent at the top.
    #[oai(skip_serializing_if_is_none)]
    pub parent_slug: Option<String>,
    /// The regions above it, from the nearest to the top.
    pub ancestors: Vec<Region>,
    /// What lies directly in it.
    pub children: Children,
}

/// What lies directly in a region.
#[derive(Object)]
pub struct Children {
    /// Regions, by slug.
    pub regions: Vec<Region>,
    /// Ports, by code.
    pub ports: Vec<Port>,
}

/// A page of regions.
#[derive(ApiResponse)]
pub enum RegionsAnswer {
    /// The regions. `Link` with `rel="next"` leads to the next page, where there is one.
    #[oai(status = 200)]
    Page(Json<Regions>, #[oai(header = "Link")] Option<String>),
}

/// A region.
#[derive(ApiResponse)]
pub enum RegionAnswer {
    /// The region.
    #[oai(status = 200)]
    Found(Json<RegionDetail>),
}

impl From<places::RegionRow> for Region {
    fn from(row: places::RegionRow) -> Self {
        Self {
            slug: row.slug,
            name: row.name,
            parent_slug: row.parent_slug,
        }
    }
}

fn regions(rows: Vec<places::RegionRow>) -> Vec<Region> {
    rows.into_iter().map(Region::from).collect()
}

#[OpenApi(tag = "ApiTag::Regions")]
impl RegionsApi {
    /// Regions by slug
    ///
    /// A page of regions. `Link` leads from page to page.
    #[oai(path = "/regions", method = "get", operation_id = "listRegions")]
    async fn list(
        &self,
        _caller: Anyone,
        /// Only regions behind this slug: the last of the page before.
        after: Query<Field<RegionSlug, Optional>>,
        /// How many regions a page has at the most.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<RegionsAnswer, Refusal<Nothing>> {
        let mut errors = Vec::new();
        let after = after.0.optional("after", &mut errors);
        let limit = limit.0.optional("limit", &mut errors).unwrap_or_default().0;
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let page = self
            .places
            .list_regions(after, limit)
            .await
            .map_err(Problem::from)?;
        let link = page
            .next
            .map(|key| next_link("/regions", &[("after", key), ("limit", limit.to_string())]));
        Ok(RegionsAnswer::Page(
            Json(Regions {
                regions: regions(page.items),
            }),
            link,
        ))
    }

    /// One region, what it lies in and what lies in it
    ///
    /// The regions above it up to the top, and the regions and ports directly in it.
    #[oai(path = "/regions/:slug", method = "get", operation_id = "getRegion")]
    async fn get(
        &self,
        _caller: Anyone,
        /// The region's slug.
        slug: Path<Field<RegionSlug>>,
    ) -> Result<RegionAnswer, Refusal<Lookup>> {
        let missing = || Problem::not_found("there is no such region");
        let slug = slug.0.segment().ok_or_else(missing)?;
        let found = self
            .places
            .find_region(slug)
            .await
            .map_err(Problem::from)?
            .ok_or_else(missing)?;
        Ok(RegionAnswer::Found(Json(RegionDetail {
            slug: found.region.slug,
            name: found.region.name,
            parent_slug: found.region.parent_slug,
            ancestors: regions(found.ancestors),
            children: Children {
                regions: regions(found.regions),
                ports: found.ports.into_iter().map(Port::from).collect(),
            },
        })))
    }
}
