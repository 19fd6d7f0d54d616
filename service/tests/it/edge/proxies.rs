//! Clients behind trusted proxies: forwarding headers and the PROXY protocol.

use crate::support::accounts::{PASSWORD, create_account, get_as, with_json};
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::program::{run, stderr};
use crate::support::raw_connection::RawConnection;
use crate::support::response::Response;
use portcullis::types::role::Role;
use reqwest::blocking::Client;
use serde_json::json;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

const ANN: &str = "ann@example.org";

/// The signature of the PROXY protocol, version 2.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Every header in which some proxy or CDN reports a client.
const SPOOFED: [&str; 8] = [
    "x-forwarded-for",
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
];

/// A service behind a proxy at 127.0.0.1, and others in 10.0.0.0/8.
fn behind_proxy(database: &Database, more: &[(&str, &str)]) -> App {
    let mut settings = vec![("TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")];
    settings.extend(more);
    App::start(&database.settings(&settings))
}

/// Logs in with these fields.
fn log_in_with(app: &App, password: &str, fields: &[(&str, &str)]) -> Response {
    let body = json!({ "email": ANN, "password": password }).to_string();
    let request = with_json(app.request("POST", "/auth/login"), &body);
    send(
        fields
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value)),
    )
}

/// The client's address in the last audit event.
fn last_address(database: &Database) -> String {
    let last = "SELECT address AS line FROM audit.events ORDER BY id DESC LIMIT 1";
    database.lines(last).remove(0)
}

/// The address that an attempt with these fields is recorded with.
fn recorded(database: &Database, app: &App, fields: &[(&str, &str)]) -> String {
    database.execute("DELETE FROM sessions.throttles");
    log_in_with(app, "wrong", fields).problem(401);
    last_address(database)
}

/// O14: Behind a trusted proxy the client is the rightmost address that is not a proxy's, in audit events, sessions and both
/// headers; what the client wrote itself, and what is malformed, never is.
#[test]
fn a_trusted_proxy_names_the_client() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = behind_proxy(&database, &[]);
    let x = |value| [("x-forwarded-for", value)];
    let forwarded = |value| [("forwarded", value)];
    for (fields, client) in [
        (x("192.0.2.1"), "192.0.2.1"),
        (x("198.51.100.66, 192.0.2.1, 10.9.9.9"), "192.0.2.1"),
        (x("garbage\", 192.0.2.1:4000"), "192.0.2.1"),
        (x("::ffff:192.0.2.1"), "192.0.2.1"),
        (x("192.0.2.1, unknown"), "127.0.0.1"),
        (x("192.0.2.1,"), "127.0.0.1"),
        (
            forwarded("for=\"[2001:db8:cafe::17]:4711\";proto=https"),
            "2001:db8:cafe::17",
        ),
        (
            forwarded("for=\"198.51.100.66, For=192.0.2.1;host=x"),
            "192.0.2.1",
        ),
        (forwarded("for=192.0.2.1, for=_secret, for=10.1.1.1"), "10.1.1.1"),
    ] {
        assert_eq!(recorded(&database, &app, &fields), client, "{fields:?}");
    }
    let lines = [
        ("x-forwarded-for", "198.51.100.66"),
        ("x-forwarded-for", "192.0.2.1"),
    ];
    assert_eq!(recorded(&database, &app, &lines), "192.0.2.1");

    let login = log_in_with(&app, PASSWORD, &x("192.0.2.9"));
    let token = login.json()["access_token"].as_str().unwrap().to_owned();
    let sessions = get_as(&app, &token, "/auth/sessions");
    assert!(sessions.text().contains("192.0.2.9"), "{}", sessions.text());
    let network = "SELECT network AS line FROM sessions.sessions";
    assert_eq!(database.lines(network), ["192.0.2.9"]);
}

/// O14: Of a connection that is not from a trusted proxy no header is read.
#[test]
fn an_untrusted_peer_cannot_name_a_client() {
    let database = Database::fresh();
    let app = behind_proxy(&database, &[]);
    let address: IpAddr = "127.0.0.2".parse().unwrap();
    let client = Client::builder()
        .no_proxy()
        .local_address(address)
        .build()
        .unwrap();
    let body = json!({ "email": ANN, "password": "wrong" }).to_string();
    for header in SPOOFED {
        let request = client.post(format!("http://{}/auth/login", app.address));
        let value = if header == "forwarded" {
            "for=192.0.2.1"
        } else {
            "192.0.2.1"
        };
        database.execute("DELETE FROM sessions.throttles");
        send(with_json(request, &body).header(header, value)).problem(401);
        assert_eq!(last_address(&database), "127.0.0.2", "{header}");
    }
}

