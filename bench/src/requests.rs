//! A numbered set of distinct requests for `/rates`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::{fs, path::Path};

use demo::{Bulk, day_text};

/// Lengths of windows in days, from the shortest to the longest. No row uses those of another, so that no request of one row is
/// repeated by another, and an answer from a cache cannot hide a query.
pub type Days = (u32, u32);

/// P1, P1b, P8: a month, as in B1's example.
pub const MONTH: Days = (31, 31);

/// P4, between ports and between regions; beside the recursive statement a month.
pub const PLACES: Days = (27, 30);

/// P3, E17.
pub const LATENCY: Days = (23, 26);

/// P9, in the small dataset, where no other row queries as many windows.
pub const INSTRUCTIONS: Days = (28, 31);

/// P6: the same with many prices and with few.
pub const SCALING: Days = (1, 22);

/// Routes × first days × lengths of the window. The numbers are scattered, so that consecutive requests are not neighbours
/// in an index.
#[derive(Debug, Clone)]
pub struct Requests {
    pub routes: Vec<Route>,
    /// First days of a window.
    pub starts: u64,
    shortest: u64,
    /// Days in the longest window.
    pub longest: u64,
    /// How many different requests there are.
    pub size: u64,
    stride: u64,
}

/// Origin and destination: ports, or regions.
pub type Route = (&'static str, &'static str);

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Request {
    /// UN/LOCODE or slug.
    pub orig: &'static str,
    /// UN/LOCODE or slug.
    pub dest: &'static str,
    /// The first day, `YYYY-MM-DD`.
    pub from: String,
    /// The last day, `YYYY-MM-DD`.
    pub to: String,
}

impl Requests {
    /// All windows of these lengths that lie within the full days of `bulk`, between its ports.
    pub fn of(bulk: &Bulk, days: Days) -> Self {
        Self::over(bulk.routes(), bulk, days)
    }

    /// The same between regions.
    pub fn between_regions(bulk: &Bulk, days: Days) -> Self {
        Self::over(region_pairs(&bulk.routes()), bulk, days)
    }

    fn over(routes: Vec<Route>, bulk: &Bulk, (shortest, longest): Days) -> Self {
        // The last day may be cut short.
        let starts = u64::from(bulk.days().saturating_sub(longest).max(1));
        let size = routes.len() as u64 * starts * u64::from(longest - shortest + 1);
        // A prime that does not divide the size: number × stride modulo size then takes every value once.
        let strides = [1_000_003, 999_983, 7_919, 104_729];
        let stride = strides
            .into_iter()
            .find(|prime| !size.is_multiple_of(*prime))
            .unwrap_or(1);
        Self {
            routes,
            starts,
            shortest: u64::from(shortest),
            longest: u64::from(longest),
            size,
            stride,
        }
    }

    /// The request with this number, from 0 to `size - 1`; rates.lua counts in the same way.
    pub fn nth(&self, number: u64) -> Request {
        let at = number * self.stride % self.size;
        let routes = self.routes.len() as u64;
        let (orig, dest) = self.routes[(at % routes) as usize];
        let start = at / routes % self.starts;
        let length = self.shortest + at / routes / self.starts;
        Request {
            orig,
            dest,
            from: day(start),
            to: day(start + length - 1),
        }
    }

    /// A regular expression whose matches are the URLs of all these requests. oha draws its URLs from it, and takes every dot
    /// literally. It must fit into an argument, 128 KiB: origins and first days are factored out.
    pub fn pattern(&self, base_url: &str) -> String {
        let mut days = Vec::new();
        for start in 0..self.starts {
            let last = (self.shortest..=self.longest).map(|length| day(start + length - 1));
            let last = any(&last.collect::<Vec<_>>());
            days.push(format!("date_from={}&date_to={last}", day(start)));
        }
        let mut destinations: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (orig, dest) in &self.routes {
            destinations.entry(orig).or_default().push((*dest).to_owned());
        }
        let routes = destinations.into_iter();
        let routes = routes.map(|(orig, dests)| format!("orig_code={orig}&dest_code={}", any(&dests)));
        format!(
            "{base_url}/rates\\?{}&{}",
            any(&days),
            any(&routes.collect::<Vec<_>>())
        )
    }

