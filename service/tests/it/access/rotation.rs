//! Logins that are replaced before they end, and what happens when that fails.

use super::broker::{self, Credentials, Setup};
use super::parties::Parties;
use crate::support::database::Database;
use crate::support::vault::TestVault;
use serde_json::json;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Longer than a login lives, and not by more than the database permits for a login of a Vault whose clock is ahead.
const PERIOD: i64 = 30 * 24 + 12;

const LOGINS: &str = "SELECT count(*)::text AS line FROM access.logins WHERE issued_at IS NOT NULL";

/// Moves the clock of Vault, and what the database holds, by this many hours.
fn pass(vault: &TestVault<'_>, parties: &Parties<'_>, hours: u32) {
    vault.server.advance(hours * HOUR);
    parties.age(hours);
}

fn usable(database: &Database, logins: &[&Credentials]) -> usize {
    logins.iter().filter(|login| login.works(database)).count()
}

/// N2, N4: 29 days later the next login is issued and its owner gets a mail; both work until the old one ends after 30 days. At
/// every moment one works. At the end of the approved period none is left.
#[test]
fn a_login_is_replaced_before_it_ends_after_30_days() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let id = parties.request(&parties.ann, "rates-read", PERIOD);
        parties.approve(id);
        let first = parties.collect(&parties.ann, id);
        let end = "SELECT (expires_at - claimed_at)::text AS line FROM access.logins";
        assert_eq!(parties.database.lines(end), ["30 days"]);
        let valid_until = format!(
        "SELECT (rolvaliduntil > now() + interval '29 days 23 hours' AND rolvaliduntil < now() + interval '30 days 1 hour')::text AS line
         FROM pg_roles WHERE rolname = '{}'",
        first.user
    );
        assert_eq!(parties.database.lines(&valid_until), ["true"]);

        vault.server.stop_clock();
        pass(vault, &parties, 28 * 24);
        std::thread::sleep(Duration::from_secs(5));
        assert_eq!(
            parties.database.lines(LOGINS),
            ["1"],
            "the next login is due a day before"
        );
        assert!(first.works(parties.database));

        pass(vault, &parties, 25);
        parties.wait_for(LOGINS, &["2"]);
        let second = parties.collect(&parties.ann, id);
        assert_ne!(first.user, second.user);
        assert_eq!(usable(parties.database, &[&first, &second]), 2);
        let mails = "SELECT count(*)::text AS line FROM mail.outbox WHERE kind = 'access_login_issued'";
        assert_eq!(parties.database.lines(mails), ["2"]);

        parties.deliver_secret_id(vault);
        pass(vault, &parties, 24);
        parties.wait_for(
            &format!(
                "SELECT count(*)::text AS line FROM pg_roles WHERE rolname = '{}'",
                first.user
            ),
            &["0"],
        );
        assert_eq!(usable(parties.database, &[&first, &second]), 1);
        parties.wait_for(
            "SELECT end_reason AS line FROM access.logins WHERE revoked_at IS NOT NULL",
            &["expired"],
        );

        pass(vault, &parties, 12);
        parties.wait_for(
            "SELECT state || ' ' || coalesce(end_reason, '-') AS line FROM access.requests",
            &["ended expired"],
        );
        parties.wait_for(
            &format!(
                "SELECT count(*)::text AS line FROM pg_roles WHERE rolname = '{}'",
                second.user
            ),
            &["0"],
        );
        let events = parties.events(id);
        assert!(
            events.last().unwrap().starts_with("access.expired -"),
            "{events:?}"
        );
    });
}

