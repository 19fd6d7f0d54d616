//! `DELETE /rates/batches/{id}`: cancels what is not stored, and withdraws what is.

use crate::support::accounts::{call_as, get_as};
use crate::support::response::Response;
use crate::support::sample_data::QUERY;
use crate::support::upload::{
    HEADER, LOCK_SUMS, PartialUpload, app, assert_sums, csv, database, price_count, token, upload,
    upload_and_wait, wait_for_end, wait_for_lock_wait,
};
use crate::support::wait::wait_until;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use std::sync::mpsc::channel;
use std::time::Duration;

/// C4: A queued batch is cancelled at once, and a batch that has ended is not cancelled.
#[test]
fn a_batch_can_be_cancelled() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let before = price_count(&database);
    // The worker waits for this lock while it stores the first one.
    let mut blocker = database.admin();
    blocker
        .batch_execute("BEGIN; LOCK TABLE rates.daily_rates IN SHARE ROW EXCLUSIVE MODE")
        .unwrap();
    let path = |response: &Response| response.header("location").to_owned();
    let first = path(&upload(&app, &token, "1", &csv(10)));
    let second = path(&upload(&app, &token, "2", &csv(20)));
    wait_until("the first one runs", || {
        get_as(&app, &token, &first).json()["state"] == "running"
    });
    let cancelled = call_as(&app, &token, "DELETE", &second, &Value::Null);
    assert_eq!(
        (cancelled.status, &cancelled.json()["state"]),
        (200, &json!("cancelled"))
    );
    call_as(&app, &token, "DELETE", &second, &Value::Null).problem(409);
    let requested = call_as(&app, &token, "DELETE", &first, &Value::Null);
    assert_eq!(
        (requested.status, &requested.json()["state"]),
        (202, &json!("running"))
    );
    blocker.batch_execute("COMMIT").unwrap();
    let ended = wait_for_end(&app, &token, &first);
    assert_eq!(ended["state"], "cancelled", "{ended}");
    assert_eq!(price_count(&database), before);
    call_as(&app, &token, "DELETE", "/rates/batches/999999", &Value::Null).problem(404);
    get_as(&app, &token, "/rates/batches/0").problem(404);
}

/// C14: A stored batch is withdrawn as a whole, once, and its content can be uploaded again.
#[test]
fn a_stored_batch_is_withdrawn() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let (before, rates) = (price_count(&database), app.get(QUERY).text().to_owned());
    let text = HEADER.to_owned() + "CNGGZ,EETLL,2021-01-31,5\n";
    let stored = upload_and_wait(&app, &token, "1", &text);
    assert_eq!(stored.status, 200, "{stored:?}");
    let path = stored.header("location").to_owned();
    assert_ne!(app.get(QUERY).text(), rates);
    let same = upload_and_wait(&app, &token, "2", &text);
    let same = same.header("location").to_owned();
    let refused = call_as(&app, &token, "DELETE", &same, &Value::Null);
    assert!(
        refused.problem(409)["detail"]
            .as_str()
            .unwrap()
            .contains("same content")
    );
    let withdrawn = call_as(&app, &token, "DELETE", &path, &Value::Null);
    assert_eq!(
        (withdrawn.status, &withdrawn.json()["state"]),
        (200, &json!("withdrawn")),
        "{withdrawn:?}"
    );
    assert_eq!(app.get(QUERY).text(), rates);
    assert_eq!(price_count(&database), before);
    assert_sums(&database);
    call_as(&app, &token, "DELETE", &path, &Value::Null).problem(409);
    let again = upload_and_wait(&app, &token, "3", &text);
    assert_eq!(again.json()["state"], "committed", "{again:?}");
    assert_eq!(again.json()["stored_as"], again.json()["id"]);
    // The batch of the command line is listed, too.
    let page = get_as(&app, &token, "/rates/batches").json();
    let imported = page["batches"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&imported["state"], &imported["upload"]),
        (&json!("committed"), &Value::Null)
    );
    let path = format!("/rates/batches/{}", imported["id"]);
    assert_eq!(get_as(&app, &token, &path).json(), imported);
    let events = database.lines("SELECT subject AS line FROM audit.events WHERE action = 'batch.withdrawn'");
    assert_eq!(events.len(), 1, "{events:?}");
}

