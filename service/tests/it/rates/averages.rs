//! `/rates` on small data: both contracts, thin days, self and nested places.
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::sample_data::{QUERY, small};
use serde_json::{Value, json};

fn app() -> (Database, App) {
    let database = Database::with(&small());
    let app = App::over(&database);
    (database, app)
}

/// The count and price of 31 January, asked in the counted contract.
fn last_day(app: &App, origin: &str, destination: &str) -> (Value, Value) {
    let path =
        format!("/rates?date_from=2021-01-31&date_to=2021-01-31&orig_code={origin}&dest_code={destination}");
    let response = app.get(&path);
    assert_eq!(response.status, 200, "{response:?}");
    let day = response.json()["rates"][0].clone();
    (day["count"].clone(), day["price"].clone())
}

/// B1, B3: also the order of the keys and the bytes of an unrounded float.
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

/// B4
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

/// B4: PostgreSQL's `round`, halves away from zero.
#[test]
fn halves_are_rounded_up() {
    let database = Database::with(&crate::support::sample_data::dump(
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

/// B3: places that exist and have no price at all.
#[test]
fn a_route_without_prices_has_every_day_and_nothing_in_it() {
    let (_database, app) = app();
    let response = app.get(&QUERY.replace("CNGGZ", "NOOSL")).json();
    let days = response["rates"].as_array().unwrap();
    assert_eq!(days.len(), 4);
    assert!(
        days.iter()
            .all(|day| day["count"].is_null() && day["price"].is_null())
    );
}

/// B5
#[test]
fn either_side_may_be_a_port_or_a_region() {
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

/// B6: a price counts once, whatever holds its ports.
#[test]
fn a_place_to_itself_and_to_what_holds_it() {
    let (_database, app) = app();
    // A port to itself: its own offers.
    assert_eq!(last_day(&app, "EETLL", "EETLL"), (json!(3), json!(5.0 / 3.0)));
    assert_eq!(last_day(&app, "CNGGZ", "CNGGZ"), (Value::Null, Value::Null));
    // A region to itself: everything inside it, ports to themselves too.
    assert_eq!(last_day(&app, "baltic", "baltic"), (json!(6), json!(38.0 / 6.0)));
    // A region inside the other, both ways.
    assert_eq!(last_day(&app, "baltic", "europe"), (json!(6), json!(38.0 / 6.0)));
    assert_eq!(
        last_day(&app, "world", "baltic"),
        (json!(10), json!(5501.0 / 10.0))
    );
    assert_eq!(
        last_day(&app, "world", "world"),
        (json!(11), json!(8501.0 / 11.0))
    );
    // A port and a region that holds it.
    assert_eq!(last_day(&app, "FIHEL", "baltic"), (json!(1), Value::Null));
}

/// B1: prices that come later are added to the day's.
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
