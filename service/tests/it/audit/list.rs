//! `/admin/audit`: listing of events.

use crate::support::accounts;
use crate::support::admin_client::AdminClient;
use crate::support::app::send;
use crate::support::database::lines;
use crate::support::program;
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn list_events(admin: &AdminClient, query: &str) -> Vec<Value> {
    let page = admin.get(&format!("/admin/audit{query}"));
    assert_eq!(page.status, 200, "{page:?}");
    page.json()["events"].as_array().unwrap().clone()
}

fn ids(events: &[Value]) -> Vec<i64> {
    events.iter().map(|event| event["id"].as_i64().unwrap()).collect()
}

/// J5: Only administrators can read audit events, and no operation changes them.
#[test]
fn only_administrators_can_read_events() {
    let admin = AdminClient::fresh();
    let anonymous = send(admin.app.request("GET", "/admin/audit"));
    anonymous.problem(401);
    assert_eq!(anonymous.header("www-authenticate"), "Bearer");
    for role in [Role::User, Role::Approver, Role::Ingest] {
        let token =
            accounts::create_and_log_in(&admin.app, &admin.database, &format!("{role}@example.org"), role);
        accounts::get_as(&admin.app, &token, "/admin/audit").problem(403);
    }
    // There is no other method than GET.
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        send(admin.request(method, "/admin/audit")).problem(405);
    }
}

/// J5: An event records the actor, action, subject, client address and request id.
#[test]
fn an_event_records_actor_action_subject_and_request() {
    let admin = AdminClient::fresh();
    let request = admin
        .request("POST", "/user")
        .header("X-Request-Id", "the-request-1");
    let body = json!({"email": "ann@example.org", "name": "Ann"}).to_string();
    let id = send(accounts::with_json(request, &body)).json()["id"]
        .as_i64()
        .unwrap();
    let newest = &list_events(&admin, "?limit=1")[0];
    assert_eq!(
        (
            &newest["action"],
            &newest["subject"],
            &newest["actor_id"],
            &newest["detail"]
        ),
        (
            &json!("account.invited"),
            &json!(format!("account:{id}")),
            &json!(admin.id),
            &json!({"role": "user", "client_request_id": "the-request-1"})
        )
    );
    let request_id = newest["request_id"].as_str().unwrap();
    assert!(
        request_id.len() == 32 && request_id != "the-request-1",
        "{newest}"
    );
    assert_eq!(newest["address"], "127.0.0.1");
    let at = newest["at"].as_str().unwrap();
    assert!(at.ends_with("+00:00") && at.contains('T'), "{at}");
    let head = program::stdout(&program::run(&["audit", "verify"], &admin.database.pairs()));
    let expected = format!(
        "last event {}, head {}\ncompleteness unknown",
        newest["id"],
        newest["hash"].as_str().unwrap()
    );
    assert!(head.contains(&expected), "{head}{newest}");
}

/// J5: Pages of events lead from the newest to the oldest, optionally filtered, while new events are added.
#[test]
fn pages_lead_from_the_newest_event_to_the_oldest() {
    let admin = AdminClient::fresh();
    for _ in 0..3 {
        admin.execute(
            "SELECT audit.append(NULL, 'thing.done', 'thing:1', '', '', '{}') FROM generate_series(1, 40)",
        );
        admin.execute(&format!(
            "SELECT audit.append({}, 'thing.undone', 'thing:2', '', '', '{{}}') FROM generate_series(1, 30)",
            admin.id
        ));
    }
    let last = admin.database.lines("SELECT id::text AS line FROM audit.head")[0]
        .parse::<i64>()
        .unwrap();
    for (query, expected) in [
        ("".to_owned(), last as usize),
        ("&action=thing.done".to_owned(), 120),
        ("&subject=thing%3A2".to_owned(), 90),
        (
            format!("&actor={}&subject=thing%3A2&action=thing.undone", admin.id),
            90,
        ),
        (format!("&actor={}&subject=thing%3A1", admin.id), 0),
    ] {
        let (mut path, mut listed) = (format!("/admin/audit?limit=25{query}"), Vec::new());
        loop {
            let page = admin.get(&path);
            listed.extend(ids(page.json()["events"].as_array().unwrap()));
            let link = page.header("link").to_owned();
            if link.is_empty() {
                break;
            }
            path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
            // An event that is added meanwhile precedes the first page.
            admin.execute("SELECT audit.append(NULL, 'other.done', '', '', '', '{}')");
        }
        assert_eq!(listed.len(), expected, "{query}");
        assert!(listed.windows(2).all(|pair| pair[0] > pair[1]), "{listed:?}");
        admin.execute("SELECT audit.append(NULL, 'other.done', '', '', '', '{}')");
        assert!(query.is_empty() || listed.iter().all(|id| *id <= last));
        if query.is_empty() {
            assert_eq!(listed, (1..=last).rev().collect::<Vec<_>>());
        }
    }
    assert_eq!(ids(&list_events(&admin, "?before=3")), [2, 1]);
    assert_eq!(ids(&list_events(&admin, "?before=1")), [0; 0]);
}

