//! Requests that `/rates` rejects, and the invalid fields that it names.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::sample_data::{QUERY, small};
use std::time::{Duration, Instant};

fn app() -> (Database, App) {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    (database, app)
}

const VALID_PARAMETERS: [&str; 4] = [
    "date_from=2021-01-01",
    "date_to=2021-01-31",
    "orig_code=CNGGZ",
    "dest_code=EETLL",
];

/// The fields that the 400 for this query names, without `query:`, sorted.
fn rejected_fields(app: &App, query: &str) -> Vec<String> {
    let mut fields = app.get(&format!("/rates?{query}")).fields(400);
    fields.sort_unstable();
    fields.dedup();
    fields
        .iter()
        .map(|field| field.strip_prefix("query:").unwrap().to_owned())
        .collect()
}

/// B7: Every missing or malformed parameter is named.
#[test]
fn every_invalid_parameter_is_named() {
    let (_database, app) = app();
    let all = ["date_from", "date_to", "dest_code", "orig_code"];
    assert_eq!(rejected_fields(&app, ""), all);
    assert_eq!(
        rejected_fields(
            &app,
            "date_from=2021-02-29&date_to=2021-1-1&orig_code=x%20y&dest_code=%00"
        ),
        all
    );
    let places = "orig_code=CNGGZ&dest_code=EETLL";
    for bad in [
        "2021-02-29",
        "2021-1-1",
        "2021-01-01T00:00",
        "",
        "today",
        "0000-01-01",
        "+2021-01-01",
        "20210101",
    ] {
        let bad = bad.replace('+', "%2B");
        assert_eq!(
            rejected_fields(&app, &format!("date_from={bad}&date_to=2021-01-31&{places}")),
            ["date_from"],
            "{bad}"
        );
        assert_eq!(
            rejected_fields(&app, &format!("date_from=2021-01-01&date_to={bad}&{places}")),
            ["date_to"],
            "{bad}"
        );
    }
    assert_eq!(
        rejected_fields(&app, &format!("date_from=2021-02-01&date_to=2021-01-31&{places}")),
        ["date_from"]
    );
}

/// B7: One place without the other, and parameters of both contracts together, are rejected.
#[test]
fn a_single_place_and_mixed_contracts_are_rejected() {
    let (_database, app) = app();
    let days = "date_from=2021-01-01&date_to=2021-01-31";
    assert_eq!(
        rejected_fields(&app, &format!("{days}&orig_code=CNGGZ")),
        ["dest_code"]
    );
    assert_eq!(
        rejected_fields(&app, &format!("{days}&dest_code=CNGGZ")),
        ["orig_code"]
    );
    assert_eq!(
        rejected_fields(&app, &format!("{days}&origin=CNGGZ")),
        ["destination"]
    );
    assert_eq!(
        rejected_fields(&app, &format!("{days}&destination=CNGGZ")),
        ["origin"]
    );
    assert_eq!(
        rejected_fields(&app, &format!("{days}&orig_code=CNGGZ&destination=EETLL")),
        ["destination", "orig_code"]
    );
    let both = format!("{days}&orig_code=CNGGZ&dest_code=EETLL&origin=CNGGZ&destination=EETLL");
    assert_eq!(
        rejected_fields(&app, &both),
        ["dest_code", "destination", "orig_code", "origin"]
    );
}

/// B7: An unknown parameter is rejected, and a repeated one, even if its value is equal or empty or its name is
/// percent-encoded.
#[test]
fn a_repeated_or_unknown_parameter_is_rejected() {
    let (_database, app) = app();
    let good = VALID_PARAMETERS.join("&");
    for parameter in VALID_PARAMETERS {
        let name = parameter.split('=').next().unwrap();
        for repeated in [
            parameter.to_owned(),
            format!("{name}="),
            parameter.replacen('o', "%6F", 1),
        ] {
            assert_eq!(
                rejected_fields(&app, &format!("{good}&{repeated}")),
                [name],
                "{repeated}"
            );
        }
    }
    assert_eq!(
        rejected_fields(&app, &format!("{good}&currency=usd")),
        ["currency"]
    );
    assert_eq!(
        rejected_fields(&app, &format!("{good}&ORIG_CODE=CNGGZ")),
        ["ORIG_CODE"]
    );
    assert_eq!(
        rejected_fields(&app, &format!("{good}&x=1&date_from=2021-01-01")),
        ["date_from", "x"]
    );
    assert_eq!(
        rejected_fields(&app, "x=1"),
        ["date_from", "date_to", "dest_code", "orig_code", "x"]
    );
}

