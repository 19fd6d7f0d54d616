//! `GET /rates/export`: complete, of one snapshot, within bounds, and visibly aborted.

use crate::support::app::{App, send, wait_for_status};
use crate::support::database::{Database, settings};
use crate::support::lane_data::{
    DAYS, YEAR, decode_chunked, ports, prices, read_chunked, streams_in_use, year_of_lanes,
};
use crate::support::own_postgres;
use crate::support::program::ServiceProcess;
use crate::support::raw_connection::RawConnection;
use crate::support::response::Response;
use crate::support::sample_data::{QUERY, small};
use crate::support::temp_file::TempFile;
use crate::support::wait::wait_until_within;
use diesel::connection::SimpleConnection;
use portcullis::domain::batches::import;
use std::io::Read;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// An export of the days with prices of [`small`].
const SMALL: &str = "/rates/export?date_from=2021-01-29&date_to=2021-01-31";

const HEADER: &str = "orig_code,dest_code,day,price_sum,price_count,price\r\n";

/// Lanes whose export exceeds all buffers of a connection.
const LANES: usize = 150;

fn export_as(app: &App, accept: &str, path: &str) -> Response {
    send(app.request("GET", path).header("Accept", accept))
}

/// Waits until more than the head of a response has arrived, without reading it.
fn wait_for_part(reading: &RawConnection) {
    let mut buffer = [0; 3000];
    wait_until_within(30 * SECOND, "a part arrives", || {
        reading.0.peek(&mut buffer).unwrap() == buffer.len()
    });
}

/// Begins an export of the whole year, of which nothing is read yet.
fn begin(address: SocketAddr, fields: &str) -> RawConnection {
    let mut raw = RawConnection::connect_with_receive_buffer(address, 4096);
    raw.send(format!(
        "GET /rates/export?{YEAR} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n"
    ));
    raw
}

/// B18: One row per lane between ports and day with prices, in this order, as CSV and NDJSON. Sums that would disclose a single offer
/// are empty.
#[test]
fn the_rows_are_the_sums_of_all_lanes() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let csv = app.get(SMALL);
    assert_eq!(
        (csv.status, csv.header("content-type")),
        (200, "text/csv; charset=utf-8; header=present")
    );
    let expected = [
        "CNGGZ,EETLL,2021-01-29,,1,",
        "CNGGZ,EETLL,2021-01-30,,2,",
        "CNGGZ,EETLL,2021-01-31,3463,3,1154.3333333333333",
        "CNSGH,FIHEL,2021-01-31,,1,",
        "CNSGH,NOOSL,2021-01-31,,1,",
        "EETLL,EETLL,2021-01-31,5,3,1.6666666666666667",
        "EETLL,FIHEL,2021-01-31,,2,",
        "FIHEL,EETLL,2021-01-31,,1,",
    ];
    let lines = expected.map(|line| format!("{line}\r\n")).concat();
    assert_eq!(csv.text(), format!("{HEADER}{lines}"));
    let ndjson = export_as(&app, "application/x-ndjson", SMALL);
    assert_eq!(ndjson.header("content-type"), "application/x-ndjson");
    let rows: Vec<&str> = ndjson.text().lines().collect();
    assert_eq!(rows.len(), expected.len());
    assert_eq!(
        rows[..3],
        [
            r#"{"orig_code":"CNGGZ","dest_code":"EETLL","day":"2021-01-29","price_sum":null,"price_count":1,"price":null}"#,
            r#"{"orig_code":"CNGGZ","dest_code":"EETLL","day":"2021-01-30","price_sum":null,"price_count":2,"price":null}"#,
            r#"{"orig_code":"CNGGZ","dest_code":"EETLL","day":"2021-01-31","price_sum":3463,"price_count":3,"price":1154.3333333333333}"#,
        ]
    );
    assert_eq!(
        export_as(&app, "application/problem+json", SMALL).text(),
        csv.text()
    );
    export_as(&app, "application/json", SMALL).problem(406);
    let head = send(app.request("HEAD", SMALL));
    assert_eq!((head.status, head.body.len()), (200, 0));
    wait_until_within(SECOND, "HEAD frees its connection", || {
        streams_in_use(&database.server, &database.name) == 0
    });
}

