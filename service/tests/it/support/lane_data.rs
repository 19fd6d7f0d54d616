//! Many lanes with prices of a whole year, and what their streamed responses do.

use super::database::{Database, Server, lines};
use super::raw_connection::RawConnection;
use super::sample_data::dump;
use std::io::{ErrorKind, Read};

/// The range of all days with prices.
pub const YEAR: &str = "date_from=2020-01-01&date_to=2020-12-31";

/// The number of these days.
pub const DAYS: usize = 366;

/// Creates a database with this many lanes, from the ports of `asia` to EETLL, each with three prices on each day.
pub fn year_of_lanes(count: usize) -> Database {
    let database = Database::with_data(&ports(count));
    database.execute(prices());
    database
}

/// The dump of the places.
pub fn ports(count: usize) -> String {
    let codes: Vec<String> = (0..count).map(|number| format!("XX{number:03}")).collect();
    let mut ports: Vec<(&str, &str)> = codes.iter().map(|code| (&**code, "asia")).collect();
    ports.push(("EETLL", "europe"));
    dump(&[("asia", None), ("europe", None)], &ports, &[])
}

/// The statement that stores three prices for each lane and day; executed again it changes each sum.
pub fn prices() -> &'static str {
    "INSERT INTO rates.prices (orig_code, dest_code, day, price)
     SELECT p.code, 'EETLL', day::date, 1000 + number + right(p.code, 3)::integer
     FROM rates.ports p, generate_series(date '2020-01-01', date '2020-12-31', '1 day') day, generate_series(1, 3) number
     WHERE p.parent_slug = 'asia'"
}

/// How many connections for streams are in use.
pub fn streams_in_use(server: &Server, database: &str) -> usize {
    let statement = format!(
        "SELECT count(*)::text AS line FROM pg_stat_activity
         WHERE datname = '{database}' AND application_name = 'portcullis-streams' AND state <> 'idle'"
    );
    lines(&mut server.admin("postgres"), &statement).unwrap()[0]
        .parse()
        .unwrap()
}

/// A response whose transfer coding is chunked.
pub struct Chunked {
    /// Status line and header fields.
    pub head: String,
    /// What was received of the body.
    pub body: Vec<u8>,
    /// Whether the last chunk was received.
    pub is_complete: bool,
}

/// Reads a chunked response until the server closes the connection.
pub fn read_chunked(raw: &mut RawConnection) -> Chunked {
    let mut received = Vec::new();
    match raw.0.read_to_end(&mut received) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("the connection is still open")
        }
        _ => decode_chunked(&received),
    }
}

/// Decodes a chunked response that may be truncated.
pub fn decode_chunked(received: &[u8]) -> Chunked {
    let end = received
        .windows(4)
        .position(|part| part == b"\r\n\r\n")
        .expect("a head");
    let head = String::from_utf8(received[..end].to_vec()).unwrap();
    let (mut rest, mut body) = (&received[end + 4..], Vec::new());
    let mut is_complete = false;
    while let Some(line) = rest.windows(2).position(|part| part == b"\r\n") {
        let size = std::str::from_utf8(&rest[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        rest = &rest[line + 2..];
        if size == 0 {
            is_complete = rest == b"\r\n";
            break;
        }
        let available = size.min(rest.len());
        body.extend_from_slice(&rest[..available]);
        rest = rest.get(size + 2..).unwrap_or_default();
    }
    Chunked {
        head,
        body,
        is_complete,
    }
}