/// O14: A client cannot get past a proxy that sets one header by sending the other: a request that names two clients is
/// rejected, and with the header named by a setting the other one is not read.
#[test]
fn a_second_header_does_not_replace_the_proxys() {
    let database = Database::fresh();
    let (x, forwarded) = (
        ("x-forwarded-for", "192.0.2.1"),
        ("forwarded", "for=198.51.100.66"),
    );
    let app = behind_proxy(&database, &[("RATE_LIMIT", "30")]);
    let refused = log_in_with(&app, "wrong", &[x, forwarded]);
    assert_eq!(
        refused.problem(400)["type"],
        "urn:portcullis:problem:ambiguous-client"
    );
    assert_eq!(
        recorded(&database, &app, &[x, ("forwarded", "for=192.0.2.1")]),
        "192.0.2.1"
    );
    let statuses: Vec<u16> = (0..40)
        .map(|_| log_in_with(&app, "wrong", &[x, forwarded]).status)
        .collect();
    assert_eq!(statuses.last(), Some(&429), "they are counted");
    assert_eq!(app.get("/version").status, 200, "but not to the proxy");
    for (source, client) in [("x-forwarded-for", "192.0.2.1"), ("forwarded", "198.51.100.66")] {
        let app = behind_proxy(&database, &[("CLIENT_ADDRESS_SOURCE", source)]);
        assert_eq!(recorded(&database, &app, &[x, forwarded]), client);
    }
}

/// O14, O8, E7: Rate limits, throttles and mail quotas count the clients of a proxy one by one, and no client escapes its own
/// by what it sends.
#[test]
fn each_client_of_a_proxy_is_counted_alone() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = behind_proxy(&database, &[("RATE_LIMIT", "20"), ("MAIL_RATE_PER_NETWORK", "3")]);
    let get = |forwarded: &str| {
        send(
            app.request("GET", "/version")
                .header("x-forwarded-for", forwarded),
        )
        .status
    };
    let statuses: Vec<u16> = (0..40)
        .map(|number| get(&format!("198.51.100.{number}, 192.0.2.1")))
        .collect();
    assert!(
        statuses[..20].iter().all(|status| *status == 200) && statuses.contains(&429),
        "{statuses:?}"
    );
    assert_eq!(get("192.0.2.2"), 200);
    assert_eq!(app.get("/version").status, 200, "the proxy has its own quota");

    for number in 0..6 {
        let spoofed = format!("198.51.100.{number}, 192.0.2.3");
        log_in_with(&app, "wrong", &[("x-forwarded-for", &spoofed)]).problem(401);
    }
    database.execute("UPDATE sessions.throttles SET blocked_until = now() + interval '1 minute' WHERE blocked_until IS NOT NULL");
    log_in_with(&app, PASSWORD, &[("x-forwarded-for", "198.51.100.99, 192.0.2.3")]).problem(429);
    assert_eq!(
        log_in_with(&app, PASSWORD, &[("x-forwarded-for", "192.0.2.4")]).status,
        200
    );

    let register = |number: usize, client: &str| {
        let email = format!("n{number}@example.org");
        let body = json!({ "name": "Ann", "email": email, "password": "a quiet mountain lake" }).to_string();
        let request = with_json(app.request("POST", "/auth/register"), &body);
        send(request.header("x-forwarded-for", client)).status
    };
    let statuses: Vec<u16> = (0..6).map(|number| register(number, "192.0.2.5")).collect();
    assert_eq!((&statuses[..3], statuses[5]), (&[202; 3][..], 429));
    assert_eq!(register(7, "192.0.2.6"), 202);
}

/// O14, G3: Nothing that a proxy or a client says about scheme and host changes cookies or links.
#[test]
fn scheme_and_host_are_not_taken_from_headers() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = behind_proxy(&database, &[]);
    let spoofed = [
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "for=192.0.2.1;proto=http;host=evil.example"),
        ("x-forwarded-port", "81"),
    ];
    let request = app.request("GET", "/sign-in");
    let page = send(
        spoofed
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value)),
    );
    let cookie = page.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-") && cookie.contains("; Secure"),
        "{cookie}"
    );
    assert!(!page.text().contains("evil.example"));
    let body = json!({ "email": ANN }).to_string();
    let request = with_json(app.request("POST", "/auth/forgot"), &body);
    send(
        spoofed
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value)),
    );
    let mails = database.lines("SELECT outbox::text AS line FROM mail.outbox");
    assert!(
        mails.len() == 1 && !mails[0].contains("evil.example"),
        "{mails:?}"
    );
}

/// A header of the PROXY protocol, version 2: command, family and transport, and what follows the length.
fn proxy_header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[0x20 | command, family], &length, rest].concat()
}

