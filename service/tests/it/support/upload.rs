//! Uploads batches as an account with the role ingest.

use super::accounts::{create_account, get_as, log_in};
use super::app::{App, send};
use super::database::Database;
use super::own_postgres;
use super::program::ServiceProcess;
use super::raw_connection::RawConnection;
use super::response::Response;
use super::sample_data::small;
use super::wait::{wait_until, wait_until_within};
use flate2::Compression;
use flate2::write::GzEncoder;
use portcullis::types::role::Role;
use private_postgres::Cluster;
use reqwest::blocking::RequestBuilder;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

/// The first line of a CSV.
pub const HEADER: &str = "orig_code,dest_code,day,price\n";

/// The price of another offer for a route and day of the sample data, so that its sum changes.
pub const ONE_MORE_PRICE: &str = "orig_code,dest_code,day,price\nCNGGZ,EETLL,2021-01-31,5\n";

/// Begins a transaction that holds the sums, as an import does.
pub const LOCK_SUMS: &str = "BEGIN; LOCK TABLE rates.daily_rates IN SHARE ROW EXCLUSIVE MODE";

/// Begins a transaction for which only what changes a sum waits, after COPY.
pub const LOCK_SUM_ROWS: &str = "BEGIN; SELECT FROM rates.daily_rates FOR UPDATE";

/// A database with places and prices, and an account that may upload.
pub fn database() -> Database {
    let database = Database::with_data(&small());
    create_account(&database, "ingest@example.org", Role::Ingest);
    database
}

/// The same on a PostgreSQL server that the test may stop.
pub fn database_on_own_server() -> (Cluster, Database) {
    let (cluster, server) = own_postgres::start_with_data(&small());
    let name = "portcullis".to_owned();
    let database = Database { name, server };
    create_account(&database, "ingest@example.org", Role::Ingest);
    (cluster, database)
}

/// A service with uploads.
pub fn app(database: &Database) -> App {
    App::start(&database.settings(&[("UPLOADS", "on")]))
}

/// A service with uploads in a process of its own.
pub fn start_process(database: &Database) -> ServiceProcess {
    let mut settings = database.pairs();
    settings.push(("UPLOADS".to_owned(), "on".to_owned()));
    ServiceProcess::start(&settings)
}

/// A process with uploads, whose memory can be measured.
pub fn process(database: &Database) -> (ServiceProcess, App) {
    let process = start_process(database);
    let app = App::of_process(&process);
    (process, app)
}

/// An access token of the account.
pub fn token(app: &App) -> String {
    log_in(app, "ingest@example.org").access
}

/// A CSV of this many different prices on the routes of the sample data.
pub fn csv(prices: usize) -> String {
    let mut text = HEADER.to_owned();
    for number in 0..prices {
        let (month, day) = (number / 28 % 12 + 1, number % 28 + 1);
        writeln!(text, "CNGGZ,FIHEL,2022-{month:02}-{day:02},{number}").unwrap();
    }
    text
}

/// A request to upload a CSV, to which more can be added.
pub fn request(app: &App, token: &str, key: &str, query: &str) -> RequestBuilder {
    app.request("POST", &format!("/rates/batches{query}"))
        .bearer_auth(token)
        .header("idempotency-key", key)
        .header("content-type", "text/csv")
}

/// Uploads a CSV and returns the first response.
pub fn upload(app: &App, token: &str, key: &str, text: &str) -> Response {
    send(request(app, token, key, "").body(text.to_owned()))
}

/// Uploads a CSV and waits for its outcome.
pub fn upload_and_wait(app: &App, token: &str, key: &str, text: &str) -> Response {
    send(
        request(app, token, key, "")
            .header("prefer", "wait=30")
            .body(text.to_owned()),
    )
}

/// Waits until the batch is in a final state, and returns it.
pub fn wait_for_end(app: &App, token: &str, path: &str) -> Value {
    let mut last = Value::Null;
    wait_until_within(Duration::from_secs(120), "the batch is in a final state", || {
        let response = get_as(app, token, path);
        assert_eq!(response.status, 200, "{response:?}");
        last = response.json();
        !["receiving", "queued", "running"].contains(&last["state"].as_str().unwrap())
    });
    last
}

/// Compresses with gzip.
pub fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// Waits until a job or a withdrawal waits for a lock.
pub fn wait_for_lock_wait(database: &Database) {
    let waiting = "SELECT count(*)::text AS line FROM pg_stat_activity WHERE datname = current_database()
                     AND application_name = 'portcullis-ingest' AND wait_event_type = 'Lock'";
    wait_until("a lock is awaited", || database.lines(waiting) == ["1"]);
}

/// How many prices are stored.
pub fn price_count(database: &Database) -> i64 {
    database.lines("SELECT count(*)::text AS line FROM rates.prices")[0]
        .parse()
        .unwrap()
}

/// Asserts that the sums are those of the prices.
pub fn assert_sums(database: &Database) {
    let differences = database.lines(
        "SELECT count(*)::text AS line FROM (
           (TABLE rates.daily_rates EXCEPT TABLE rates.computed_daily_rates) UNION ALL
           (TABLE rates.computed_daily_rates EXCEPT TABLE rates.daily_rates)) AS d",
    );
    assert_eq!(differences, ["0"]);
}

/// An upload whose body is half sent.
pub struct PartialUpload(RawConnection);

impl PartialUpload {
    /// Sends a request up to the middle of its body.
    pub fn begin(app: &App, token: &str, key: &str) -> Self {
        let mut connection = RawConnection::connect(app.address);
        let body = csv(2);
        let (half, length) = (body.len() / 2, body.len());
        assert!(connection.send(format!(
            "POST /rates/batches HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n\
             Content-Type: text/csv\r\nContent-Length: {length}\r\n\r\n{}",
            &body[..half]
        )));
        Self(connection)
    }

    /// The path of the batch, as soon as it is being received.
    pub fn path(&self, database: &Database) -> String {
        let mut ids = Vec::new();
        wait_until("the upload is received", || {
            ids = database.lines("SELECT id::text AS line FROM rates.uploads WHERE state = 'receiving'");
            !ids.is_empty()
        });
        format!("/rates/batches/{}", ids[0])
    }

    /// Sends the rest, and reads the response.
    pub fn finish(&mut self) -> Response {
        let body = csv(2);
        assert!(self.0.send(&body[body.len() / 2..]));
        self.0.read_response().unwrap()
    }
}
