//! `POST /rates/batches`: formats, codings, validation, idempotency, dry runs, authorization.

use crate::support::accounts::{call_as, create_account, create_and_log_in, get_as, log_in};
use crate::support::app::{App, send};
use crate::support::concurrently::concurrently;
use crate::support::machine_client::MachineClient;
use crate::support::metric::metric;
use crate::support::sample_data::QUERY;
use crate::support::upload::{
    HEADER, app, assert_sums, csv, database, gzip, price_count, request, token, upload, upload_and_wait,
    wait_for_end,
};
use crate::support::wait::wait_until;
use portcullis::types::role::Role;
use serde_json::{Value, json};

/// C1: 50,000 prices are stored, and every reader sees them afterwards.
#[test]
fn fifty_thousand_prices_are_stored() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let before = price_count(&database);
    let accepted = upload(&app, &token, "first", &csv(50_000));
    assert_eq!(accepted.status, 202, "{accepted:?}");
    assert_eq!(accepted.header("retry-after"), "1");
    let location = accepted.header("location").to_owned();
    let batch = wait_for_end(&app, &token, &location);
    assert_eq!(batch["state"], "committed", "{batch}");
    assert_eq!(
        (&batch["rows_done"], &batch["rows_total"]),
        (&json!(50_000), &json!(50_000))
    );
    assert_eq!(location, format!("/rates/batches/{}", batch["id"]));
    assert_eq!(batch["stored_as"], batch["id"]);
    assert_eq!(price_count(&database) - before, 50_000);
    assert_sums(&database);
    let path = "/rates?date_from=2022-01-01&date_to=2022-01-01&orig_code=CNGGZ&dest_code=FIHEL";
    assert_eq!(app.get(path).json()["rates"][0]["count"], 149);
    let parts = database.lines("SELECT count(*)::text AS line FROM rates.upload_parts");
    assert_eq!(parts, ["0"], "the body is deleted");
}

/// C1: One bad row of 50,000 stores nothing, and is named by line, field and reason.
#[test]
fn one_bad_row_stores_nothing() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let before = price_count(&database);
    let mut lines: Vec<String> = csv(50_000).lines().map(str::to_owned).collect();
    lines[49_999] = "CNGGZ,FIHEL,2022-02-29,1".to_owned();
    let response = upload_and_wait(&app, &token, "bad", &lines.join("\n"));
    let problem = response.problem(422);
    let expected = json!([{
        "in": "body", "field": "day", "reason": "is not a day, such as 2021-01-31", "line": 50_000
    }]);
    assert_eq!(problem["errors"], expected);
    assert_eq!(price_count(&database), before);
    let page = get_as(&app, &token, "/rates/batches").json();
    assert_eq!(page["batches"][0]["upload"]["error_count"], 1);
    let path = format!("/rates/batches/{}", page["batches"][0]["id"]);
    let batch = get_as(&app, &token, &path).json();
    assert_eq!(
        batch["upload"]["errors"],
        json!([{"line": 50_000, "field": "day", "reason": "is not a day, such as 2021-01-31"}])
    );
}

/// C1: All invalid rows are counted, and the first 1000 are listed.
#[test]
fn every_invalid_row_is_counted() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let text = HEADER.to_owned() + &"CNGGZ,XXXXX,2022-01-01,2147483648\n".repeat(5_000);
    let response = upload_and_wait(&app, &token, "bad", &text);
    assert_eq!(response.problem(422)["errors"].as_array().unwrap().len(), 100);
    let batch = &get_as(&app, &token, "/rates/batches").json()["batches"][0];
    assert_eq!(batch["upload"]["error_count"], 5_000);
    let batch = get_as(&app, &token, &format!("/rates/batches/{}", batch["id"])).json();
    assert_eq!(batch["upload"]["errors"].as_array().unwrap().len(), 1_000);
    assert_eq!(batch["upload"]["errors"][999]["line"], 1_001);
}

