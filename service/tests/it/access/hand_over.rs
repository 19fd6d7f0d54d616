//! Handing a login over: once, and what happens when its wrapping token was used already.

use super::broker::{self, Credentials, Setup};
use super::parties::{Parties, Person};
use crate::support::vault::TestVault;
use portcullis::types::role::Role;
use serde_json::{Value, json};

/// N4: A wrapping token that was used elsewhere is an incident: the login is revoked, and the next one is issued.
#[test]
fn a_stolen_wrapping_token_is_an_incident() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let id = parties.issue(&parties.ann);
        let stolen = unwrap_stored_token(&parties, vault);
        let login = Credentials {
            user: stolen["username"].as_str().unwrap().to_owned(),
            password: stolen["password"].as_str().unwrap().to_owned(),
        };
        assert!(login.works(parties.database), "the thief has a login");
        let problem = parties.try_collect(&parties.ann, id).problem(409);
        assert_eq!(problem["type"], "urn:portcullis:problem:access-login-compromised");
        parties.wait_for_drop(&login);
        let events = parties.login_events(id);
        assert!(
            events
                .iter()
                .any(|event| event.starts_with("access_login.compromised")),
            "{events:?}"
        );
        let next = parties.collect(&parties.ann, id);
        assert!(next.works(parties.database) && next.user != login.user);
    });
}

/// Opens the wrapping token of the newest login, as someone with the database, the data key and Vault could.
fn unwrap_stored_token(parties: &Parties<'_>, vault: &TestVault<'_>) -> Value {
    let rows = parties.database.lines(
        "SELECT id::text || ' ' || encode(sealed_token, 'hex') AS line FROM access.logins ORDER BY claimed_at DESC LIMIT 1",
    );
    let (login, sealed) = rows[0].split_once(' ').unwrap();
    let sealed = hex::decode(sealed).unwrap();
    let keys = portcullis::crypto::data_keys::DataKeys::parse(crate::support::database::DATA_KEY).unwrap();
    let other = "00000000-0000-4000-8000-000000000000";
    assert!(
        keys.open("access login", other, &sealed).is_none(),
        "bound to the login"
    );
    let token = String::from_utf8(keys.open("access login", login, &sealed).unwrap()).unwrap();
    let (status, answer) = vault.call_as(&token, "POST", "sys/wrapping/unwrap", &json!({}));
    assert_eq!(status, 200, "{answer}");
    answer["data"].clone()
}

/// N4: Of concurrent calls one gets the login; while Vault is unavailable none does, and nothing is lost.
#[test]
fn a_login_is_handed_over_once() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let bob = Person::new(parties.database, &parties.app, "bob@example.org", Role::User);
        let id = parties.issue(&bob);
        vault.write(
        "control/rules",
        &json!({"path": "sys/wrapping/unwrap", "times": 1, "effect": {"error": {"status": 503, "text": "sealed"}}}),
    );
        parties.try_collect(&bob, id).problem(503);
        let mut statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| parties.try_collect(&bob, id).status))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "{statuses:?}");
        // 503: the first one was not finished yet.
        let is_refused = |status: &u16| [409, 503].contains(status);
        assert!(statuses[1..].iter().all(is_refused), "{statuses:?}");
        for _ in 0..2 {
            let again = parties.try_collect(&bob, id).problem(409);
            assert_eq!(again["type"], "urn:portcullis:problem:access-login-collected");
        }
    });
}

/// N4: A hand-over that is not finished is not reported as one: the answer is 503, and if its replica has died, the next attempt after a
/// minute gets the login.
#[test]
fn an_unfinished_hand_over_is_not_reported() {
    broker::with_logins(|Setup { parties, .. }| {
        let id = parties.issue(&parties.ann);
        let begin = |age: &str| {
            let begin = format!("UPDATE access.logins SET collecting_at = now() - interval '{age}'");
            parties.database.execute(&begin);
        };
        begin("0 seconds");
        let unfinished = parties.try_collect(&parties.ann, id);
        assert_eq!(unfinished.header("retry-after"), "2");
        unfinished.problem(503);
        begin("61 seconds");
        let login = parties.collect(&parties.ann, id);
        assert!(login.works(parties.database));
        parties.try_collect(&parties.ann, id).problem(409);
    });
}

/// N4: A wrapping token whose use got no answer is used up, perhaps by the service itself: no theft is reported, the login is revoked,
/// and the next one is issued.
#[test]
fn a_lost_answer_is_not_reported_as_theft() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let id = parties.issue(&parties.ann);
        let lose = |effect: &Value| json!({"path": "sys/wrapping/unwrap", "times": 1, "effect": effect});
        // Vault has not used the token: nothing is lost.
        vault.write("control/rules", &lose(&json!("disconnect")));
        parties.try_collect(&parties.ann, id).problem(503);
        vault.write("control/rules", &lose(&json!("lose_answer")));
        parties.try_collect(&parties.ann, id).problem(503);
        let problem = parties.try_collect(&parties.ann, id).problem(409);
        assert_eq!(problem["type"], "urn:portcullis:problem:access-login-lost");
        let next = parties.collect(&parties.ann, id);
        assert!(next.works(parties.database));
        let events = parties.login_events(id);
        let count = |action: &str| events.iter().filter(|event| event.starts_with(action)).count();
        assert_eq!(
            (count("access_login.lost"), count("access_login.compromised")),
            (1, 0),
            "{events:?}"
        );
        let reasons = "SELECT end_reason AS line FROM access.logins WHERE end_reason IS NOT NULL";
        assert_eq!(parties.database.lines(reasons), ["lost"]);
    });
}

/// N4: After an attempt that got no answer and did not use the token, theft is still found: the look-up shows that the token was
/// unused, and a use between the look-up and the attempt is none of the service's.
#[test]
fn an_attempt_that_reached_no_vault_hides_no_theft() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let id = parties.issue(&parties.ann);
        let rule = |effect: &Value| json!({"path": "sys/wrapping/unwrap", "times": 1, "effect": effect});
        vault.write("control/rules", &rule(&json!("disconnect")));
        parties.try_collect(&parties.ann, id).problem(503);
        // The thief is faster than the second attempt, which has looked the token up.
        vault.write("control/rules", &rule(&json!({"delay_ms": 4000})));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| parties.try_collect(&parties.ann, id));
            std::thread::sleep(std::time::Duration::from_secs(2));
            unwrap_stored_token(&parties, vault);
            let problem = second.join().unwrap().problem(409);
            assert_eq!(problem["type"], "urn:portcullis:problem:access-login-compromised");
        });
    });
}
