//! Values of uploaded prices at and beyond their limits, in each format.

use crate::support::app::{App, send};
use crate::support::response::Response;
use crate::support::upload::{HEADER, app, assert_sums, database, price_count, token};
use serde_json::{Value, json};

/// Prices of the sample data.
const SAMPLE: i64 = 14;

/// A row: from, to, day, and the price as it is written.
type Row<'a> = (&'a str, &'a str, &'a str, &'a str);

/// The rows in each format, with its media type.
fn formats(rows: &[Row<'_>]) -> [(&'static str, String); 3] {
    let csv: Vec<String> = rows
        .iter()
        .map(|(from, to, day, price)| format!("{from},{to},{day},{price}\n"))
        .collect();
    let objects: Vec<String> = rows
        .iter()
        .map(|(from, to, day, price)| {
            format!(r#"{{"orig_code":"{from}","dest_code":"{to}","day":"{day}","price":{price}}}"#)
        })
        .collect();
    [
        ("text/csv", HEADER.to_owned() + &csv.concat()),
        ("application/x-ndjson", objects.join("\n")),
        ("application/json", format!("[{}]", objects.join(","))),
    ]
}

fn upload(app: &App, token: &str, key: &str, (media_type, body): (&str, String)) -> Response {
    let request = app.request("POST", "/rates/batches").bearer_auth(token);
    let request = request.header("idempotency-key", key).header("prefer", "wait=30");
    send(request.header("content-type", media_type).body(body))
}

/// C1: An unknown port, a price of 2^31 and a day of the year 0 are named by line, field and reason.
#[test]
fn values_beyond_their_limits_are_named() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let good = ("CNGGZ", "FIHEL", "2022-01-01", "1");
    let price = "is not a whole number from 0 to 2147483647";
    let day = "is not a day, such as 2021-01-31";
    let port = "is an unknown port (first use)";
    for (number, (row, field, reason)) in [
        (("ZZZZZ", "FIHEL", "2022-01-01", "1"), "orig_code", port),
        (("CNGGZ", "ZZZZZ", "2022-01-01", "1"), "dest_code", port),
        (("CNGGZ", "FIHEL", "2022-01-01", "2147483648"), "price", price),
        (("CNGGZ", "FIHEL", "2022-01-01", "-1"), "price", price),
        (("CNGGZ", "FIHEL", "2022-01-01", "1.5"), "price", price),
        (("CNGGZ", "FIHEL", "2022-01-01", "1e3"), "price", price),
        (("CNGGZ", "FIHEL", "0000-01-01", "1"), "day", day),
        (("CNGGZ", "FIHEL", "-0001-01-01", "1"), "day", day),
        (("CNGGZ", "FIHEL", "10000-01-01", "1"), "day", day),
        (("CNGGZ", "FIHEL", "2022-02-29", "1"), "day", day),
    ]
    .into_iter()
    .enumerate()
    {
        for (format, body) in formats(&[good, row]).into_iter().enumerate() {
            let response = upload(&app, &token, &format!("{number} {format}"), body);
            // The header is the first line of a CSV.
            let line = if format == 0 { 3 } else { 2 };
            let expected = json!([{"in": "body", "field": field, "reason": reason, "line": line}]);
            assert_eq!(response.problem(422)["errors"], expected, "{row:?}");
        }
    }
    assert_eq!(price_count(&database), SAMPLE);
}

/// C1: The lowest and the highest price and day are stored, and summed without overflow.
#[test]
fn values_at_their_limits_are_stored() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let largest = ("CNGGZ", "NOOSL", "9999-12-31", "2147483647");
    let rows = [("CNGGZ", "NOOSL", "0001-01-01", "0"), largest, largest, largest];
    let answers = formats(&rows)
        .into_iter()
        .enumerate()
        .map(|(format, body)| upload(&app, &token, &format.to_string(), body));
    let stored_as: Vec<Value> = answers
        .map(|response| {
            assert_eq!(response.status, 200, "{response:?}");
            response.json()["stored_as"].clone()
        })
        .collect();
    assert!(stored_as.iter().all(|id| *id == stored_as[0]), "{stored_as:?}");
    assert_eq!(price_count(&database), SAMPLE + 4);
    assert_sums(&database);
    let path = "/rates?date_from=9999-12-31&date_to=9999-12-31&orig_code=CNGGZ&dest_code=NOOSL";
    let day = app.get(path).json()["rates"][0].clone();
    assert_eq!(
        (&day["count"], &day["price"]),
        (&json!(3), &json!(2_147_483_647.0)),
        "{day}"
    );
}