/// C1, C15: CSV, NDJSON and JSON, plain or compressed, are the same batch if they have the same prices.
#[test]
fn formats_and_codings_are_the_same_batch() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let rows = [
        ("CNGGZ", "NOOSL", 5),
        ("CNGGZ", "NOOSL", 7),
        ("CNSGH", "EETLL", 5),
    ];
    let objects: Vec<Value> = rows
        .iter()
        .map(|(from, to, price)| json!({"orig_code": from, "dest_code": to, "day": "2023-04-05", "price": price}))
        .collect();
    let mut csv = "\u{feff}price,day,\"dest_code\",orig_code\r\n".to_owned();
    let mut lines = String::new();
    for ((from, to, price), object) in rows.iter().zip(&objects) {
        csv += &format!("{price},2023-04-05,{to},{from}\r\n");
        lines += &format!("{object}\n");
    }
    let array = Value::from(objects).to_string();
    let send_as = |key: &str, content_type: &str, coding: &str, body: Vec<u8>| {
        let request = app
            .request("POST", "/rates/batches")
            .bearer_auth(&token)
            .header("idempotency-key", key)
            .header("prefer", "wait=30")
            .header("content-type", content_type)
            .header("content-encoding", coding);
        let response = send(request.body(body));
        assert_eq!(response.status, 200, "{key}: {response:?}");
        response.json()
    };
    let before = price_count(&database);
    let first = send_as("1", "text/csv; charset=utf-8", "identity", csv.clone().into());
    let zstd = zstd::encode_all(array.as_bytes(), 3).unwrap();
    for other in [
        send_as("2", "application/x-ndjson", "identity", lines.into()),
        send_as("3", "application/json", "identity", array.into()),
        send_as("4", "text/csv", "gzip", gzip(&csv)),
        send_as("5", "application/json", "zstd", zstd),
    ] {
        assert_eq!(other["stored_as"], first["id"], "{other}");
        assert_ne!(other["id"], first["id"]);
    }
    assert_eq!(price_count(&database) - before, 3);
    assert_sums(&database);
}

/// C1: Bodies that are damaged or of another format store nothing, and say why.
#[test]
fn damaged_bodies_store_nothing() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let before = price_count(&database);
    let whole = gzip(csv(1_000));
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle..].fill(b'x');
    for (key, coding, body, reason) in [
        ("cut", "gzip", whole[..whole.len() / 2].to_vec(), "truncated"),
        ("changed", "gzip", changed, "cannot be decoded"),
        ("plain", "gzip", csv(10).into_bytes(), "cannot be decoded"),
        ("zstd", "zstd", whole.clone(), "cannot be decoded"),
        ("packed", "identity", whole.clone(), "is compressed"),
        ("empty", "identity", Vec::new(), "empty"),
        (
            "separator",
            "identity",
            csv(2).replace(',', ";").into_bytes(),
            "semicolons",
        ),
        ("utf16", "identity", b"\xff\xfeo\0r\0".to_vec(), "UTF-16"),
        (
            "sql",
            "identity",
            b"--\n-- PostgreSQL database dump\n".to_vec(),
            "dump",
        ),
    ] {
        let request = request(&app, &token, key, "").header("prefer", "wait=30");
        let response = send(request.header("content-encoding", coding).body(body));
        let text = response.text().to_owned();
        response.problem(422);
        assert!(text.contains(reason), "{key}: {text}");
    }
    assert_eq!(price_count(&database), before);
}

/// C3: A repeated request has one effect and the same batch, whether it is repeated before or after the end.
#[test]
fn a_repeated_request_has_one_effect() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let before = price_count(&database);
    let text = csv(5_000);
    let responses = concurrently(8, |_| upload(&app, &token, "\"same\"", &text));
    let mut ids = Vec::new();
    for response in &responses {
        match response.status {
            200 | 202 => ids.push(response.json()["id"].clone()),
            // Another one was being received.
            409 => assert!(response.text().contains("idempotency-key-in-use")),
            _ => panic!("{response:?}"),
        }
    }
    assert!(
        !ids.is_empty() && ids.iter().all(|id| *id == ids[0]),
        "{responses:?}"
    );
    let batch = wait_for_end(&app, &token, &format!("/rates/batches/{}", ids[0]));
    assert_eq!(batch["state"], "committed", "{batch}");
    let again = upload(&app, &token, "same", &text);
    assert_eq!((again.status, &again.json()["id"]), (200, &ids[0]));
    assert_eq!(price_count(&database) - before, 5_000);
    let other = upload(&app, &token, "same", &csv(5_001));
    assert!(
        other.problem(422)["type"]
            .as_str()
            .unwrap()
            .ends_with("idempotency-key-reused")
    );
    let dry = send(request(&app, &token, "same", "?dry_run=true").body(text));
    dry.problem(422);
    // Another caller's key is another key.
    create_account(&database, "second@example.org", Role::Ingest);
    let second = log_in(&app, "second@example.org").access;
    let theirs = upload_and_wait(&app, &second, "same", &csv(7));
    assert_eq!(theirs.status, 200, "{theirs:?}");
}

/// C3: A request without a key, or with an invalid one, is rejected before its body is stored.
#[test]
fn a_key_is_required() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let request = |key: Option<&str>| {
        let request = app.request("POST", "/rates/batches").bearer_auth(&token);
        let request = request.header("content-type", "text/csv");
        match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        }
    };
    for key in [None, Some(""), Some("\"a\"b\""), Some("a, b")] {
        let response = send(request(key).body(csv(1)));
        assert_eq!(response.fields(400), ["header:Idempotency-Key"], "{key:?}");
    }
    let twice = request(Some("a")).header("idempotency-key", "b");
    assert_eq!(send(twice.body(csv(1))).fields(400), ["header:Idempotency-Key"]);
    let uploads = database.lines("SELECT count(*)::text AS line FROM rates.uploads");
    assert_eq!(uploads, ["0"]);
}

