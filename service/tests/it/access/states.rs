//! The state machine in the code and its copy in the database.

use crate::support::database::Database;
use portcullis::domain::access::state::{Step, next};
use portcullis::types::access::AccessState;
use portcullis::types::access_end::AccessEnd;

/// The columns of a request in this state, besides those of every request.
fn columns(state: AccessState) -> &'static str {
    match state {
        AccessState::Requested => {
            "decided_at = NULL, decided_by = NULL, decision_reason = NULL, expires_at = NULL, ended_at = NULL, end_reason = NULL"
        }
        AccessState::Approved => {
            "decided_at = now(), decided_by = 2, decision_reason = 'x', expires_at = now(), ended_at = NULL, end_reason = NULL"
        }
        AccessState::Denied => {
            "decided_at = now(), decided_by = 2, decision_reason = 'x', expires_at = NULL, ended_at = NULL, end_reason = NULL"
        }
        AccessState::Withdrawn => {
            "decided_at = NULL, decided_by = NULL, decision_reason = NULL, expires_at = NULL, ended_at = now(), end_reason = NULL"
        }
        AccessState::Ended => {
            "decided_at = now(), decided_by = 2, decision_reason = 'x', expires_at = now(), ended_at = now(), end_reason = 'expired'"
        }
    }
}

/// The steps that lead to a state from the first one.
fn path_to(state: AccessState) -> &'static [AccessState] {
    match state {
        AccessState::Requested => &[],
        AccessState::Approved => &[AccessState::Approved],
        AccessState::Denied => &[AccessState::Denied],
        AccessState::Withdrawn => &[AccessState::Withdrawn],
        AccessState::Ended => &[AccessState::Approved, AccessState::Ended],
    }
}

/// N4: The database permits exactly the changes of state that the state machine has.
#[test]
fn the_database_permits_the_same_changes() {
    let database = Database::fresh();
    let set = |id: &str, to: AccessState| {
        let (name, columns) = (to.as_str(), columns(to));
        database.try_execute(&format!(
            "UPDATE access.requests SET state = '{name}', {columns} WHERE id = {id}"
        ))
    };
    for from in AccessState::ALL {
        let reachable: Vec<AccessState> = Step::ALL.iter().filter_map(|step| next(from, *step)).collect();
        for to in AccessState::ALL {
            let insert = "INSERT INTO access.requests (requester_id, level, reason, hours)
                          VALUES (1, 'rates-read', 'x', 8) RETURNING id::text AS line";
            let id = database.lines(insert).remove(0);
            for state in path_to(from) {
                set(&id, *state).unwrap();
            }
            match set(&id, to) {
                Ok(()) => assert!(reachable.contains(&to), "{from:?} became {to:?}"),
                Err(error) => {
                    assert!(
                        !reachable.contains(&to),
                        "{from:?} did not become {to:?}: {error}"
                    );
                }
            }
        }
    }
}

/// N4: The database permits exactly the reasons of an end that the service has.
#[test]
fn the_database_permits_the_same_reasons_of_an_end() {
    let database = Database::fresh();
    let definition = "SELECT pg_get_constraintdef(oid) AS line FROM pg_constraint WHERE conname = 'requests_end_reason_check'";
    let definition = database.lines(definition).remove(0);
    let permitted: Vec<&str> = definition.split('\'').skip(1).step_by(2).collect();
    assert_eq!(permitted, AccessEnd::ALL.map(AccessEnd::as_str));
}

/// N4: What was requested and decided does not change afterwards, and access does not last longer than was decided.
#[test]
fn the_database_permits_no_change_of_what_was_decided() {
    let database = Database::fresh();
    let insert = "INSERT INTO access.requests (requester_id, level, reason, hours)
                  VALUES (1, 'rates-read', 'x', 8) RETURNING id::text AS line";
    let id = database.lines(insert).remove(0);
    let set = |columns: &str| {
        database.try_execute(&format!("UPDATE access.requests SET {columns} WHERE id = {id}"))
    };
    let refused = |columns: &str, constraint: &str| {
        let error = set(columns).expect_err(columns).to_string();
        assert!(error.contains(constraint), "{columns}: {error}");
    };
    let approve = |period: &str| {
        format!(
            "state = 'approved', decided_at = now(), decided_by = 2, decision_reason = 'x', expires_at = now() + interval '{period}'"
        )
    };
    refused(&approve("8 hours 1 second"), "requests_period_check");
    refused(&format!("{}, hours = 9", approve("9 hours")), "does not change");
    set(&approve("8 hours")).unwrap();
    for change in [
        "level = 'accounts-audit'",
        "requester_id = 3",
        "reason = 'y'",
        "hours = 4",
        "decided_by = 3",
        "decided_at = now() + interval '1 hour'",
        "expires_at = expires_at - interval '1 hour'",
        "requested_at = now() - interval '1 hour'",
    ] {
        refused(change, "does not change");
    }
    set("issue_failures = 1, issue_after = now()").unwrap();
    set("state = 'ended', ended_at = now(), end_reason = 'expired'").unwrap();
    refused("end_reason = 'revoked'", "does not change");
}

/// N4: A request has the columns of its state, no more and no fewer.
#[test]
fn the_columns_of_a_request_fit_its_state() {
    let database = Database::fresh();
    for state in AccessState::ALL {
        for shape in AccessState::ALL {
            let statement = "WITH made AS (INSERT INTO access.requests (requester_id, level, reason, hours)
                             VALUES (1, 'rates-read', 'x', 8) RETURNING id)
                             SELECT id::text AS line FROM made";
            let id = database.lines(statement).remove(0);
            let mut path = path_to(state).to_vec();
            let Some(last) = path.pop() else { continue };
            for former in path {
                let (name, columns) = (former.as_str(), columns(former));
                database.execute(&format!(
                    "UPDATE access.requests SET state = '{name}', {columns} WHERE id = {id}"
                ));
            }
            let (name, columns) = (last.as_str(), columns(shape));
            let set = database.try_execute(&format!(
                "UPDATE access.requests SET state = '{name}', {columns} WHERE id = {id}"
            ));
            assert_eq!(
                set.is_ok(),
                state == shape,
                "{state:?} with the columns of {shape:?}"
            );
        }
    }
}
