//! Decisions on requests: by a second person, with a recent proof, once.

use super::parties::{Parties, Person};
use crate::support::accounts::{create_account, create_account_in};
use crate::support::database::Database;
use crate::support::mailed_links::list_outbox;
use portcullis::types::role::Role;
use serde_json::{Value, json};

fn kind_of(problem: &Value) -> &str {
    problem["type"].as_str().unwrap().rsplit(':').next().unwrap()
}

/// N4: Another person approves with a reason; the period begins at the decision. Each step is an audit event.
#[test]
fn another_person_approves() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    let id = parties.request(&parties.ann, "rates-read", 48);
    let approved = parties.act(&parties.approver, id, "approve");
    assert_eq!(approved.status, 200, "{approved:?}");
    let approved = approved.json();
    assert_eq!(
        (
            &approved["state"],
            &approved["decided_by"],
            &approved["decision_reason"]
        ),
        (
            &json!("approved"),
            &json!(parties.approver.id),
            &json!("Discussed with the owner of the data")
        )
    );
    let period = "SELECT (expires_at - decided_at)::text AS line FROM access.requests";
    assert_eq!(parties.database.lines(period), ["2 days"]);
    let revoked = parties.act(&parties.ann, id, "revoke").json();
    assert_eq!(
        (&revoked["state"], &revoked["end_reason"], &revoked["ended_by"]),
        (&json!("ended"), &json!("revoked"), &json!(parties.ann.id))
    );
    let detail = format!(
        r#""hours": 48, "level": "rates-read", "requester": {}}}"#,
        parties.ann.id
    );
    assert_eq!(
        parties.events(id)[1..],
        [
            format!("access.approved {} {{{detail}", parties.approver.id),
            format!(
                "access.revoked {} {{\"why\": \"revoked\", {detail}",
                parties.ann.id
            )
        ]
    );
}

/// N4: An own request is not decided by its requester: 403, for approvers too.
#[test]
fn an_own_request_is_decided_by_another_person() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    let id = parties.request(&parties.approver, "accounts-audit", 8);
    for action in ["approve", "deny"] {
        let refused = parties.act(&parties.approver, id, action).problem(403);
        assert_eq!(kind_of(&refused), "own-access-request");
    }
    // The database refuses it as well.
    let forced = format!(
        "UPDATE access.requests SET state = 'approved', decided_at = now(), decided_by = requester_id,
         decision_reason = 'x', expires_at = now() WHERE id = {id}"
    );
    let error = parties.database.try_execute(&forced).unwrap_err().to_string();
    assert!(error.contains("requests_decided_by_check"), "{error}");
    assert_eq!(parties.act(&parties.other_approver, id, "approve").status, 200);
}

/// N4, D10: Users, importers and administrators do not decide.
#[test]
fn only_approvers_decide() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    let id = parties.request(&parties.ann, "rates-read", 8);
    let ingest = Person::new(parties.database, &parties.app, "ingest@example.org", Role::Ingest);
    for who in [&parties.ann, &parties.admin, &ingest] {
        for action in ["approve", "deny"] {
            let refused = parties.act(who, id, action).problem(403);
            assert_eq!(kind_of(&refused), "insufficient-scope");
        }
    }
    let state = parties
        .get(&parties.ann, &format!("/access/requests/{id}"))
        .json()["state"]
        .clone();
    assert_eq!(state, "requested");
}

/// N4: Requesting, approving and denying need credentials that were verified recently; ending access does not.
#[test]
fn decisions_need_a_recent_proof() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    let id = parties.request(&parties.ann, "rates-read", 8);
    let approved = parties.request(&parties.ann, "rates-read", 8);
    parties.approve(approved);
    parties.database.execute(
        "UPDATE sessions.sessions SET created_at = created_at - interval '1 hour', proven_at = proven_at - interval '1 hour'",
    );
    let body = json!({"level": "rates-read", "hours": 8, "reason": "x"});
    let requested = parties.call(&parties.ann, "POST", "/access/requests", &body);
    let refusals = [
        requested,
        parties.act(&parties.approver, id, "approve"),
        parties.act(&parties.approver, id, "deny"),
    ];
    for refused in refusals {
        assert_eq!(kind_of(&refused.problem(403)), "recent-proof-required");
    }
    assert_eq!(parties.act(&parties.ann, id, "withdraw").status, 200);
    assert_eq!(parties.act(&parties.admin, approved, "revoke").status, 200);
}