/// B8: An unknown port or region is 404, and its parameter is named.
#[test]
fn an_unknown_place_is_404_and_named() {
    let (_database, app) = app();
    assert_eq!(
        app.get(&QUERY.replace("CNGGZ", "ZZZZZ")).fields(404),
        ["query:orig_code"]
    );
    assert_eq!(
        app.get(&QUERY.replace("EETLL", "nowhere")).fields(404),
        ["query:dest_code"]
    );
    let both = QUERY
        .replace("orig_code=CNGGZ", "origin=atlantis")
        .replace("dest_code=EETLL", "destination=ZZZZZ");
    assert_eq!(app.get(&both).fields(404), ["query:origin", "query:destination"]);
    // Port codes are upper case: in lower case this is a region slug that does not exist.
    assert_eq!(
        app.get(&QUERY.replace("CNGGZ", "cnggz")).fields(404),
        ["query:orig_code"]
    );
}

/// B9: A range of thousands of years is rejected without computing it.
#[test]
fn a_long_range_is_rejected_immediately() {
    let (_database, app) = app();
    let path = QUERY
        .replace("2021-01-28", "0001-01-01")
        .replace("2021-01-31", "9999-12-31");
    app.get(&path);
    let best = (0..5).map(|_| {
        let start = Instant::now();
        assert_eq!(app.get(&path).fields(400), ["query:date_to"]);
        start.elapsed()
    });
    let best = best.min().unwrap();
    assert!(best < Duration::from_millis(50), "{best:?}");
}

/// B9: The longest range is a setting, 366 days by default.
#[test]
fn the_longest_range_is_a_setting_of_366_days() {
    let (database, app) = app();
    let days = |from: &str| QUERY.replace("2021-01-28", from);
    assert_eq!(
        app.get(&days("2020-02-01")).json()["rates"]
            .as_array()
            .unwrap()
            .len(),
        366
    );
    assert_eq!(app.get(&days("2020-01-31")).fields(400), ["query:date_to"]);
    let tight = App::start(&database.settings(&[("RATES_MAX_DAYS", "2")]));
    assert_eq!(tight.get(&days("2021-01-30")).status, 200);
    tight.get(&days("2021-01-29")).problem(400);
    let wide = App::start(&database.settings(&[("RATES_MAX_DAYS", "36600")]));
    assert_eq!(
        wide.get(&days("1921-01-31")).json()["rates"]
            .as_array()
            .unwrap()
            .len(),
        36_526
    );
}

/// B10: Hostile values are client errors, never server errors.
#[test]
fn hostile_values_are_rejected_as_client_errors() {
    let (_database, app) = app();
    let long = "A".repeat(10_240);
    let hostile = [
        "%00",
        "%ff",
        "%c3%28",
        "CNGGZ%00",
        "'%20OR%201=1--",
        "%27;DROP%20TABLE%20rates.prices;--",
        "%0d%0aX:1",
        "%E2%80%AE",
        "%F0%9F%9A%A2",
        "%CC%81",
        "%EF%BC%A3%EF%BC%AE",
        "../../etc/passwd",
        "%25",
        "$1",
        "{}",
        "[]",
        "%EF%BB%BFCNGGZ",
        "%20CNGGZ",
        "CNGGZ%20",
        "%",
        "%zz",
        "%C4%B0",
        long.as_str(),
    ];
    for value in hostile {
        for name in [
            "orig_code",
            "dest_code",
            "origin",
            "destination",
            "date_from",
            "date_to",
            value,
        ] {
            let path = format!("/rates?{}&{name}={value}", VALID_PARAMETERS.join("&"));
            // With the long value as both name and value, the request target exceeds its limit.
            app.get(&path)
                .problem(if path.len() > 16_384 { 414 } else { 400 });
        }
        let path = QUERY.replace("CNGGZ", value);
        assert_eq!(app.get(&path).fields(400), ["query:orig_code"], "{value}");
        for path in [format!("/ports/{value}"), format!("/regions/{value}")] {
            let status = app.get(&path).status;
            assert!((400..500).contains(&status), "{status} for {path}");
        }
        let status = app.get(&format!("/ports?q={value}")).status;
        assert!(status == 200 || status == 400, "{status} for q={value}");
    }
    assert_eq!(app.get(QUERY).json()["rates"][0]["count"], 3);
}
