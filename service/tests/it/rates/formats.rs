//! The formats of `/rates`, selected by `Accept`.

use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::response::Response;
use crate::support::sample_data::{QUERY, small};
use serde_json::Value;

fn get_with_accept(app: &App, query: &str, accept: &str) -> Response {
    send(app.request("GET", query).header("Accept", accept))
}

/// B11: CSV and NDJSON hold the same rates as JSON.
#[test]
fn csv_and_ndjson_hold_the_same_rates() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let csv = get_with_accept(&app, QUERY, "text/csv");
    assert_eq!(csv.status, 200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    let expected = "day,price,count\r\n2021-01-31,1154.3333333333333,3\r\n2021-01-30,,2\r\n2021-01-29,,1\r\n2021-01-28,,\r\n";
    assert_eq!(csv.text(), expected);
    let lines = get_with_accept(&app, QUERY, "application/x-ndjson");
    assert!(lines.header("content-type").starts_with("application/x-ndjson"));
    let values: Vec<Value> = lines
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(Value::from(values), app.get(QUERY).json()["rates"]);
    let rounded = QUERY
        .replace("orig_code", "origin")
        .replace("dest_code", "destination");
    assert!(
        get_with_accept(&app, &rounded, "text/csv")
            .text()
            .starts_with("day,average_price\r\n2021-01-28,\r\n")
    );
    for response in [csv, lines, get_with_accept(&app, QUERY, "*/*")] {
        assert!(response.header("vary").to_lowercase().contains("accept"));
    }
}

/// B11: `/rates.csv` is CSV in both contracts whatever `Accept` is, since some generated clients send only the media types of errors;
/// its errors are those of `/rates`.
#[test]
fn csv_has_a_path_of_its_own() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let path = QUERY.replace("/rates?", "/rates.csv?");
    let rounded = path
        .replace("orig_code", "origin")
        .replace("dest_code", "destination");
    for path in [path.as_str(), &rounded] {
        let query = path.replace("/rates.csv?", "/rates?");
        let expected = get_with_accept(&app, &query, "text/csv");
        for accept in ["text/csv", "*/*", "application/problem+json", "application/json"] {
            let csv = get_with_accept(&app, path, accept);
            assert_eq!((csv.status, csv.text()), (200, expected.text()), "{accept}");
            assert_eq!(csv.header("content-type"), expected.header("content-type"));
        }
    }
    assert_eq!(app.get("/rates.csv").fields(400), app.get("/rates").fields(400));
    let unknown = app.get(&path.replace("CNGGZ", "ZZZZZ"));
    assert_eq!(unknown.fields(404), ["query:orig_code"]);
}

/// B11: The quality values of `Accept` select the format (RFC 9110 §12.5.1); if no format is acceptable the status is 406.
#[test]
fn quality_values_select_the_format_and_an_unacceptable_format_is_406() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let kind = |accept: &str| {
        let response = get_with_accept(&app, QUERY, accept);
        assert_eq!(response.status, 200, "{accept}");
        response
            .header("content-type")
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(kind("text/csv;q=0.1, application/json;q=0.5"), "application/json");
    assert_eq!(kind("application/json;q=0.1, text/*"), "text/csv");
    assert_eq!(kind("text/html, */*;q=0.1"), "application/json");
    for accept in ["text/html", "application/xml", "application/json;q=0", "image/*"] {
        get_with_accept(&app, QUERY, accept).problem(406);
    }
    // Validation errors are independent of the format.
    let fields = get_with_accept(&app, "/rates", "text/html").fields(400);
    assert!(fields.contains(&"query:date_from".to_owned()), "{fields:?}");
}