/// J5: Invalid parameters are named.
#[test]
fn invalid_parameters_are_named() {
    let admin = AdminClient::fresh();
    for (query, field) in [
        ("actor=0", "actor"),
        ("actor=-1", "actor"),
        ("actor=x", "actor"),
        ("actor=9223372036854775808", "actor"),
        ("action=", "action"),
        ("action=session", "action"),
        ("action=Session.begun", "action"),
        ("action=session..begun", "action"),
        ("action=a.%00", "action"),
        ("subject=", "subject"),
        ("subject=7", "subject"),
        ("subject=account%3A", "subject"),
        ("subject=account%3A7%0a", "subject"),
        ("subject=account%3A%27", "subject"),
        ("before=0", "before"),
        ("before=-1", "before"),
        ("before=01", "before"),
        ("before=9223372036854775808", "before"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=5&limit=5", "limit"),
        ("after=1", "after"),
    ] {
        assert_eq!(
            admin.get(&format!("/admin/audit?{query}")).fields(400),
            [format!("query:{field}")],
            "{query}"
        );
    }
    let all = "actor=x&action=x&subject=x&before=x&limit=x";
    assert_eq!(admin.get(&format!("/admin/audit?{all}")).fields(400).len(), 5);
}

/// J5: No event holds an email address, a name or a secret, and the chain stays intact.
#[test]
fn events_hold_no_address_and_no_secret() {
    let admin = AdminClient::fresh();
    let id = admin.create_user("ann@example.org");
    let accept =
        json!({"token": admin.link_token(id), "name": "Ann of Mail", "password": "seven green bottles"});
    assert_eq!(
        accounts::post(&admin.app, "/auth/invitation", &accept).status,
        200
    );
    let register =
        json!({"name": "Bob of Mail", "email": "bob@example.org", "password": "seven green bottles"});
    assert_eq!(
        accounts::post(&admin.app, "/auth/register", &register).status,
        202
    );
    accounts::try_log_in(&admin.app, "ann@example.org", "wrong wrong wrong").problem(401);
    accounts::try_log_in(&admin.app, "nobody@example.org", "wrong wrong wrong").problem(401);
    assert_eq!(
        accounts::try_log_in(&admin.app, "ann@example.org", "seven green bottles").status,
        200
    );
    let change = json!({"email": "Ann@Example.org", "name": "Ann Again", "role": "ingest"});
    assert_eq!(admin.update(id, "*", &change).status, 200);
    assert_eq!(admin.delete(id).status, 200);
    assert_eq!(admin.restore(id).status, 200);
    let all = lines(
        &mut admin.database.admin(),
        "SELECT action || ' ' || row_to_json(e)::text AS line FROM audit.events e ORDER BY id",
    )
    .unwrap();
    assert!(all.len() >= 9, "{all:?}");
    for event in &all {
        for word in [
            "@",
            "example",
            "of Mail",
            "Again",
            "bottles",
            "wrong wrong",
            "argon2",
            "eyJ",
        ] {
            assert!(!event.contains(word), "{word}: {event}");
        }
    }
    let verified = program::run(&["audit", "verify"], &admin.database.pairs());
    assert_eq!(verified.status.code(), Some(0), "{}", program::stderr(&verified));
}

/// String literals of the form `noun.participle` in these sources, without tests and log events.
/// Those of the noun `audit` are log events, too.
fn actions_in(folder: &Path) -> BTreeSet<String> {
    let mut actions = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            actions.extend(actions_in(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let is_action = |literal: &&str| {
            let plain =
                |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
            literal
                .split_once('.')
                .is_some_and(|(noun, done)| plain(noun) && plain(done) && done != "txt" && noun != "audit")
        };
        // `event = "…"` names a log event.
        let parts: Vec<_> = code.split('"').collect();
        let literals = parts
            .chunks_exact(2)
            .filter(|pair| !pair[0].ends_with("event = "));
        actions.extend(
            literals
                .map(|pair| pair[1])
                .filter(|literal| is_action(literal))
                .map(str::to_owned),
        );
    }
    actions
}

/// The actions that functions of the database record.
fn actions_of_functions(steps: &Path) -> BTreeSet<String> {
    let steps = std::fs::read_dir(steps).unwrap();
    let texts = steps.map(|step| std::fs::read_to_string(step.unwrap().path().join("up.sql")).unwrap());
    let actions_in = |text: String| -> Vec<String> {
        let calls = text.split("PERFORM audit.append(").skip(1);
        calls
            .map(|call| call.split('\'').nth(1).unwrap().to_owned())
            .collect()
    };
    texts.flat_map(actions_in).collect()
}

/// J5: `docs/audit.md` lists exactly the actions that the domain layer and functions of the database record.
#[test]
fn every_action_is_documented() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(root.join("../docs/audit.md")).unwrap();
    let table = document.split("## Actions").nth(1).unwrap();
    let rows = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let documented: BTreeSet<String> = rows
        .filter(|action| action.contains('.'))
        .map(str::to_owned)
        .collect();
    let mut used = actions_in(&root.join("src/domain"));
    used.extend(actions_of_functions(&root.join("../migrations/steps")));
    assert!(used.len() > 15, "{used:?}");
    assert_eq!(
        documented, used,
        "docs/audit.md differs from service/src/domain and migrations"
    );
}