/// B18: An export may be of one origin, of one destination, or of both: a port, or the ports of a region at any depth.
#[test]
fn a_place_restricts_the_export() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let lanes = |places: &str| {
        let response = app.get(&format!("{SMALL}&{places}"));
        assert_eq!(response.status, 200, "{response:?}");
        let rows = response.text().strip_prefix(HEADER).unwrap().to_owned();
        let mut lanes: Vec<String> = rows.lines().map(|row| row[..11].to_owned()).collect();
        lanes.dedup();
        lanes
    };
    assert_eq!(lanes("orig_code=CNGGZ"), ["CNGGZ,EETLL"]);
    assert_eq!(
        lanes("origin=asia"),
        ["CNGGZ,EETLL", "CNSGH,FIHEL", "CNSGH,NOOSL"]
    );
    assert_eq!(lanes("dest_code=FIHEL"), ["CNSGH,FIHEL", "EETLL,FIHEL"]);
    assert_eq!(
        lanes("origin=china_main&destination=baltic"),
        ["CNGGZ,EETLL", "CNSGH,FIHEL"]
    );
    assert_eq!(lanes("origin=world&destination=world").len(), 6);
    assert!(lanes("origin=NOOSL").is_empty());
    let unknown = app.get(&format!("{SMALL}&orig_code=ZZZZZ&dest_code=nowhere"));
    assert_eq!(unknown.fields(404), ["query:orig_code", "query:dest_code"]);
    assert_eq!(
        app.get(&format!("{SMALL}&destination=nowhere")).fields(404),
        ["query:destination"]
    );
    for (query, fields) in [
        ("", ["query:date_from", "query:date_to"].as_slice()),
        ("date_from=2021-02-29&date_to=2021-03-01", &["query:date_from"]),
        ("date_from=0001-01-01&date_to=9999-12-31", &["query:date_to"]),
        ("date_from=2021-01-02&date_to=2021-01-01", &["query:date_from"]),
        (
            "date_from=2021-01-01&date_to=2021-01-01&orig_code=CNGGZ&destination=EETLL",
            &["query:orig_code", "query:destination"],
        ),
        (
            "date_from=2021-01-01&date_to=2021-01-01&origin=a b",
            &["query:origin"],
        ),
        ("date_from=2021-01-01&date_to=2021-01-01&x=1", &["query:x"]),
    ] {
        assert_eq!(
            app.get(&format!("/rates/export?{query}")).fields(400),
            fields,
            "{query}"
        );
    }
}

/// B18: An export of a year equals the sums in the database, in each content coding, over HTTP/1.1 and HTTP/2.
#[test]
fn a_long_export_is_complete_in_each_coding() {
    let database = year_of_lanes(LANES);
    let app = App::over(&database);
    let expected = database.lines(
        "SELECT concat_ws(',', origin, destination, day, price_sum, price_count, price_sum / price_count) AS line
         FROM rates.daily_rates WHERE destination = 'EETLL' AND origin LIKE 'XX%' ORDER BY origin, day",
    );
    assert_eq!(expected.len(), LANES * DAYS);
    let http2 = reqwest::blocking::Client::builder()
        .no_proxy()
        .http2_prior_knowledge();
    let http1 = reqwest::blocking::Client::builder().no_proxy();
    for client in [http1.build().unwrap(), http2.build().unwrap()] {
        for coding in ["identity", "gzip", "zstd"] {
            let url = format!("http://{}/rates/export?{YEAR}", app.address);
            let response = client.get(url).header("Accept-Encoding", coding).send().unwrap();
            assert_eq!(response.headers().get_all("vary").iter().count(), 2);
            let body = response.bytes().unwrap();
            let text = match coding {
                "gzip" => {
                    let mut text = Vec::new();
                    flate2::read::GzDecoder::new(&body[..])
                        .read_to_end(&mut text)
                        .unwrap();
                    text
                }
                "zstd" => zstd::stream::decode_all(&body[..]).unwrap(),
                _ => body.to_vec(),
            };
            let text = String::from_utf8(text).unwrap();
            // The averages are whole, and a float is written with a fraction.
            let rows = text.strip_prefix(HEADER).unwrap().lines();
            assert!(rows.eq(expected.iter().map(|row| format!("{row}.0"))), "{coding}");
        }
    }
}