/// N4: A denied request ends there; its requester reads the reason.
#[test]
fn a_denied_request_cannot_be_approved() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    let id = parties.request(&parties.ann, "rates-read", 8);
    assert_eq!(parties.act(&parties.approver, id, "deny").status, 200);
    let denied = parties
        .get(&parties.ann, &format!("/access/requests/{id}"))
        .json();
    assert_eq!(denied["decision_reason"], "Discussed with the owner of the data");
    assert_eq!(denied["expires_at"], Value::Null);
    for (who, action) in [
        (&parties.other_approver, "approve"),
        (&parties.other_approver, "deny"),
        (&parties.ann, "withdraw"),
        (&parties.ann, "revoke"),
    ] {
        let problem = parties.act(who, id, action).problem(409);
        assert_eq!(kind_of(&problem), "access-state", "{action}");
        assert_eq!(problem["detail"], "the request is denied already");
    }
    parties.act(&parties.approver, 999_999, "approve").problem(404);
    assert_eq!(parties.events(id).len(), 2);
}

/// N4: Of concurrent decisions on a request one succeeds, and the others are 409.
#[test]
fn of_concurrent_decisions_one_succeeds() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    for _ in 0..10 {
        let id = parties.request(&parties.ann, "rates-read", 8);
        let actions = [
            (&parties.approver, "approve"),
            (&parties.other_approver, "deny"),
            (&parties.other_approver, "approve"),
            (&parties.ann, "withdraw"),
        ];
        let mut statuses = std::thread::scope(|scope| {
            let parties = &parties;
            let threads =
                actions.map(|(who, action)| scope.spawn(move || parties.act(who, id, action).status));
            threads.map(|thread| thread.join().unwrap())
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409]);
        assert_eq!(
            parties.events(id).len(),
            2,
            "one event for the request and one for the decision"
        );
    }
}

/// N4: The request of a deleted account is not approved.
#[test]
fn a_deleted_account_gets_no_access() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    let id = parties.request(&parties.ann, "rates-read", 8);
    let deleted = parties.call(&parties.ann, "DELETE", "/auth/me", &Value::Null);
    assert_eq!(deleted.status, 204, "{deleted:?}");
    let problem = parties.act(&parties.approver, id, "approve").problem(409);
    assert_eq!(kind_of(&problem), "requester-deleted");
    assert_eq!(parties.act(&parties.approver, id, "deny").status, 200);
}

/// N4: The approvers get a mail about each request of another account; the requester, the other approvers and the administrators get
/// one about the approval. Without a decision, and for a deleted account, no one does.
#[test]
fn others_are_notified_of_requests_and_approvals() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    create_account_in(&database, "invited@example.org", Role::Approver, "invited");
    let gone = create_account(&database, "gone@example.org", Role::Approver);
    database.execute(&format!(
        "UPDATE accounts.accounts SET deleted_at = now() WHERE id = {gone}"
    ));
    let mails = || {
        let mut mails = list_outbox(&database);
        database.execute("DELETE FROM mail.outbox");
        mails.sort_unstable();
        mails
    };
    let id = parties.request(&parties.ann, "rates-read", 8);
    let requested = [
        "access_requested approver@example.org",
        "access_requested other-approver@example.org",
    ];
    assert_eq!(mails(), requested);
    parties.approve(id);
    let approved = [
        "access_approved admin@example.org",
        "access_approved ann@example.org",
        "access_approved other-approver@example.org",
    ];
    assert_eq!(mails(), approved);
    let own = parties.request(&parties.other_approver, "rates-read", 8);
    assert_eq!(mails(), ["access_requested approver@example.org"]);
    parties.approve(own);
    let approved = [
        "access_approved admin@example.org",
        "access_approved other-approver@example.org",
    ];
    assert_eq!(mails(), approved);
    let denied = parties.request(&parties.ann, "rates-read", 8);
    mails();
    assert_eq!(parties.act(&parties.approver, denied, "deny").status, 200);
    assert_eq!(mails(), ["access_denied ann@example.org"]);
}
