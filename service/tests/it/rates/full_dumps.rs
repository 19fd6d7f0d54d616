//! Every pair of ports and every seventh pair with a region of a whole dump, compared with a recomputation from the file.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::environment;
use crate::support::temp_file::TempFile;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// A dump, parsed independently of the service.
#[derive(Default)]
struct Dump {
    /// The parent region of each port or region.
    parents: HashMap<String, String>,
    regions: BTreeSet<String>,
    /// Sum and count by pair of ports and day.
    prices: BTreeMap<(String, String), BTreeMap<String, (i64, i64)>>,
}

impl Dump {
    fn read(text: &str) -> Self {
        let mut dump = Self::default();
        let mut block = "";
        for line in text.lines() {
            if let Some(head) = line.strip_prefix("COPY public.") {
                block = head.split(' ').next().unwrap();
            } else if line == "\\." {
                block = "";
            } else if !block.is_empty() {
                dump.row(block, &line.split('\t').collect::<Vec<_>>());
            }
        }
        dump
    }

    fn row(&mut self, block: &str, fields: &[&str]) {
        if block == "prices" {
            let days = self
                .prices
                .entry((fields[0].to_owned(), fields[1].to_owned()))
                .or_default();
            let day = days.entry(fields[2].to_owned()).or_default();
            *day = (day.0 + fields[3].parse::<i64>().unwrap(), day.1 + 1);
            return;
        }
        if block == "regions" {
            self.regions.insert(fields[0].to_owned());
        }
        if fields[2] != "\\N" {
            self.parents.insert(fields[0].to_owned(), fields[2].to_owned());
        }
    }

    /// The place and its ancestors.
    fn chain(&self, place: &str) -> Vec<String> {
        let mut chain = vec![place.to_owned()];
        while let Some(parent) = self.parents.get(chain.last().unwrap()) {
            chain.push(parent.clone());
        }
        chain
    }

    /// Sums and counts of every pair of places, ports and regions.
    fn by_region(&self) -> BTreeMap<(String, String), BTreeMap<String, (i64, i64)>> {
        let mut all: BTreeMap<(String, String), BTreeMap<String, (i64, i64)>> = BTreeMap::new();
        for ((from, to), days) in &self.prices {
            for origin in self.chain(from) {
                for destination in self.chain(to) {
                    let sums = all.entry((origin.clone(), destination)).or_default();
                    for (day, (sum, count)) in days {
                        let entry = sums.entry(day.clone()).or_default();
                        *entry = (entry.0 + sum, entry.1 + count);
                    }
                }
            }
        }
        all
    }

    fn range(&self) -> (String, String) {
        let days: BTreeSet<&String> = self.prices.values().flat_map(BTreeMap::keys).collect();
        ((*days.first().unwrap()).clone(), (*days.last().unwrap()).clone())
    }
}

/// Compares a route's days with the definition: `AVG(price)` where `COUNT(*) >= 3`.
fn compare(app: &App, route: (&str, &str), range: &(String, String), days: &BTreeMap<String, (i64, i64)>) {
    let ((origin, destination), (from, to)) = (route, range);
    let path = format!("/rates?date_from={from}&date_to={to}&orig_code={origin}&dest_code={destination}");
    let response = app.get(&path);
    assert_eq!(response.status, 200, "{path}: {response:?}");
    let response = response.json();
    let rates = response["rates"].as_array().unwrap();
    let mut days_listed: Vec<String> = rates
        .iter()
        .map(|rate| rate["day"].as_str().unwrap().to_owned())
        .collect();
    assert!(days_listed.windows(2).all(|pair| pair[0] > pair[1]), "{path}");
    assert_eq!(
        (days_listed.first(), days_listed.last()),
        (Some(to), Some(from)),
        "{path}"
    );
    days_listed.retain(|day| days.contains_key(day));
    assert_eq!(days_listed.len(), days.len(), "{path}");
    for rate in rates {
        let expected = days.get(rate["day"].as_str().unwrap());
        let count = expected.map_or(Value::Null, |(_, count)| Value::from(*count));
        #[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
        let average = expected
            .filter(|(_, count)| *count >= 3)
            .map(|(sum, count)| *sum as f64 / *count as f64);
        assert_eq!(rate["count"], count, "{path}: {rate}");
        assert_eq!(
            rate["price"],
            average.map_or(Value::Null, Value::from),
            "{path}: {rate}"
        );
    }
}

fn check_dump(file: &Path) {
    let text = std::fs::read_to_string(file).unwrap();
    let dump = Dump::read(&text);
    assert!(dump.prices.len() > 100, "the dump has too few routes");
    let database = Database::fresh();
    database.import_file(file).unwrap();
    let app = App::over(&database);
    let range = dump.range();
    for ((origin, destination), days) in &dump.prices {
        compare(&app, (origin, destination), &range, days);
    }
    let by_region = dump.by_region();
    let pairs = by_region
        .iter()
        .filter(|((a, b), _)| dump.regions.contains(a) || dump.regions.contains(b));
    // There are many pairs with a region: every seventh still covers each region often.
    for ((origin, destination), days) in pairs.step_by(7) {
        compare(&app, (origin, destination), &range, days);
    }
}

/// B1, B2, B5: `/rates` answers every route of the demo data as recomputed from its dump.
#[test]
fn rates_of_the_demo_dump_equal_a_recomputation() {
    let mut dump = Vec::new();
    demo::write_dump(&mut dump).unwrap();
    check_dump(TempFile::new("sql", dump).path());
}

/// B2: `/rates` answers every route of the dump named by `PORTCULLIS_TEST_DUMP` as recomputed; skipped if it is not set.
#[test]
fn rates_of_a_real_dump_equal_a_recomputation() {
    match environment::real_dump() {
        Some(file) => check_dump(&file),
        None => eprintln!("PORTCULLIS_TEST_DUMP is not set: skipped"),
    }
}