/// B18, C6: An export is of one snapshot: an import while it is read is not half in it.
#[test]
fn an_import_meanwhile_is_not_half_in_it() {
    let database = year_of_lanes(LANES);
    let app = App::over(&database);
    let before = app.get(&format!("/rates/export?{YEAR}")).body;
    let mut reading = begin(app.address, "");
    let in_use = || streams_in_use(&database.server, &database.name);
    wait_until_within(30 * SECOND, "the export begins", || in_use() == 1);
    database.execute(prices());
    assert_eq!(in_use(), 1, "the export was complete before the import");
    let export = read_chunked(&mut reading);
    assert!(export.is_complete && export.body == before);
    let after = app.get(&format!("/rates/export?{YEAR}"));
    assert!(after.body != before && after.text().lines().nth(1).unwrap().contains(",6,"));
}

/// B18: When its client leaves, an export frees its connection within a second.
#[test]
fn a_client_that_leaves_frees_its_connection() {
    let database = year_of_lanes(LANES);
    let app = App::over(&database);
    let in_use = || streams_in_use(&database.server, &database.name);
    for _ in 0..3 {
        let reading = begin(app.address, "");
        wait_until_within(30 * SECOND, "the export begins", || in_use() == 1);
        let start = Instant::now();
        drop(reading);
        wait_until_within(SECOND, "the connection is free", || in_use() == 0);
        println!("free after {:?}", start.elapsed());
    }
}

/// B18, O4: A client that reads an export one byte a second is disconnected, and the export ends visibly incomplete. Meanwhile others are
/// answered.
#[test]
fn a_client_that_reads_a_byte_a_second_is_disconnected() {
    let database = year_of_lanes(LANES);
    let settings = [("CLIENT_TIMEOUT", "2"), ("TRUSTED_PROXIES", "127.0.0.1")];
    let app = App::start(&database.settings(&settings));
    let in_use = || streams_in_use(&database.server, &database.name);
    let get = |path: String| {
        send(
            app.request("GET", &path)
                .header("X-Forwarded-For", "198.51.100.1"),
        )
    };
    let mut reading = begin(app.address, "X-Forwarded-For: 192.0.2.1\r\n");
    wait_until_within(30 * SECOND, "the export begins", || in_use() == 1);
    let (start, mut received) = (Instant::now(), Vec::new());
    while in_use() > 0 {
        assert!(start.elapsed() < 15 * SECOND, "the export goes on");
        let others = Instant::now();
        let lane = "orig_code=XX000&dest_code=EETLL";
        assert_eq!(get(format!("/rates?{YEAR}&{lane}")).status, 200);
        let export = get(format!("/rates/export?{YEAR}&{lane}"));
        assert_eq!((export.status, export.text().lines().count()), (200, 1 + DAYS));
        assert!(others.elapsed() < 10 * SECOND, "{:?}", others.elapsed());
        let mut byte = [0];
        if reading.0.read(&mut byte).is_ok_and(|count| count == 1) {
            received.push(byte[0]);
        }
        std::thread::sleep(SECOND);
    }
    let _ = reading.0.read_to_end(&mut received);
    assert!(!decode_chunked(&received).is_complete);
}

/// B18: One client reads one export at a time, and all clients at most half as many as there are connections for streams. Others are
/// rejected with `Retry-After`, and `/rates` and `/rates/query` are answered meanwhile.
#[test]
fn concurrent_exports_are_bounded() {
    let database = year_of_lanes(LANES);
    let app = App::start(&database.settings(&[("TRUSTED_PROXIES", "127.0.0.1")]));
    let in_use = || streams_in_use(&database.server, &database.name);
    let from = |client: &str| format!("X-Forwarded-For: {client}\r\n");
    let first = begin(app.address, &from("192.0.2.1"));
    let second = begin(app.address, &from("198.51.100.1"));
    wait_until_within(30 * SECOND, "both begin", || in_use() == 2);
    let get = |client: &str, path: &str| send(app.request("GET", path).header("X-Forwarded-For", client));
    let export = |client: &str| get(client, &format!("/rates/export?{YEAR}&origin=XX000"));
    let again = export("192.0.2.1");
    assert_eq!(
        again.problem(429)["type"],
        "urn:portcullis:problem:too-many-streams"
    );
    assert!(again.headers.contains_key("retry-after"));
    let third = export("203.0.113.1");
    third.problem(503);
    assert_eq!(third.header("retry-after"), "10");
    assert_eq!(
        get("192.0.2.1", QUERY).status,
        404,
        "the place is unknown, and the answer is there"
    );
    let lanes = r#"{"date_from":"2020-01-01","date_to":"2020-01-01","lanes":[{"origin":"XX000","destination":"EETLL"}]}"#;
    let query = app
        .request("POST", "/rates/query")
        .header("X-Forwarded-For", "192.0.2.1");
    let query = send(query.header("Content-Type", "application/json").body(lanes));
    assert_eq!(query.json()["lanes"][0]["rates"][0]["average_price"], 1002);
    drop((first, second));
    wait_for_status(200, 30 * SECOND, || export("203.0.113.1"));
}