/// C5: A dry run reports invalid rows or none, and stores nothing.
#[test]
fn a_dry_run_stores_nothing() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let before = price_count(&database);
    let dry_run = |key: &str, text: String| {
        let request = request(&app, &token, key, "?dry_run=true").header("prefer", "wait=30");
        send(request.body(text))
    };
    let good = dry_run("1", csv(1_000));
    assert_eq!(good.status, 200, "{good:?}");
    assert_eq!(
        (&good.json()["state"], &good.json()["rows_total"]),
        (&json!("checked"), &json!(1_000))
    );
    dry_run("2", csv(2).replace("CNGGZ", "ZZZZZ")).problem(422);
    assert_eq!(price_count(&database), before);
    let stored = upload_and_wait(&app, &token, "3", &csv(1_000));
    assert_eq!(stored.json()["state"], "committed");
}

/// C12: Uploads need the scope `rates:write`; without the setting they do not exist.
#[test]
fn uploads_need_the_scope() {
    let database = database();
    let app = app(&database);
    create_account(&database, "user@example.org", Role::User);
    create_account(&database, "root@example.org", Role::Admin);
    upload(&app, "none", "1", &csv(1)).problem(401);
    for email in ["user@example.org", "root@example.org"] {
        let token = log_in(&app, email).access;
        let response = upload(&app, &token, "1", &csv(1));
        response.problem(403);
        assert!(response.header("www-authenticate").contains("insufficient_scope"));
        get_as(&app, &token, "/rates/batches").problem(403);
        call_as(&app, &token, "DELETE", "/rates/batches/1", &Value::Null).problem(403);
    }
    let off = App::over(&database);
    let token = token(&off);
    upload(&off, &token, "1", &csv(1)).problem(404);
    get_as(&off, &token, "/rates/batches").problem(404);
}

/// C6: A reader sees the old batch or the new one, never a part.
#[test]
fn readers_see_all_of_a_batch_or_nothing() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let (from, to) = ("2022-01-01", "2022-12-28");
    let path = format!("/rates?date_from={from}&date_to={to}&orig_code=CNGGZ&dest_code=FIHEL");
    let total = || -> u64 {
        let answer = app.get(&path).json();
        let rates = answer["rates"].as_array().unwrap().clone();
        rates
            .iter()
            .map(|rate| rate["count"].as_u64().unwrap_or_default())
            .sum()
    };
    let accepted = upload(&app, &token, "1", &csv(50_000));
    let location = accepted.header("location").to_owned();
    let mut seen = Vec::new();
    while seen.last() != Some(&50_000) {
        seen.push(total());
        assert!([0, 50_000].contains(seen.last().unwrap()), "{seen:?}");
        if get_as(&app, &token, &location).json()["state"] == "committed" {
            assert_eq!(total(), 50_000, "the answer after the commit is the new one");
        }
    }
    assert_eq!(app.get(QUERY).status, 200);
}

/// C10: Uploads and their prices are counted.
#[test]
fn uploads_are_measured() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    assert_eq!(upload_and_wait(&app, &token, "1", &csv(123)).status, 200);
    upload_and_wait(&app, &token, "2", "no prices").problem(422);
    let counted = |outcome: &str| {
        let label = format!("outcome=\"{outcome}\"");
        wait_until("the end is counted", || {
            metric(&app, "uploads_ended_total", &[&label]) == 1.0
        })
    };
    counted("committed");
    counted("failed");
    assert_eq!(metric(&app, "uploads_prices_total", &[]), 123.0);
    assert_eq!(metric(&app, "uploads_store_duration_seconds_count", &[]), 1.0);
    assert_eq!(metric(&app, "uploads_waiting", &[]), 0.0);
}

/// C12, F8: A machine client with the scope uploads, and its batch names it.
#[test]
fn a_machine_client_uploads() {
    let database = database();
    let app = app(&database);
    let admin = create_and_log_in(&app, &database, "root@example.org", Role::Admin);
    let client = MachineClient::create_as(&app, &admin, "rates:write");
    let stored = upload_and_wait(&app, &client.token(&app), "1", &csv(10));
    assert_eq!(stored.status, 200, "{stored:?}");
    assert_eq!(
        stored.json()["upload"]["subject"],
        format!("client:{}", client.id)
    );
    let path = stored.header("location");
    let withdrawn = call_as(&app, &client.token(&app), "DELETE", path, &Value::Null);
    assert_eq!(withdrawn.json()["state"], "withdrawn", "{withdrawn:?}");
    let by =
        database.lines("SELECT detail->>'by' AS line FROM audit.events WHERE action = 'batch.withdrawn'");
    assert_eq!(by, [format!("client:{}", client.id)]);
    let reader = MachineClient::create_as(&app, &admin, "tokens:introspect");
    upload(&app, &reader.token(&app), "2", &csv(10)).problem(403);
}
