//! The region tree, up to four levels deep.

/// A region, which contains ports and other regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// The name in a request: lower-case words joined by `_`.
    pub slug: &'static str,
    /// The display name.
    pub name: &'static str,
    /// The enclosing region; `None` at the top.
    pub parent: Option<&'static str>,
}

/// Every region of the demo data, parents before children.
pub fn regions() -> &'static [Region] {
    REGIONS
}

const fn top(slug: &'static str, name: &'static str) -> Region {
    Region {
        slug,
        name,
        parent: None,
    }
}

const fn sub(slug: &'static str, name: &'static str, parent: &'static str) -> Region {
    Region {
        slug,
        name,
        parent: Some(parent),
    }
}

const REGIONS: &[Region] = &[
    top("asia", "Asia"),
    top("europe", "Europe"),
    top("north_america", "North America"),
    sub("china_main", "China Main", "asia"),
    sub("china_north_main", "China North Main", "china_main"),
    sub("china_east_main", "China East Main", "china_main"),
    sub("china_south_main", "China South Main", "china_main"),
    sub("japan_main", "Japan Main", "asia"),
    sub("korea_main", "Korea Main", "asia"),
    sub("south_east_asia_main", "South East Asia Main", "asia"),
    sub("northern_europe", "Northern Europe", "europe"),
    sub("north_europe_main", "North Europe Main", "northern_europe"),
    sub("uk_main", "UK Main", "north_europe_main"),
    sub("north_europe_sub", "North Europe Sub", "northern_europe"),
    sub("uk_sub", "UK Sub", "north_europe_sub"),
    sub("baltic", "Baltic", "northern_europe"),
    sub("baltic_main", "Baltic Main", "baltic"),
    sub("finland_main", "Finland Main", "baltic"),
    sub("poland_main", "Poland Main", "baltic"),
    sub("scandinavia", "Scandinavia", "northern_europe"),
    sub("kattegat", "Kattegat", "scandinavia"),
    sub("stockholm_area", "Stockholm Area", "scandinavia"),
    sub("norway_south_east", "Norway South East", "scandinavia"),
    sub("norway_south_west", "Norway South West", "scandinavia"),
    sub("mediterranean", "Mediterranean", "europe"),
    sub("mediterranean_west", "Mediterranean West", "mediterranean"),
    sub("mediterranean_east", "Mediterranean East", "mediterranean"),
    sub("us_east_coast", "US East Coast", "north_america"),
    sub("us_gulf_coast", "US Gulf Coast", "north_america"),
    sub("us_west_coast", "US West Coast", "north_america"),
];

#[cfg(test)]
mod tests {
    use super::regions;

    #[test]
    fn is_a_tree_four_deep_with_parents_first() {
        let mut depths = std::collections::HashMap::new();
        for region in regions() {
            let depth = region.parent.map_or(0, |parent| depths[parent]) + 1;
            assert!(
                depths.insert(region.slug, depth).is_none(),
                "{} is there twice",
                region.slug
            );
            assert!(region.slug.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        }
        assert_eq!(depths.values().max(), Some(&4));
        assert_eq!(depths["baltic_main"], 4);
    }
}