/// C14: While the sums are locked, one withdrawal waits for them, another one is answered 503, and uploads and lookups go on.
#[test]
fn withdrawals_leave_connections_to_other_requests() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let stored = [1, 2].map(|prices: usize| {
        let stored = upload_and_wait(&app, &token, &prices.to_string(), &csv(prices));
        assert_eq!(stored.status, 200, "{stored:?}");
        stored.header("location").to_owned()
    });
    let mut blocker = database.admin();
    blocker.batch_execute(LOCK_SUMS).unwrap();
    let running = upload(&app, &token, "3", &csv(3)).header("location").to_owned();
    wait_for_lock_wait(&database);
    std::thread::scope(|scope| {
        let (sender, responses) = channel();
        for path in &stored {
            let (app, token, sender) = (&app, &token, sender.clone());
            scope.spawn(move || drop(sender.send(call_as(app, token, "DELETE", path, &Value::Null))));
        }
        let refused = responses.recv_timeout(Duration::from_secs(5));
        let lookups: Vec<u16> = [&running, "/rates/batches"]
            .map(|path| get_as(&app, &token, path).status)
            .to_vec();
        let accepted = upload(&app, &token, "4", &csv(4));
        blocker.batch_execute("COMMIT").unwrap();
        let withdrawn = responses.recv().unwrap();
        let refused = refused.expect("a withdrawal that cannot be done is answered");
        refused.problem(503);
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
        assert_eq!(lookups, [200, 200]);
        assert_eq!(accepted.status, 202, "{accepted:?}");
        assert_eq!(withdrawn.json()["state"], "withdrawn", "{withdrawn:?}");
    });
    // Later, the other one can be withdrawn.
    assert_eq!(wait_for_end(&app, &token, &running)["state"], "committed");
    let states = stored.map(|path| {
        wait_until("a withdrawal is possible", || {
            let response = call_as(&app, &token, "DELETE", &path, &Value::Null);
            [200, 409].contains(&response.status)
        });
        get_as(&app, &token, &path).json()["state"].clone()
    });
    assert_eq!(states, ["withdrawn", "withdrawn"]);
}

/// C4: An upload that is cancelled while its body is received stores nothing, and its key is free.
#[test]
fn a_batch_can_be_cancelled_while_it_is_received() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let mut sending = PartialUpload::begin(&app, &token, "k");
    let path = sending.path(&database);
    upload(&app, &token, "k", &csv(1)).problem(409);
    let cancelled = call_as(&app, &token, "DELETE", &path, &Value::Null);
    assert_eq!(
        (cancelled.status, &cancelled.json()["state"]),
        (200, &json!("cancelled"))
    );
    sending.finish().problem(409);
    let stored = upload_and_wait(&app, &token, "k", &csv(3));
    assert_eq!(stored.json()["state"], "committed", "{stored:?}");
    assert_eq!(price_count(&database), 14 + 3);
}

/// C4: A list goes on over pages whether batches were uploaded or imported.
#[test]
fn lists_of_batches_are_paged() {
    let database = database();
    for price in 0..4 {
        database
            .import(&format!("{HEADER}CNGGZ,FIHEL,2022-05-01,{price}\n"))
            .unwrap();
    }
    let app = app(&database);
    let token = token(&app);
    for price in 10..13 {
        let text = format!("{HEADER}CNGGZ,FIHEL,2022-05-01,{price}\n");
        assert_eq!(
            upload_and_wait(&app, &token, &price.to_string(), &text).status,
            200
        );
    }
    let (mut path, mut ids) = ("/rates/batches?limit=2".to_owned(), Vec::new());
    loop {
        let page = get_as(&app, &token, &path);
        let batches = page.json()["batches"].as_array().unwrap().clone();
        ids.extend(batches.iter().map(|batch| batch["id"].as_i64().unwrap()));
        let link = page
            .headers
            .get("link")
            .map(|link| link.to_str().unwrap().to_owned());
        let Some(link) = link else { break };
        assert_eq!(batches.len(), 2);
        path = link[1..link.find('>').unwrap()].to_owned();
    }
    let mut expected = ids.clone();
    expected.sort_unstable_by(|a, b| b.cmp(a));
    expected.dedup();
    assert_eq!(ids, expected);
    // The sample data, four files and three uploads.
    assert_eq!(ids.len(), 8);
}

/// C3, C14: Whatever shows a batch afterwards shows its withdrawal: a repetition of its request, uploads of the same content, the list.
#[test]
fn a_withdrawal_is_shown_wherever_the_batch_is() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let first = upload_and_wait(&app, &token, "1", &csv(5));
    let same = upload_and_wait(&app, &token, "2", &csv(5));
    let (first, same) = (first.header("location"), same.header("location"));
    assert_ne!(first, same);
    let withdrawn = call_as(&app, &token, "DELETE", first, &Value::Null);
    assert_eq!(withdrawn.status, 200, "{withdrawn:?}");
    for key in ["1", "2"] {
        let repeated = upload_and_wait(&app, &token, key, &csv(5));
        assert_eq!(
            (repeated.status, &repeated.json()["state"]),
            (200, &json!("withdrawn"))
        );
    }
    for path in [first, same] {
        assert_eq!(get_as(&app, &token, path).json()["state"], "withdrawn");
    }
    let list = get_as(&app, &token, "/rates/batches").json();
    let states = list["batches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|batch| &batch["state"]);
    assert_eq!(states.filter(|state| **state == "withdrawn").count(), 2, "{list}");
    let refused = call_as(&app, &token, "DELETE", same, &Value::Null);
    assert!(
        refused.problem(409)["detail"]
            .as_str()
            .unwrap()
            .contains("was withdrawn"),
        "{refused:?}"
    );
}