/// B18, O8: An export costs as much of the rate limit as 100 requests.
#[test]
fn an_export_costs_quota() {
    let database = Database::with_data(&small());
    let app = App::start(&database.settings(&[("RATE_LIMIT", "150")]));
    let response = app.get(SMALL);
    assert_eq!(response.status, 200);
    assert!(
        response.header("ratelimit").contains("r=50;"),
        "{}",
        response.header("ratelimit")
    );
    assert_eq!(
        app.get(SMALL).problem(429)["type"],
        "urn:portcullis:problem:rate-limited"
    );
}

/// B18, B16: A restart of the database aborts an export visibly; afterwards exports work again.
#[test]
fn a_restart_of_the_database_aborts_an_export_visibly() {
    let (mut cluster, server) = own_postgres::start();
    let settings = settings(server.pairs("portcullis"), &[("CLIENT_TIMEOUT", "60")]);
    let file = TempFile::new("sql", ports(LANES));
    import(&settings.database, file.path(), &mut |_| {}).unwrap();
    server.admin("portcullis").batch_execute(prices()).unwrap();
    let app = App::start(&settings);
    let path = format!("/rates/export?{YEAR}");
    wait_for_status(200, 30 * SECOND, || app.get(&path));
    let mut reading = begin(app.address, "");
    wait_for_part(&reading);
    cluster.stop().unwrap();
    let export = read_chunked(&mut reading);
    assert!(export.head.starts_with("HTTP/1.1 200"));
    assert!(!export.is_complete && !export.body.is_empty());
    cluster.resume().unwrap();
    wait_for_status(200, 30 * SECOND, || app.get(&path));
}

/// L6, O18: An export that is hardly read does not prolong the shutdown beyond the grace, and is visibly aborted.
#[test]
fn a_shutdown_aborts_an_export_that_is_not_read() {
    let database = year_of_lanes(LANES);
    let mut pairs = database.pairs();
    pairs.push(("SHUTDOWN_GRACE".to_owned(), "1".to_owned()));
    let service = ServiceProcess::start(&pairs);
    let mut reading = begin(service.address, "");
    wait_for_part(&reading);
    let start = Instant::now();
    service.terminate();
    assert_eq!(service.wait().0, Some(0));
    assert!(start.elapsed() < 5 * SECOND, "{:?}", start.elapsed());
    assert!(!read_chunked(&mut reading).is_complete);
}

/// B18, O17: An export takes little memory, whether the client reads it or not, compressed or not.
#[test]
fn memory_is_flat() {
    let database = year_of_lanes(400);
    let service = ServiceProcess::start(&database.pairs());
    let app = App::of_process(&service);
    assert_eq!(app.get(&format!("/rates/export?{YEAR}&origin=XX000")).status, 200);
    let (before, mut most) = (service.memory(), 0);
    for fields in ["", "Accept-Encoding: gzip\r\n", "Accept-Encoding: zstd\r\n"] {
        let mut reading = begin(service.address, fields);
        let mut buffer = vec![0; 65_536];
        while let Ok(count @ 1..) = reading.0.read(&mut buffer) {
            most = most.max(service.memory());
            assert!(count > 0);
        }
    }
    let grown = most.saturating_sub(before);
    println!("{} rows: {before} KiB before, {grown} KiB more", 400 * DAYS);
    assert!(grown < 20 * 1024, "{grown} KiB");
}
