//! A numbered set of distinct requests for `/rates`.

use std::{fs, path::Path};

use demo::{Bulk, day_text};

/// Routes × first days × lengths of the window. The numbers are scattered, so that consecutive requests are not neighbours
/// in an index.
#[derive(Debug, Clone)]
pub struct Requests {
    pub routes: Vec<(&'static str, &'static str)>,
    /// First days of a window.
    pub starts: u64,
    shortest: u64,
    /// How many different requests there are.
    pub size: u64,
    stride: u64,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Request {
    /// UN/LOCODE.
    pub orig: &'static str,
    /// UN/LOCODE.
    pub dest: &'static str,
    /// The first day, `YYYY-MM-DD`.
    pub from: String,
    /// The last day, `YYYY-MM-DD`.
    pub to: String,
}

impl Requests {
    /// All windows of `shortest` to `longest` days that lie within the full days of `bulk`.
    pub fn of(bulk: &Bulk, shortest: u32, longest: u32) -> Self {
        let routes = bulk.routes();
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
        let day = |index: u64| day_text(index as u32);
        Request {
            orig,
            dest,
            from: day(start),
            to: day(start + length - 1),
        }
    }

    /// Writes the two files that rates.lua reads and returns its arguments except the last two.
    pub fn write(&self, folder: &Path) -> std::io::Result<Vec<String>> {
        let (routes, days) = (folder.join("routes"), folder.join("days"));
        let queries = self.routes.iter();
        let queries = queries.map(|(orig, dest)| format!("&orig_code={orig}&dest_code={dest}\n"));
        fs::write(&routes, queries.collect::<String>())?;
        let last = self.starts + self.shortest + self.size / self.starts / self.routes.len() as u64;
        let texts: String = (0..last as u32).map(|day| day_text(day) + "\n").collect();
        fs::write(&days, texts)?;
        let files = [routes, days].map(|file| file.display().to_string());
        let numbers = [self.starts, self.shortest, self.size, self.stride].map(|number| number.to_string());
        Ok(files.into_iter().chain(numbers).collect())
    }
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
        let requests = Requests::of(&bulk, 20, 31);
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
