//! `POST /rates/query`: many lanes in one call.

use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::lane_data::{DAYS, prices, read_chunked, streams_in_use, year_of_lanes};
use crate::support::program::ServiceProcess;
use crate::support::raw_connection::RawConnection;
use crate::support::response::Response;
use crate::support::sample_data::small;
use crate::support::wait::wait_until_within;
use serde_json::{Value, json};
use std::io::Read;
use std::time::{Duration, Instant};

fn small_app() -> (Database, App) {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    (database, app)
}

fn query_as(app: &App, accept: &str, body: &Value) -> Response {
    let request = app.request("POST", "/rates/query").header("Accept", accept);
    send(
        request
            .header("Content-Type", "application/json")
            .body(body.to_string()),
    )
}

fn query(app: &App, body: &Value) -> Response {
    query_as(app, "*/*", body)
}

/// The request of these lanes over the last days of January 2021.
fn january(lanes: &Value) -> Value {
    json!({"date_from": "2021-01-30", "date_to": "2021-01-31", "lanes": lanes})
}

/// The request of these lanes over the whole year, as it is sent over a socket.
fn year_of(lanes: &Value) -> String {
    let body = json!({"date_from": "2020-01-01", "date_to": "2020-12-31", "lanes": lanes}).to_string();
    format!(
        "POST /rates/query HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// B17: The answer has an entry per lane, in their order, with the names of each lane's contract; an unknown place is an error in
/// its own entry.
#[test]
fn each_lane_is_answered_in_its_contract_and_its_place() {
    let (_database, app) = small_app();
    let lanes = json!([
        {"orig_code": "CNGGZ", "dest_code": "EETLL"},
        {"orig_code": "CNGGZ", "dest_code": "ZZZZZ"},
        {"origin": "china_main", "destination": "baltic"},
        {"destination": "nowhere", "origin": "no_region"},
        {"orig_code": "NOOSL", "dest_code": "NOOSL", "origin": null},
    ]);
    let entries = [
        concat!(
            r#"{"orig_code":"CNGGZ","dest_code":"EETLL","rates":[{"count":3,"day":"2021-01-31","price":1154.3333333333333},"#,
            r#"{"count":2,"day":"2021-01-30","price":null}]}"#
        ),
        concat!(
            r#"{"orig_code":"CNGGZ","dest_code":"ZZZZZ","error":{"type":"urn:portcullis:problem:unknown-place","#,
            r#""detail":"the port or region does not exist","fields":["dest_code"]}}"#
        ),
        concat!(
            r#"{"origin":"china_main","destination":"baltic","rates":[{"day":"2021-01-30","average_price":null},"#,
            r#"{"day":"2021-01-31","average_price":1366}]}"#
        ),
        concat!(
            r#"{"origin":"no_region","destination":"nowhere","error":{"type":"urn:portcullis:problem:unknown-place","#,
            r#""detail":"the port or region does not exist","fields":["origin","destination"]}}"#
        ),
        concat!(
            r#"{"orig_code":"NOOSL","dest_code":"NOOSL","rates":[{"count":null,"day":"2021-01-31","price":null},"#,
            r#"{"count":null,"day":"2021-01-30","price":null}]}"#
        ),
    ];
    let response = query(&app, &january(&lanes));
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, "application/json")
    );
    assert_eq!(response.text(), format!("{{\"lanes\":[{}]}}", entries.join(",")));
    let response = query_as(&app, "application/x-ndjson", &january(&lanes));
    assert_eq!(response.header("content-type"), "application/x-ndjson");
    assert_eq!(
        response.text(),
        entries.map(|entry| format!("{entry}\n")).concat()
    );
    assert_eq!(
        query_as(&app, "application/problem+json", &january(&lanes)).status,
        200
    );
    query_as(&app, "text/csv", &january(&lanes)).problem(406);
}

