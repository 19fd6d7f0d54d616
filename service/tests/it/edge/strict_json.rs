//! Strict JSON: accepts what RFC 8259 allows, and rejects what it forbids, duplicate and unknown members, and deep nesting.

use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::response::Response;
use crate::support::test_api::TestApi;
use serde_json::Value;

fn app() -> App {
    App::start_with(&Database::not_created().settings(&[]), |apis| {
        (apis, TestApi::default())
    })
}

fn post(app: &App, path: &str, body: &[u8]) -> Response {
    send(
        app.request("POST", path)
            .header("Content-Type", "application/json")
            .body(body.to_vec()),
    )
}

/// Texts that RFC 8259 allows.
const VALID: &[&[u8]] = &[
    b"null",
    b"true",
    b"false",
    b"0",
    b"-0",
    b"42",
    b"-1",
    b"1.5",
    b"-0.0",
    b"1e3",
    b"1E3",
    b"1e+3",
    b"1e-3",
    b"0e1",
    b"123123123123123123123",
    b"-9223372036854775808",
    b"18446744073709551615",
    b"1.7976931348623157e308",
    b"5e-324",
    b"\"\"",
    b"\"a\"",
    b"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    b"\"\\u0000\"",
    b"\"\\u00e5\"",
    b"\"\\uD83D\\uDEA2\"",
    b"\"\\ud83d\\udea2\"",
    "\"å\"".as_bytes(),
    "\"\u{1f6a2}\"".as_bytes(),
    "\"\u{2028}\"".as_bytes(),
    b"\"\x7f\"",
    b"[]",
    b"[ ]",
    b"[1]",
    b"[1,2]",
    b"[null, 1, \"1\", {}]",
    b"[[[[]]]]",
    b"{}",
    b"{ }",
    b"{\"\":0}",
    b"{\"a\":{}}",
    b"{\"a\":1,\"b\":1}",
    b"{\"a\":1,\"A\":1}",
    b"{\"a\\u0000b\":1}",
    b" \t\r\n[1]\n\r\t ",
    b"{\"a\":[{\"b\":[]}]}",
];

/// Texts that it forbids.
const INVALID: &[&[u8]] = &[
    b"",
    b" ",
    b"nul",
    b"NULL",
    b"True",
    b"undefined",
    b"NaN",
    b"-NaN",
    b"Infinity",
    b"-Infinity",
    b"inf",
    b"[NaN]",
    b"+1",
    b"01",
    b"-01",
    b"1.",
    b".5",
    b"-.5",
    b"-",
    b"1e",
    b"1e+",
    b"1.e1",
    b"0x10",
    b"0b1",
    b"1_000",
    b"1,5",
    b"--1",
    b"1 2",
    b"1 000",
    "\u{ff11}".as_bytes(),
    b"\"",
    b"\"a",
    b"a\"",
    b"'a'",
    b"\"\\x41\"",
    b"\"\\a\"",
    b"\"\\u12\"",
    b"\"\\u123g\"",
    b"\"\\\"",
    b"\"\n\"",
    b"\"\t\"",
    b"\"\x00\"",
    b"\"\x1f\"",
    b"\"\xff\"",
    b"\"\xc3\"",
    b"\"\xed\xa0\x80\"",
    b"\"\xc0\xaf\"",
    b"\"\\uD800\"",
    b"\"\\uDC00\"",
    b"\"\\uD800\\u0041\"",
    b"[",
    b"]",
    b"[1",
    b"1]",
    b"[1,]",
    b"[,1]",
    b"[1,,2]",
    b"[1 2]",
    b"[1:2]",
    b"[\"a\"",
    b"[}",
    b"{",
    b"}",
    b"{]",
    b"{\"a\"}",
    b"{\"a\":}",
    b"{\"a\":1,}",
    b"{,\"a\":1}",
    b"{\"a\" 1}",
    b"{\"a\":1 \"b\":2}",
    b"{a:1}",
    b"{'a':1}",
    b"{1:1}",
    b"{\"a\":1,,\"b\":2}",
    b"{\"a\"::1}",
    b"{null:1}",
    b"{\"a\":1}}",
    b"[1]]",
    b"[1]x",
    b"{}{}",
    b"1//c",
    b"/*c*/1",
    b"#c\n1",
    b"[1]\x00",
    b"[1]\x0c",
    "[1]\u{a0}".as_bytes(),
    b"\xef\xbb\xbf[1]",
    b"\xff\xfe[\x001\x00]\x00",
    b"<a/>",
    b"a=1",
    b"---\na: 1",
    b"*",
    b"\\u0031",
];

