//! Ports and regions: look-up and listing, and a region with its ancestors and children.

use super::StorageError;
use super::page::Page;
use crate::db::Db;
use crate::db::places;
pub use crate::db::places::{PortRow, RegionRow};
use crate::types::place::{PortCode, RegionSlug};
use crate::types::search_key::wanted_part;
use std::collections::HashMap;

/// A region, its ancestors and its direct children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The region itself.
    pub region: RegionRow,
    /// Its ancestors, nearest first. A cycle in the data ends before it repeats.
    pub ancestors: Vec<RegionRow>,
    /// Its direct child regions, by slug.
    pub regions: Vec<RegionRow>,
    /// Its direct ports, by code.
    pub ports: Vec<PortRow>,
}

/// Look-ups of ports and regions. Cheap to clone.
#[derive(Clone)]
pub struct Places {
    db: Db,
}

impl Places {
    /// Over connections of a login that may read ports and regions.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Ports whose code or name contains the text, by code, after a code.
    pub async fn list_ports(
        &self,
        text: Option<String>,
        after: Option<PortCode>,
        limit: u32,
    ) -> Result<Page<PortRow>, StorageError> {
        let text = text.as_deref().map(wanted_part);
        let rows = places::list_ports(&self.db, text, after, i64::from(limit) + 1).await?;
        Ok(Page::from_rows(rows, limit, |port| port.code.clone()))
    }

    /// A port by its code.
    pub async fn find_port(&self, code: PortCode) -> Result<Option<PortRow>, StorageError> {
        places::find_port(&self.db, code).await
    }

    /// Regions by slug, after a slug.
    pub async fn list_regions(
        &self,
        after: Option<RegionSlug>,
        limit: u32,
    ) -> Result<Page<RegionRow>, StorageError> {
        let rows = places::list_regions(&self.db, after, i64::from(limit) + 1).await?;
        Ok(Page::from_rows(rows, limit, |region| region.slug.clone()))
    }

    /// A region by its slug.
    pub async fn find_region(&self, slug: RegionSlug) -> Result<Option<Region>, StorageError> {
        let found = places::find_region(&self.db, slug).await?;
        Ok(found.map(|found| Region {
            ancestors: nearest_first(&found.region, found.above),
            region: found.region,
            regions: found.regions,
            ports: found.ports,
        }))
    }
}

fn nearest_first(region: &RegionRow, above: Vec<RegionRow>) -> Vec<RegionRow> {
    let mut by_slug: HashMap<String, RegionRow> = above
        .into_iter()
        .map(|region| (region.slug.clone(), region))
        .collect();
    let mut chain = Vec::new();
    let mut parent = region.parent_slug.clone();
    // Removing each region from the map ends a cycle.
    while let Some(region) = parent.take().and_then(|slug| by_slug.remove(&slug)) {
        parent.clone_from(&region.parent_slug);
        chain.push(region);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(slug: &str, parent: Option<&str>) -> RegionRow {
        RegionRow {
            slug: slug.into(),
            name: slug.into(),
            parent_slug: parent.map(str::to_owned),
        }
    }

    #[test]
    fn ancestors_are_listed_nearest_first_and_a_cycle_ends() {
        let above = vec![
            region("a", Some("c")),
            region("c", Some("b")),
            region("b", Some("a")),
        ];
        let chain: Vec<_> = nearest_first(&region("x", Some("b")), above)
            .into_iter()
            .map(|r| r.slug)
            .collect();
        assert_eq!(chain, ["b", "a", "c"]);
    }
}