/// The header of a client over IPv4, with extensions behind the addresses.
fn of_ipv4(client: [u8; 4], extensions: &[u8]) -> Vec<u8> {
    let rest = [
        &client[..],
        &[127, 0, 0, 1],
        &[0x12, 0x34, 0x01, 0xbb],
        extensions,
    ]
    .concat();
    proxy_header(1, 0x11, &rest)
}

/// Sends these bytes, then a login; the status, or `None` if the connection is closed.
fn log_in_after(address: SocketAddr, preface: &[u8]) -> Option<u16> {
    let body = json!({ "email": ANN, "password": "wrong" }).to_string();
    let mut raw = RawConnection::connect(address);
    raw.send(preface);
    raw.send(format!(
        "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 198.51.100.66\r\n\
         Forwarded: for=198.51.100.67\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    raw.read_response().map(|response| response.status)
}

/// O14: With the PROXY protocol every connection starts with a header of version 2 from a trusted proxy; its address is the
/// client's and HTTP headers are not read.
#[test]
fn the_proxy_protocol_names_the_client() {
    let database = Database::fresh();
    let app = behind_proxy(
        &database,
        &[
            ("CLIENT_ADDRESS_SOURCE", "proxy-protocol"),
            ("CLIENT_TIMEOUT", "2"),
        ],
    );
    let ipv6: Vec<u8> = [
        "2001:db8:cafe::17"
            .parse::<std::net::Ipv6Addr>()
            .unwrap()
            .octets(),
        std::net::Ipv6Addr::LOCALHOST.octets(),
    ]
    .concat();
    let ipv6 = [&ipv6[..], &[0x12, 0x34, 0x01, 0xbb]].concat();
    for (preface, client) in [
        (of_ipv4([192, 0, 2, 1], &[]), "192.0.2.1"),
        (of_ipv4([192, 0, 2, 2], &[0xea, 0, 3, 1, 2, 3]), "192.0.2.2"),
        (of_ipv4([192, 0, 2, 3], &[0xff; 2000]), "192.0.2.3"),
        (proxy_header(1, 0x21, &ipv6), "2001:db8:cafe::17"),
        (proxy_header(0, 0x00, &[]), "127.0.0.1"),
        (
            proxy_header(0, 0x11, &of_ipv4([192, 0, 2, 4], &[])[16..]),
            "127.0.0.1",
        ),
        (proxy_header(1, 0x00, &[]), "127.0.0.1"),
    ] {
        database.execute("DELETE FROM sessions.throttles");
        assert_eq!(log_in_after(app.address, &preface), Some(401), "{preface:02x?}");
        assert_eq!(last_address(&database), client);
    }
    let events = || database.lines("SELECT count(*)::text AS line FROM audit.events");
    let before = events();
    for preface in [
        b"".to_vec(),
        b"PROXY TCP4 192.0.2.1 127.0.0.1 4660 443\r\n".to_vec(),
        [SIGNATURE, &[0x31, 0x11, 0, 0]].concat(),
        proxy_header(1, 0x11, &[192, 0, 2]),
        proxy_header(2, 0x11, &[0; 12]),
        proxy_header(1, 0x12, &[0; 12]),
        proxy_header(1, 0x31, &[0; 216]),
        of_ipv4([192, 0, 2, 1], &vec![0; 60_000]),
    ] {
        assert_eq!(log_in_after(app.address, &preface), None, "{preface:02x?}");
    }
    assert_eq!(events(), before);
    let mut silent = RawConnection::connect(app.address);
    silent.send(&SIGNATURE[..5]);
    assert!(silent.wait_until_closed() < Duration::from_secs(8));
}

/// O14: With the PROXY protocol a peer that is no trusted proxy is disconnected, whatever it sends.
#[test]
fn the_proxy_protocol_is_refused_from_others() {
    let database = Database::not_created();
    let settings = [
        ("TRUSTED_PROXIES", "127.0.0.2"),
        ("CLIENT_ADDRESS_SOURCE", "proxy-protocol"),
    ];
    let app = App::start(&database.settings(&settings));
    for preface in [of_ipv4([192, 0, 2, 1], &[]), proxy_header(0, 0, &[]), Vec::new()] {
        assert_eq!(log_in_after(app.address, &preface), None);
    }
}

/// O14, A5: `healthcheck` works with the PROXY protocol.
#[test]
fn healthcheck_speaks_the_proxy_protocol() {
    let database = Database::fresh();
    let settings = [
        ("TRUSTED_PROXIES", "127.0.0.1"),
        ("CLIENT_ADDRESS_SOURCE", "proxy-protocol"),
    ];
    let app = App::start(&database.settings(&settings));
    let mut pairs = settings
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    pairs.push(("LISTEN".to_owned(), app.address.to_string()));
    let output = run(&["healthcheck"], &pairs);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