    /// Writes the two files that rates.lua reads and returns its arguments except the last two.
    pub fn write(&self, folder: &Path) -> std::io::Result<Vec<String>> {
        let (routes, days) = (folder.join("routes"), folder.join("days"));
        let queries = self.routes.iter();
        let queries = queries.map(|(orig, dest)| format!("&orig_code={orig}&dest_code={dest}\n"));
        fs::write(&routes, queries.collect::<String>())?;
        let texts: String = (0..self.starts + self.longest).map(|at| day(at) + "\n").collect();
        fs::write(&days, texts)?;
        let files = [routes, days].map(|file| file.display().to_string());
        let numbers = [self.starts, self.shortest, self.size, self.stride].map(|number| number.to_string());
        Ok(files.into_iter().chain(numbers).collect())
    }
}

fn day(index: u64) -> String {
    day_text(index as u32)
}

/// An alternation.
fn any(alternatives: &[String]) -> String {
    let mut all = String::from("(?:");
    for (index, one) in alternatives.iter().enumerate() {
        let separator = if index == 0 { "" } else { "|" };
        let _infallible = write!(all, "{separator}{one}");
    }
    all + ")"
}

/// Every pair of regions that contain the ports of a route.
fn region_pairs(routes: &[Route]) -> Vec<Route> {
    let parents: BTreeMap<&str, Option<&'static str>> = demo::regions()
        .iter()
        .map(|region| (region.slug, region.parent))
        .collect();
    let leaves = demo::ports().iter().map(|port| (port.code, port.region));
    let leaves: BTreeMap<&str, &'static str> = leaves.collect();
    let regions = |port: &str| {
        let leaf = leaves.get(port).copied();
        std::iter::successors(leaf, |region| parents.get(region).copied().flatten())
    };
    let pairs = routes.iter().flat_map(|(orig, dest)| {
        regions(orig).flat_map(move |origin| regions(dest).map(move |destination| (origin, destination)))
    });
    pairs.collect::<BTreeSet<Route>>().into_iter().collect()
}

impl Request {
    /// Path and query of the first contract (B1).
    pub fn target(&self) -> String {
        let Self { orig, dest, from, to } = self;
        format!("/rates?date_from={from}&date_to={to}&orig_code={orig}&dest_code={dest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_requests_differ_and_lie_within_the_data() {
        let bulk = Bulk::of(3_000);
        for requests in [
            Requests::of(&bulk, (20, 31)),
            Requests::between_regions(&bulk, (20, 31)),
        ] {
            let all: std::collections::HashSet<Request> =
                (0..requests.size).map(|number| requests.nth(number)).collect();
            assert_eq!(all.len() as u64, requests.size);
            let last = day_text(bulk.days() - 2);
            assert!(
                all.iter()
                    .all(|request| request.from < request.to && request.to <= last)
            );
            assert!(all.iter().any(|request| request.to == last));
        }
    }

    #[test]
    fn regions_contain_the_ports_of_routes_at_any_depth() {
        assert_eq!(
            region_pairs(&[("CNSGH", "IEDUB"), ("CNNBO", "NLAMS")]),
            [
                ("asia", "europe"),
                ("asia", "north_europe_sub"),
                ("asia", "northern_europe"),
                ("china_east_main", "europe"),
                ("china_east_main", "north_europe_sub"),
                ("china_east_main", "northern_europe"),
                ("china_main", "europe"),
                ("china_main", "north_europe_sub"),
                ("china_main", "northern_europe"),
            ]
        );
    }

    #[test]
    fn the_pattern_has_every_window_of_every_route_and_fits_into_an_argument() {
        let few = Requests {
            routes: vec![("A", "B"), ("C", "A"), ("A", "C")],
            starts: 2,
            shortest: 2,
            longest: 3,
            size: 12,
            stride: 1,
        };
        assert_eq!(
            few.pattern("http://127.0.0.1:80"),
            "http://127.0.0.1:80/rates\\?(?:date_from=2021-01-01&date_to=(?:2021-01-02|2021-01-03)|\
             date_from=2021-01-02&date_to=(?:2021-01-03|2021-01-04))&\
             (?:orig_code=A&dest_code=(?:B|C)|orig_code=C&dest_code=(?:A))"
        );
        let many = Requests::of(&Bulk::of(10_000_000), LATENCY);
        let length = many.pattern("http://127.0.0.1:65535").len();
        assert!(length < 128 * 1_024, "{length}");
    }
}
