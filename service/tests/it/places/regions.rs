//! Regions: deep nesting, cycles, moves, and lookups.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::sample_data::{dump, small};
use portcullis::domain::data_version::await_announcement;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn count(app: &App, origin: &str, destination: &str) -> Value {
    let path =
        format!("/rates?date_from=2021-01-01&date_to=2021-01-01&orig_code={origin}&dest_code={destination}");
    let start = Instant::now();
    let response = app.get(&path);
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{path} took {:?}",
        start.elapsed()
    );
    assert_eq!(response.status, 200, "{path}: {response:?}");
    response.json()["rates"][0]["count"].clone()
}

const CHAIN: [(&str, Option<&str>); 8] = [
    ("one", None),
    ("two", Some("one")),
    ("three", Some("two")),
    ("four", Some("three")),
    ("five", Some("four")),
    ("six", Some("five")),
    ("left", None),
    ("right", None),
];
const PORTS: [(&str, &str); 4] = [
    ("AAAAA", "six"),
    ("BBBBB", "three"),
    ("CCCCC", "left"),
    ("DDDDD", "right"),
];
const PRICES: [(&str, &str, &str, i32); 4] = [
    ("AAAAA", "CCCCC", "2021-01-01", 1),
    ("AAAAA", "CCCCC", "2021-01-01", 2),
    ("BBBBB", "CCCCC", "2021-01-01", 3),
    ("CCCCC", "AAAAA", "2021-01-01", 4),
];

/// B5: Prices count for regions at each of six levels of nesting.
#[test]
fn prices_count_for_regions_at_six_levels() {
    let database = Database::with_data(&dump(&CHAIN, &PORTS, &PRICES));
    let app = App::over(&database);
    for region in ["four", "five", "six"] {
        assert_eq!(count(&app, region, "left"), 2, "{region}");
    }
    for region in ["one", "two", "three"] {
        assert_eq!(count(&app, region, "left"), 3, "{region}");
        assert_eq!(count(&app, "left", region), 1, "{region}");
    }
    assert_eq!(count(&app, "one", "right"), Value::Null);
}

/// B5: A cycle of regions, from an UPDATE or an import, is stored and queried in less than a second.
#[test]
fn a_cycle_of_regions_terminates() {
    let database = Database::with_data(&dump(&CHAIN, &PORTS, &PRICES));
    let start = Instant::now();
    database.execute("UPDATE rates.regions SET parent_slug = 'six' WHERE slug = 'one'");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let app = App::over(&database);
    for region in ["one", "two", "three", "four", "five", "six"] {
        assert_eq!(count(&app, region, "left"), 3, "{region}");
    }
    let detail = app.get("/regions/six").json();
    assert_eq!(detail["ancestors"].as_array().unwrap().len(), 5);
    let cycle = [("x", Some("y")), ("y", Some("x"))];
    database
        .import(&dump(
            &cycle,
            &[("XXXXX", "x"), ("YYYYY", "y")],
            &[("XXXXX", "YYYYY", "2021-01-01", 5)],
        ))
        .unwrap();
    assert_eq!(count(&app, "x", "y"), 1);
    assert_eq!(count(&app, "y", "x"), 1);
}

/// B5: The sums follow a port or region that moves, by import as by UPDATE.
#[test]
fn a_port_or_region_that_moves_takes_its_prices_along() {
    let database = Database::with_data(&dump(&CHAIN, &PORTS, &PRICES));
    let app = App::over(&database);
    let mut moved = CHAIN;
    moved[3] = ("four", Some("right"));
    database.import(&dump(&moved, &[], &[])).unwrap();
    assert_eq!(count(&app, "right", "left"), 2);
    assert_eq!(count(&app, "one", "left"), 1);
    assert_eq!(count(&app, "four", "left"), 2);
    database.execute("UPDATE rates.ports SET parent_slug = 'right' WHERE code = 'BBBBB'");
    await_announcement();
    assert_eq!(count(&app, "right", "left"), 3);
    assert_eq!(count(&app, "one", "left"), Value::Null);
    let wrong = "SELECT 'x' AS line FROM ((TABLE rates.daily_rates EXCEPT TABLE rates.computed_daily_rates) UNION ALL \
                 (TABLE rates.computed_daily_rates EXCEPT TABLE rates.daily_rates)) d";
    assert_eq!(database.lines(wrong), Vec::<String>::new());
}

/// B13: A region lists its ancestors and its children.
#[test]
fn a_region_lists_its_ancestors_and_children() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let expected = json!({
        "slug": "europe", "name": "Region europe", "parent_slug": "world",
        "ancestors": [{"slug": "world", "name": "Region world"}],
        "children": {
            "regions": [{"slug": "baltic", "name": "Region baltic", "parent_slug": "europe"}],
            "ports": [{"code": "NOOSL", "name": "Port NOOSL", "parent_slug": "europe"}],
        },
    });
    assert_eq!(app.get("/regions/europe").json(), expected);
    let deep = app.get("/regions/china_main").json();
    let slugs: Vec<&str> = deep["ancestors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["slug"].as_str().unwrap())
        .collect();
    assert_eq!(slugs, ["asia", "world"]);
    app.get("/regions/atlantis").problem(404);
    app.get("/regions/EUROPE").problem(404);
}

/// B13: The pages of regions have no gaps or repetitions.
#[test]
fn pages_of_regions_have_no_gaps_or_repetitions() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let mut path = "/regions?limit=2".to_owned();
    let mut slugs: Vec<String> = Vec::new();
    loop {
        let page = app.get(&path);
        assert_eq!(page.status, 200);
        let items = page.json()["regions"].as_array().unwrap().clone();
        assert!(items.len() <= 2);
        slugs.extend(items.iter().map(|item| item["slug"].as_str().unwrap().to_owned()));
        match page.header("link") {
            "" => break,
            link => {
                path = link
                    .strip_prefix('<')
                    .unwrap()
                    .split('>')
                    .next()
                    .unwrap()
                    .to_owned()
            }
        }
    }
    assert_eq!(slugs, ["asia", "baltic", "china_main", "europe", "world"]);
    assert_eq!(app.get("/regions").header("link"), "");
    let bad = app.get("/regions?limit=0&after=X%20Y").fields(400);
    assert_eq!(bad, ["query:after", "query:limit"]);
}
