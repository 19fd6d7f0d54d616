//! `/rates` on a small data set: both response contracts, days with few prices, identical and nested places.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::sample_data::{QUERY, small};
use serde_json::{Value, json};

fn app() -> (Database, App) {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    (database, app)
}

/// The count and price of 31 January in the contract with counts.
fn last_day(app: &App, origin: &str, destination: &str) -> (Value, Value) {
    let path =
        format!("/rates?date_from=2021-01-31&date_to=2021-01-31&orig_code={origin}&dest_code={destination}");
    let response = app.get(&path);
    assert_eq!(response.status, 200, "{response:?}");
    let day = response.json()["rates"][0].clone();
    (day["count"].clone(), day["price"].clone())
}

/// B1, B3: The contract with counts lists each day, newest first, with this order of keys and an unrounded price.
#[test]
fn the_counted_contract_lists_each_day_newest_first() {
    let (_database, app) = app();
    let response = app.get(QUERY);
    assert_eq!(response.status, 200);
    assert!(response.header("content-type").starts_with("application/json"));
    let expected = concat!(
        r#"{"rates":[{"count":3,"day":"2021-01-31","price":1154.3333333333333},"#,
        r#"{"count":2,"day":"2021-01-30","price":null},"#,
        r#"{"count":1,"day":"2021-01-29","price":null},"#,
        r#"{"count":null,"day":"2021-01-28","price":null}]}"#
    );
    assert_eq!(response.text(), expected);
}

/// B4: The contract with rounded prices lists each day, oldest first.
#[test]
fn the_rounded_contract_lists_each_day_oldest_first() {
    let (_database, app) = app();
    let response = app.get(
        &QUERY
            .replace("orig_code", "origin")
            .replace("dest_code", "destination"),
    );
    let expected = concat!(
        r#"[{"day":"2021-01-28","average_price":null},{"day":"2021-01-29","average_price":null},"#,
        r#"{"day":"2021-01-30","average_price":null},{"day":"2021-01-31","average_price":1154}]"#
    );
    assert_eq!(response.text(), expected);
}

/// B4: Averages are rounded half away from zero, as PostgreSQL's `round` does.
#[test]
fn halves_are_rounded_up() {
    let database = Database::with_data(&crate::support::sample_data::dump(
        &[("r", None)],
        &[("AAAAA", "r"), ("BBBBB", "r")],
        &[1, 1, 2, 2].map(|price| ("AAAAA", "BBBBB", "2021-01-01", price)),
    ));
    let app = App::over(&database);
    let path = "/rates?date_from=2021-01-01&date_to=2021-01-01&origin=AAAAA&destination=BBBBB";
    assert_eq!(
        app.get(path).json(),
        json!([{"day": "2021-01-01", "average_price": 2}])
    );
}

/// B3: A route without any price lists every day with null values.
#[test]
fn a_route_without_prices_lists_every_day_with_nulls() {
    let (_database, app) = app();
    let response = app.get(&QUERY.replace("CNGGZ", "NOOSL")).json();
    let days = response["rates"].as_array().unwrap();
    assert_eq!(days.len(), 4);
    assert!(
        days.iter()
            .all(|day| day["count"].is_null() && day["price"].is_null())
    );
}

/// B5: Origin and destination may each be a port or a region, in both contracts.
#[test]
fn origin_and_destination_may_be_ports_or_regions() {
    let (_database, app) = app();
    assert_eq!(last_day(&app, "CNGGZ", "baltic"), (json!(3), json!(3463.0 / 3.0)));
    assert_eq!(
        last_day(&app, "china_main", "baltic"),
        (json!(4), json!(5463.0 / 4.0))
    );
    assert_eq!(
        last_day(&app, "china_main", "europe"),
        (json!(5), json!(8463.0 / 5.0))
    );
    assert_eq!(last_day(&app, "asia", "EETLL"), (json!(3), json!(3463.0 / 3.0)));
    assert_eq!(last_day(&app, "CNSGH", "europe"), (json!(2), Value::Null));
    let rounded = "/rates?date_from=2021-01-31&date_to=2021-01-31&origin=asia&destination=europe";
    assert_eq!(
        app.get(rounded).json(),
        json!([{"day": "2021-01-31", "average_price": 1693}])
    );
}

/// B6: A price counts once, also where origin and destination are the same place or one contains the other.
#[test]
fn identical_and_nested_places_count_each_price_once() {
    let (_database, app) = app();
    // A port to itself: its own prices.
    assert_eq!(last_day(&app, "EETLL", "EETLL"), (json!(3), json!(5.0 / 3.0)));
    assert_eq!(last_day(&app, "CNGGZ", "CNGGZ"), (Value::Null, Value::Null));
    // A region to itself: everything inside it, including ports to themselves.
    assert_eq!(last_day(&app, "baltic", "baltic"), (json!(6), json!(38.0 / 6.0)));
    // One region inside the other, in both directions.
    assert_eq!(last_day(&app, "baltic", "europe"), (json!(6), json!(38.0 / 6.0)));
    assert_eq!(
        last_day(&app, "world", "baltic"),
        (json!(10), json!(5501.0 / 10.0))
    );
    assert_eq!(
        last_day(&app, "world", "world"),
        (json!(11), json!(8501.0 / 11.0))
    );
    // A port and a region that contains it.
    assert_eq!(last_day(&app, "FIHEL", "baltic"), (json!(1), Value::Null));
}

/// B1: Prices of a later batch are added to those of the day.
#[test]
fn a_second_batch_adds_to_the_first() {
    let (database, app) = app();
    let more = "orig_code,dest_code,day,price\nCNGGZ,EETLL,2021-01-31,1000\nCNGGZ,EETLL,2021-01-28,7\n";
    database.import(more).unwrap();
    assert_eq!(last_day(&app, "CNGGZ", "EETLL"), (json!(4), json!(4463.0 / 4.0)));
    assert_eq!(
        last_day(&app, "world", "europe"),
        (json!(12), json!(9501.0 / 12.0))
    );
    assert_eq!(app.get(QUERY).json()["rates"][3]["count"], 1);
}
