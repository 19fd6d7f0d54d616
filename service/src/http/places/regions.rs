//! `GET /regions` and `GET /regions/{slug}`.

use super::ports::Port;
use crate::domain::places::{self, Places};
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::{ErrorResponse, NoExtraErrors, NotFoundErrors};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::pagination::{Limit, next_link};
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use crate::types::place::RegionSlug;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

/// The operations.
pub struct RegionsApi {
    places: Places,
}

impl RegionsApi {
    /// Operations on these places.
    pub fn new(places: Places) -> Self {
        Self { places }
    }
}

/// A region.
#[derive(Object)]
pub struct Region {
    /// Slug.
    pub slug: String,
    /// Name.
    pub name: String,
    /// Slug of the parent region; absent for a top-level region.
    #[oai(skip_serializing_if_is_none)]
    pub parent_slug: Option<String>,
}

/// A page of regions, by slug.
#[derive(Object)]
pub struct RegionList {
    /// Regions on this page.
    pub regions: Vec<Region>,
}

/// A region with its ancestors and children.
#[derive(Object)]
pub struct RegionDetail {
    /// Slug.
    pub slug: String,
    /// Name.
    pub name: String,
    /// Slug of the parent region; absent for a top-level region.
    #[oai(skip_serializing_if_is_none)]
    pub parent_slug: Option<String>,
    /// Ancestors, from the parent to the top-level region.
    pub ancestors: Vec<Region>,
    /// Direct children.
    pub children: RegionChildren,
}

/// The direct children of a region.
#[derive(Object)]
pub struct RegionChildren {
    /// Child regions, by slug.
    pub regions: Vec<Region>,
    /// Ports in the region, by code.
    pub ports: Vec<Port>,
}

/// A page of regions.
#[derive(ApiResponse)]
pub enum RegionsResponse {
    /// A page of regions. `Link` with `rel="next"` points to the next page, if any.
    #[oai(status = 200)]
    Page(Json<RegionList>, #[oai(header = "Link")] Option<String>),
}

/// A region.
#[derive(ApiResponse)]
pub enum RegionResponse {
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
    /// List regions
    ///
    /// Lists all regions by slug, page by page.
    #[oai(path = "/regions", method = "get", operation_id = "listRegions")]
    async fn list(
        &self,
        _caller: Anyone,
        /// Slug of the last region on the previous page.
        after: Query<Field<RegionSlug, Optional>>,
        /// Maximum number of regions on a page.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<RegionsResponse, ErrorResponse<NoExtraErrors>> {
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
        Ok(RegionsResponse::Page(
            Json(RegionList {
                regions: regions(page.items),
            }),
            link,
        ))
    }

    /// Get a region
    ///
    /// Returns the region with its ancestors and its direct child regions and ports.
    #[oai(path = "/regions/:slug", method = "get", operation_id = "getRegion")]
    async fn get(
        &self,
        _caller: Anyone,
        /// Region slug.
        slug: Path<Field<RegionSlug>>,
    ) -> Result<RegionResponse, ErrorResponse<NotFoundErrors>> {
        let missing = || Problem::not_found("the region does not exist");
        let slug = slug.0.segment().ok_or_else(missing)?;
        let found = self
            .places
            .find_region(slug)
            .await
            .map_err(Problem::from)?
            .ok_or_else(missing)?;
        Ok(RegionResponse::Found(Json(RegionDetail {
            slug: found.region.slug,
            name: found.region.name,
            parent_slug: found.region.parent_slug,
            ancestors: regions(found.ancestors),
            children: RegionChildren {
                regions: regions(found.regions),
                ports: found.ports.into_iter().map(Port::from).collect(),
            },
        })))
    }
}