/// O5: JSON texts that RFC 8259 allows are accepted and keep their value.
#[test]
fn valid_json_is_accepted_and_keeps_its_value() {
    let app = app();
    for text in VALID {
        let response = post(&app, "/extra/echo", text);
        assert_eq!(
            response.status,
            200,
            "{:?}: {response:?}",
            String::from_utf8_lossy(text)
        );
        let expected: Value = serde_json::from_slice(text).unwrap();
        assert_eq!(response.json(), expected);
    }
}

/// O5: JSON texts that RFC 8259 forbids are rejected.
#[test]
fn invalid_json_is_rejected() {
    let app = app();
    for text in INVALID {
        let response = post(&app, "/extra/echo", text);
        assert_eq!(
            response.status,
            400,
            "{:?}: {response:?}",
            String::from_utf8_lossy(text)
        );
        response.problem(400);
    }
    assert!(VALID.len() + INVALID.len() > 130);
}

/// O5: A duplicate member is rejected at any depth (I-JSON, RFC 7493 §2.3), because parsers differ in which one they use.
#[test]
fn a_duplicate_member_is_rejected_at_any_depth() {
    let app = app();
    for text in [
        &b"{\"a\":1,\"a\":1}"[..],
        b"{\"a\":1,\"a\":2}",
        b"{\"a\":1,\"b\":2,\"a\":3}",
        b"{\"x\":{\"a\":1,\"a\":1}}",
        b"[{\"a\":1,\"a\":1}]",
        b"{\"a\":1,\"\\u0061\":2}",
        b"{\"\":1,\"\":2}",
        b"{\"a\":{},\"a\":[]}",
    ] {
        let problem = post(&app, "/extra/echo", text).problem(400);
        assert!(
            problem["detail"].as_str().unwrap().contains("is repeated"),
            "{problem}"
        );
    }
}

/// O5: Deep nesting, which can exhaust a parser's stack, is rejected.
#[test]
fn deep_nesting_is_rejected() {
    let app = app();
    let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
    assert_eq!(post(&app, "/extra/echo", &nested(32)).status, 200);
    for depth in [40, 200, 10_000] {
        post(&app, "/extra/echo", &nested(depth)).problem(400);
        post(&app, "/extra/echo", &b"[".repeat(depth)).problem(400);
        post(&app, "/extra/echo", &b"{\"a\":".repeat(depth)).problem(400);
    }
}

/// O5: Unknown members are rejected by name, and rejected values are not echoed.
#[test]
fn unknown_members_are_rejected_by_name() {
    let app = app();
    assert_eq!(
        post(&app, "/extra/known", b"{\"name\":\"x\",\"count\":1}").status,
        200
    );
    assert_eq!(post(&app, "/extra/known", b"{\"name\":\"x\"}").status, 200);
    let unknown = post(&app, "/extra/known", b"{\"name\":\"x\",\"extra\":1}");
    assert_eq!(unknown.fields(400), ["body:extra"]);
    let unknown = post(&app, "/extra/known", b"{\"name\":\"x\",\"Name\":\"y\"}");
    assert_eq!(unknown.fields(400), ["body:Name"]);
    for text in [
        &b"{}"[..],
        b"{\"name\":null}",
        b"{\"name\":[\"secret-7f3a\"]}",
        b"{\"name\":\"x\",\"count\":1.5}",
        b"{\"name\":\"x\",\"count\":\"`secret-7f3a`\"}",
        b"{\"name\":\"x\",\"count\":9223372036854775808}",
        b"[]",
        b"null",
    ] {
        let response = post(&app, "/extra/known", text);
        response.problem(400);
        assert!(
            !response.text().contains("t-7f3a"),
            "the response echoes the value: {response:?}"
        );
    }
}

/// O1, O5: A missing Content-Type, and any other than JSON, is 415.
#[test]
fn a_content_type_other_than_json_is_415() {
    let app = app();
    let ask = |kind: Option<&str>| {
        let request = app.request("POST", "/extra/echo").body("{}");
        send(
            kind.into_iter()
                .fold(request, |request, kind| request.header("Content-Type", kind)),
        )
    };
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
    ] {
        assert_eq!(ask(Some(kind)).status, 200, "{kind}");
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "text/json",
        "application/jsonx",
        "application/xml",
        "",
    ] {
        ask(Some(kind)).problem(415);
    }
    ask(None).problem(415);
}
