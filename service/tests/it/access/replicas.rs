//! Replicas that issue and revoke at the same time, and one that dies half-way.

use super::broker::{self, Setup};
use super::parties::{Parties, Person};
use super::revocation::{LOGINS, assert_tokens_are_revoked};
use crate::support::accounts::call_as;
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::program::ServiceProcess;
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::thread;

/// Logins of requests that have not ended.
const ISSUED: &str =
    "SELECT count(*)::text AS line FROM access.logins WHERE issued_at IS NOT NULL AND ended_at IS NULL";

/// N4, N5, N6: Two replicas that issue and revoke at the same time issue one login a request, and drop each once. Neither hinders the
/// other.
#[test]
fn two_replicas_do_nothing_twice() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let (settings, _secret_id) = broker::settings(vault);
        let other = broker::start(parties.database, &settings);
        let bob = Person::new(parties.database, &parties.app, "bob@example.org", Role::User);
        let ids: Vec<i64> = (0..6)
            .map(|number| {
                let who = if number % 2 == 0 { &parties.ann } else { &bob };
                parties.request(who, "rates-read", 8)
            })
            .collect();
        on_both(&parties, &other, &ids, "approve", &json!({"reason": "Discussed"}));
        parties.wait_for(ISSUED, &["6"]);
        on_both(&parties, &other, &ids, "revoke", &Value::Null);
        parties.wait_for(LOGINS, &["0"]);
        for id in ids {
            parties.wait_for_end_event(id, "dropped", "vault");
        }
        let failures = "SELECT concat_ws(' ', (SELECT count(*) FROM access.logins), (SELECT sum(revoke_failures) FROM access.logins),
             (SELECT sum(issue_failures) FROM access.requests)) AS line";
        assert_eq!(parties.database.lines(failures), ["6 0 0"]);
        let count = |outcome: &str| count_of(&parties.app, outcome) + count_of(&other, outcome);
        assert_eq!((count("issued"), count("revoked")), (6, 6));
    });
}

/// Does the same to each request through both replicas at once: one of them succeeds, and the other one finds the request changed.
fn on_both(parties: &Parties<'_>, other: &App, ids: &[i64], action: &str, body: &Value) {
    thread::scope(|scope| {
        let both = [
            (&parties.app, &parties.approver),
            (other, &parties.other_approver),
        ];
        let threads = both.map(|(app, who)| {
            scope.spawn(move || -> Vec<u16> {
                let path = |id: &i64| format!("/access/requests/{id}/{action}");
                let call = |id| call_as(app, &who.token, "POST", &path(id), body).status;
                ids.iter().map(call).collect()
            })
        });
        let [here, there] = threads.map(|thread| thread.join().unwrap());
        for statuses in here.into_iter().zip(there) {
            assert!([(200, 409), (409, 200)].contains(&statuses), "{statuses:?}");
        }
    });
}

/// How many logins a replica counts with this outcome.
fn count_of(app: &App, outcome: &str) -> u32 {
    let metrics = app.get_internal("/metrics").text().to_owned();
    let label = format!("outcome=\"{outcome}\"");
    let line = metrics
        .lines()
        .find(|line| line.starts_with("access_logins_total") && line.contains(&label));
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

/// N6: What a replica that is killed leaves behind is revoked by another one, wherever it was: before it had a token of Vault, before
/// Vault had created the login, and before the login was recorded. The next login is issued.
#[test]
fn a_killed_replica_leaves_nothing_behind() {
    for path in ["auth/token/create", "database/creds", "sys/wrapping/wrap"] {
        broker::with_vault(|_, database, vault| {
            let (more, _secret_id) = broker::settings(vault);
            let start = || ServiceProcess::start(&pairs(database, &more));
            let first = start();
            let mut parties = Parties::of(database, App::of_process(&first));
            let rule = json!({"path": path, "times": 1, "effect": {"delay_ms": 3000}});
            vault.write("control/rules", &rule);
            let id = parties.request(&parties.ann, "rates-read", 8);
            parties.approve(id);
            let claimed = "SELECT count(*)::text AS line FROM access.logins";
            parties.wait_for(claimed, &["1"]);
            if path == "sys/wrapping/wrap" {
                parties.wait_for(LOGINS, &["1"]);
            }
            // Killed with SIGKILL.
            drop(first);
            let second = start();
            parties.app = App::of_process(&second);
            // Vault has handled the delayed call, and the claim is so old that another replica takes it for abandoned.
            thread::sleep(std::time::Duration::from_secs(4));
            database.execute("UPDATE access.logins SET claimed_at = claimed_at - interval '3 minutes'");
            let login = parties.collect(&parties.ann, id);
            assert!(login.works(database), "{path}");
            parties.wait_for(LOGINS, &["1"]);
            parties.wait_for(
                "SELECT concat_ws(' ', end_reason, name IS NULL, revoked_at IS NOT NULL) AS line
                 FROM access.logins WHERE ended_at IS NOT NULL",
                &["failed t t"],
            );
            assert_eq!(parties.act(&parties.ann, id, "revoke").status, 200);
            parties.wait_for(LOGINS, &["0"]);
            assert_tokens_are_revoked(vault, &parties, path);
        });
    }
}

/// The settings of a process that serves.
fn pairs(database: &Database, more: &[(String, String)]) -> Vec<(String, String)> {
    let mut pairs = database.pairs();
    pairs.extend(more.iter().cloned());
    pairs
}