/// N6: While issuing the next login fails, the former one works. An alert is counted, each failed attempt leaves nothing behind,
/// and a retry succeeds.
#[test]
fn a_failed_replacement_leaves_the_former_login() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let id = parties.request(&parties.ann, "rates-read", PERIOD);
        parties.approve(id);
        let first = parties.collect(&parties.ann, id);
        // Wrapping fails after the login was created: half-way.
        let rule = json!({"path": "sys/wrapping/wrap", "times": 2, "effect": {"error": {"status": 503, "text": "sealed"}}});
        vault.write("control/rules", &rule);
        vault.server.stop_clock();
        pass(vault, &parties, 29 * 24 + 12);
        let failed = "SELECT count(*)::text AS line FROM access.logins WHERE end_reason = 'failed'";
        parties.wait_for(failed, &["1"]);
        assert!(first.works(parties.database));
        let retry = "SELECT (issue_failures >= 1 AND issue_after > now() - interval '1 minute')::text AS line FROM access.requests";
        assert_eq!(parties.database.lines(retry), ["true"]);
        parties.wait_for(LOGINS, &["2"]);
        let second = parties.collect(&parties.ann, id);
        assert_eq!(usable(parties.database, &[&first, &second]), 2);
        assert_eq!(parties.database.lines(failed), ["2"]);
        parties.wait_for("SELECT issue_failures::text AS line FROM access.requests", &["0"]);
        let unrevoked = "SELECT count(*)::text AS line FROM access.logins WHERE end_reason = 'failed' AND revoked_at IS NULL";
        parties.wait_for(unrevoked, &["0"]);
        parties.wait_for(
            "SELECT count(*)::text AS line FROM pg_roles WHERE rolname LIKE 'v-portcullis-access%'",
            &["2"],
        );
        let metrics = parties.app.get_internal("/metrics").text().to_owned();
        let count = |outcome: &str| {
            let line = metrics.lines().find(|line| {
                line.starts_with("access_logins_total") && line.contains(&format!("outcome=\"{outcome}\""))
            });
            line.map_or("0", |line| line.rsplit(' ').next().unwrap())
                .to_owned()
        };
        assert_eq!(
            (count("issue_failed"), count("issued")),
            ("2".to_owned(), "2".to_owned()),
            "{metrics}"
        );
    });
}

/// N2, N6: While the next login is lost, or cannot be issued, no answer says that it was handed over because the former one was:
/// the answer is 503 until the next one is issued.
#[test]
fn a_lost_replacement_is_pending_until_the_next_one() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let id = parties.request(&parties.ann, "rates-read", PERIOD);
        parties.approve(id);
        let first = parties.collect(&parties.ann, id);
        vault.server.stop_clock();
        pass(vault, &parties, 29 * 24 + 1);
        parties.wait_for(LOGINS, &["2"]);
        let rule =
            json!({"path": "auth/token/create", "effect": {"error": {"status": 503, "text": "sealed"}}});
        vault.write("control/rules", &rule);
        parties.database.execute(
            "UPDATE access.logins SET token_expires_at = now() WHERE issued_at IS NOT NULL AND collected_at IS NULL",
        );
        let assert_pending = || {
            let pending = parties.try_collect(&parties.ann, id);
            assert_eq!(pending.header("retry-after"), "2");
            pending.problem(503);
        };
        assert_pending();
        assert_pending();
        let failed = "SELECT (count(*) > 0)::text AS line FROM access.logins WHERE end_reason = 'failed'";
        parties.wait_for(failed, &["true"]);
        assert_pending();
        let (status, _) = vault.call("DELETE", "control/rules", &json!(null));
        assert!(status < 300);
        let next = parties.collect(&parties.ann, id);
        assert_eq!(usable(parties.database, &[&first, &next]), 2);
        let again = parties.try_collect(&parties.ann, id).problem(409);
        assert_eq!(again["type"], "urn:portcullis:problem:access-login-collected");
        let ends =
            "SELECT DISTINCT end_reason AS line FROM access.logins WHERE ended_at IS NOT NULL ORDER BY 1";
        assert_eq!(parties.database.lines(ends), ["failed", "uncollected"]);
    });
}

/// N2: People's logins survive the broker's token and the service: both end, and the login works on.
#[test]
fn a_login_does_not_end_with_the_service() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let (_, login) = parties.collect_new();
        parties.app.stop();
        // Vault revokes the leases of a token that ended behind its answer. They have ended when this returns.
        vault.server.advance(Duration::from_secs(1));
        assert!(login.works(parties.database));
    });
}

/// N5: A revocation that fails in Vault is tried again until the login is dropped.
#[test]
fn a_failed_revocation_is_tried_again() {
    broker::with_logins(|Setup { vault, parties, .. }| {
        let (id, login) = parties.collect_new();
        let rule = json!({"path": "sys/leases/revoke", "times": 1, "effect": {"error": {"status": 500, "text": "no connection"}}});
        vault.write("control/rules", &rule);
        assert_eq!(parties.act(&parties.admin, id, "revoke").status, 200);
        parties.wait_for(
            &format!(
                "SELECT count(*)::text AS line FROM pg_roles WHERE rolname = '{}'",
                login.user
            ),
            &["0"],
        );
        let failures = "SELECT (revoke_failures > 0)::text AS line FROM access.logins";
        assert_eq!(parties.database.lines(failures), ["true"]);
    });
}