/// B17: A thousand lanes are answered like a thousand single calls.
#[test]
fn a_thousand_lanes_equal_a_thousand_single_calls() {
    let (_database, app) = small_app();
    let places = [
        "CNGGZ",
        "CNSGH",
        "EETLL",
        "FIHEL",
        "NOOSL",
        "world",
        "asia",
        "china_main",
        "europe",
        "baltic",
        "ZZZZZ",
        "nowhere",
    ];
    let names = [["orig_code", "dest_code"], ["origin", "destination"]];
    let pairs = || {
        let pairs = names.iter().flat_map(|names| {
            let from = places.iter().map(move |from| (names, from));
            from.flat_map(|(names, from)| places.iter().map(move |to| (names, from, to)))
        });
        pairs.cycle().take(1000)
    };
    let lanes: Vec<Value> = pairs()
        .map(|(names, from, to)| json!({names[0]: from, names[1]: to}))
        .collect();
    let answer = query(&app, &january(&json!(lanes))).json();
    let entries = answer["lanes"].as_array().unwrap();
    assert_eq!(entries.len(), 1000);
    let mut unknown = 0;
    for (entry, (names, from, to)) in entries.iter().zip(pairs()) {
        assert_eq!((&entry[names[0]], &entry[names[1]]), (&json!(from), &json!(to)));
        let path = format!(
            "/rates?date_from=2021-01-30&date_to=2021-01-31&{}={from}&{}={to}",
            names[0], names[1]
        );
        let single = app.get(&path);
        if single.status == 404 {
            unknown += 1;
            let fields: Vec<Value> = single.json()["errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|error| error["field"].clone())
                .collect();
            assert_eq!(entry["error"]["fields"], json!(fields), "{path}");
            assert_eq!(entry["error"]["type"], single.json()["type"]);
        } else {
            let single = single.json();
            let rates = single.get("rates").unwrap_or(&single);
            assert_eq!(&entry["rates"], rates, "{path}");
        }
    }
    assert!(unknown > 200 && unknown < 500, "{unknown}");
}

/// B17: 1,001 lanes, none, and what is no list of lanes are 400 and name the member.
#[test]
fn the_number_of_lanes_is_limited() {
    let (_database, app) = small_app();
    let lane = json!({"orig_code": "CNGGZ", "dest_code": "EETLL"});
    assert_eq!(query(&app, &january(&json!(vec![&lane; 1000]))).status, 200);
    for lanes in [
        json!(vec![&lane; 1001]),
        json!([]),
        json!(null),
        json!("x"),
        lane.clone(),
    ] {
        assert_eq!(query(&app, &january(&lanes)).fields(400), ["body:lanes"]);
    }
    let missing = json!({"date_from": "2021-01-30", "date_to": "2021-01-31"});
    assert_eq!(query(&app, &missing).fields(400), ["body:lanes"]);
}

/// B17: Each invalid field is named, those of lanes with the index of their lane.
#[test]
fn invalid_fields_are_named_with_the_index_of_their_lane() {
    let (_database, app) = small_app();
    let mut lanes = vec![json!({"orig_code": "CNGGZ", "dest_code": "EETLL"}); 18];
    lanes[0] = json!("CNGGZ");
    lanes[3] = json!({"orig_code": "CNGGZ"});
    lanes[5] = json!({"orig_code": "CNGGZ", "destination": "EETLL"});
    lanes[7] = json!({"origin": "CNGGZ", "destination": "EETLL", "price": 1, "<script>": 2});
    lanes[9] = json!({});
    lanes[17] = json!({"orig_code": "not a place", "dest_code": 5});
    let body = json!({"date_from": "2021-02-29", "date_to": "2021-1-1", "lanes": lanes});
    let response = query(&app, &body);
    let fields = response.fields(400);
    for field in [
        "date_from",
        "date_to",
        "lanes[0]",
        "lanes[3].dest_code",
        "lanes[5].orig_code",
        "lanes[5].destination",
        "lanes[7].price",
        "lanes[7].script",
        "lanes[9].orig_code",
        "lanes[9].dest_code",
        "lanes[17].orig_code",
        "lanes[17].dest_code",
    ] {
        assert!(fields.contains(&format!("body:{field}")), "{field}: {fields:?}");
    }
    assert_eq!(fields.len(), 12);
    let lanes = json!([{"origin": "CNGGZ", "destination": "EETLL"}]);
    for (from, to, field) in [
        ("2021-01-31", "2021-01-30", "date_from"),
        ("0001-01-01", "9999-12-31", "date_to"),
    ] {
        let body = json!({"date_from": from, "date_to": to, "lanes": lanes});
        assert_eq!(query(&app, &body).fields(400), [format!("body:{field}")]);
    }
    let unknown =
        json!({"date_from": "2021-01-30", "date_to": "2021-01-31", "lanes": lanes, "currency": "EUR"});
    assert_eq!(query(&app, &unknown).fields(400), ["body:currency"]);
    let all = query(&app, &january(&json!(vec![json!({"x": 1}); 1000]))).fields(400);
    assert_eq!(all.len(), 100, "the others are not listed");
}

/// B17, O3: A thousand lanes with the longest names fit, also indented; a body beyond the limit of the operation does not.
#[test]
fn the_longest_request_fits() {
    let (_database, app) = small_app();
    let lanes: Vec<Value> = (0..1000)
        .map(|number| json!({"orig_code": format!("{number:064}"), "dest_code": "x".repeat(64)}))
        .collect();
    let body = serde_json::to_string_pretty(&january(&json!(lanes))).unwrap();
    let post = |body: String| {
        let request = app.request("POST", "/rates/query");
        send(request.header("Content-Type", "application/json").body(body))
    };
    assert!(body.len() > 150_000, "{}", body.len());
    let answer = post(body.clone()).json();
    let entries = answer["lanes"].as_array().unwrap();
    assert!(entries.len() == 1000 && entries.iter().all(|entry| entry["error"].is_object()));
    post(body + &" ".repeat(110_000)).problem(413);
}

/// B17, O8: Ten lanes cost as much of the rate limit as one request.
#[test]
fn lanes_cost_quota() {
    let database = Database::with_data(&small());
    let app = App::start(&database.settings(&[("RATE_LIMIT", "30")]));
    let lane = json!({"orig_code": "CNGGZ", "dest_code": "EETLL"});
    let remaining = |response: &Response| {
        let field = response.header("ratelimit").to_owned();
        field
            .split("r=")
            .nth(1)
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .parse::<u32>()
            .unwrap()
    };
    let few = query(&app, &january(&json!([lane])));
    assert_eq!((few.status, remaining(&few)), (200, 29));
    let some = query(&app, &january(&json!(vec![&lane; 201])));
    assert_eq!((some.status, remaining(&some)), (200, 8));
    let rejected = query(&app, &january(&json!(vec![&lane; 101])));
    assert_eq!(
        rejected.problem(429)["type"],
        "urn:portcullis:problem:rate-limited"
    );
    assert_eq!(remaining(&rejected), 0);
    assert!(rejected.headers.contains_key("retry-after"));
    assert_eq!(
        query(&app, &january(&json!([lane]))).status,
        200,
        "a cost that is refused is not charged"
    );
}

/// B17, O4: Clients that send their lanes slowly take no stream from others.
#[test]
fn a_slow_request_takes_no_stream() {
    let (_database, app) = small_app();
    let body = january(&json!([{"origin": "CNGGZ", "destination": "EETLL"}]));
    let head = "POST /rates/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    let slow: Vec<RawConnection> = (0..4)
        .map(|_| {
            let mut raw = RawConnection::connect(app.address);
            raw.send(head);
            raw
        })
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    assert_eq!(query(&app, &body).status, 200);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    drop(slow);
}

/// B17, B16: Without a database the answer is 503.
#[test]
fn without_a_database_the_answer_is_503() {
    let database = Database::not_created();
    let app = App::start(&database.settings(&[("DATABASE_ACQUIRE_TIMEOUT", "200")]));
    let lanes = json!([{"origin": "CNGGZ", "destination": "EETLL"}]);
    let response = query(&app, &january(&lanes));
    response.problem(503);
    assert!(response.headers.contains_key("retry-after"));
}

/// B17, O17: Half a million days take little memory, whether the client reads fast or hardly at all.
#[test]
fn memory_is_flat() {
    let database = Database::with_data(&small());
    let service = ServiceProcess::start(&database.pairs());
    let app = App::of_process(&service);
    let few = json!([{"orig_code": "CNGGZ", "dest_code": "EETLL"}]);
    assert_eq!(query(&app, &january(&few)).status, 200);
    let before = service.memory();
    let request = year_of(&json!(vec![&few[0]; 1000]));
    let mut most = 0;
    for receive_buffer in [4096, 1 << 20] {
        let mut raw = RawConnection::connect_with_receive_buffer(service.address, receive_buffer);
        raw.send(&request);
        let (mut received, mut buffer) = (0, vec![0; 65_536]);
        while let Ok(count @ 1..) = raw.0.read(&mut buffer) {
            received += count;
            most = most.max(service.memory());
            if receive_buffer == 4096 && received > 2_000_000 {
                break;
            }
        }
        assert!(received > 2_000_000, "{received}");
    }
    let grown = most.saturating_sub(before);
    println!("1,000 lanes of {DAYS} days: {before} KiB before, {grown} KiB more");
    assert!(grown < 20 * 1024, "{grown} KiB");
}

/// B17, C6: All lanes are of one snapshot: an import while the answer is read is not half in it. B17: When the client leaves, the
/// connection to the database is free within a second.
#[test]
fn an_answer_is_of_one_snapshot_and_frees_its_connection() {
    let database = year_of_lanes(1);
    let app = App::over(&database);
    let busy = || streams_in_use(&database.server, &database.name);
    let lane = json!({"orig_code": "XX000", "dest_code": "EETLL"});
    let request = year_of(&json!(vec![&lane; 1000]));
    let mut reading = RawConnection::connect_with_receive_buffer(app.address, 4096);
    reading.send(&request);
    wait_until_within(Duration::from_secs(5), "the answer begins", || busy() == 1);
    database.execute(prices());
    assert_eq!(busy(), 1, "the answer was complete before the import");
    let answer = read_chunked(&mut reading);
    assert!(answer.is_complete && answer.head.starts_with("HTTP/1.1 200"));
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    let entries = answer["lanes"].as_array().unwrap();
    assert_eq!(entries.len(), 1000);
    for entry in entries {
        assert_eq!(entry["rates"].as_array().unwrap().len(), DAYS);
        assert_eq!(entry["rates"][0]["count"], 3);
        assert_eq!(entry, &entries[0]);
    }
    wait_until_within(Duration::from_secs(1), "the connection is free", || busy() == 0);
    let later = query(
        &app,
        &json!({"date_from": "2020-12-31", "date_to": "2020-12-31", "lanes": [lane]}),
    );
    assert_eq!(later.json()["lanes"][0]["rates"][0]["count"], 6);

    let mut leaving = RawConnection::connect_with_receive_buffer(app.address, 4096);
    leaving.send(&request);
    wait_until_within(Duration::from_secs(5), "another begins", || busy() == 1);
    let start = Instant::now();
    drop(leaving);
    wait_until_within(Duration::from_secs(1), "the connection is free", || busy() == 0);
    println!("free after {:?}", start.elapsed());
}
