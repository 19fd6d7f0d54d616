//! Transfer and content codings of requests.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::raw_connection::RawConnection;
use crate::support::test_api::TestApi;

fn app() -> App {
    App::start_with(&Database::not_created().settings(&[]), |apis| {
        (apis, TestApi::default())
    })
}

fn echo(more: &str) -> String {
    format!("POST /extra/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{more}\r\n")
}

/// O3: A transfer coding other than a single `chunked` is 501, and the connection is closed, because a proxy may frame the
/// message differently (RFC 9112 §6.1).
#[test]
fn a_transfer_coding_other_than_chunked_is_501() {
    let app = app();
    for fields in [
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: x-foo, chunked\r\n",
        "Transfer-Encoding: identity, chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let mut raw = RawConnection::connect(app.address);
        raw.send(echo(fields) + "3\r\n[1]\r\n0\r\n\r\nGET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let response = raw.read_response().unwrap();
        assert_eq!(
            response.problem(501)["type"],
            "urn:portcullis:problem:unsupported-transfer-coding",
            "{fields}"
        );
        assert_eq!(response.header("connection"), "close", "{fields}");
        assert!(
            raw.read_response().is_none(),
            "{fields}: a second request was answered"
        );
    }
    for fields in ["Transfer-Encoding: chunked\r\n", "Transfer-Encoding: CHUNKED\r\n"] {
        let mut raw = RawConnection::connect(app.address);
        raw.send(echo(fields) + "3\r\n[1]\r\n0\r\n\r\n");
        assert_eq!(raw.read_response().unwrap().status, 200, "{fields}");
    }
}

/// O5: A content coding is 415 with `Accept-Encoding`, whether the body is encoded or not (RFC 9110 §15.5.16).
#[test]
fn a_content_coding_is_415() {
    let app = app();
    for coding in ["gzip", "br", "identity, gzip", "GZIP", "x-unknown"] {
        let mut raw = RawConnection::connect(app.address);
        raw.send(echo(&format!("Content-Encoding: {coding}\r\nContent-Length: 3\r\n")) + "[1]");
        let response = raw.read_response().unwrap();
        assert_eq!(
            response.problem(415)["type"],
            "urn:portcullis:problem:unsupported-content-coding",
            "{coding}"
        );
        assert_eq!(response.header("accept-encoding"), "identity");
    }
    let mut raw = RawConnection::connect(app.address);
    raw.send(echo("Content-Encoding: identity\r\nContent-Length: 3\r\n") + "[1]");
    assert_eq!(raw.read_response().unwrap().status, 200);
}
