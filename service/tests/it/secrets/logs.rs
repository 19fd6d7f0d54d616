//! No secret appears in logs, metrics, audit events, exports or stored rows, after every flow that handles one.

use super::client_flows::clients;
use super::flows::{accounts, injected_faults, misplaced_secrets, pages, second_factor, start, tokens};
use crate::support::accounts::PASSWORD;
use crate::support::run_log;
use crate::support::secret_search::SecretSearch;
use std::collections::BTreeSet;

/// The secrets to search for, including the payload and signature of each JWT; the header is the same for all.
fn secrets_to_find() -> BTreeSet<String> {
    let mut all = run_log::recorded_secrets();
    let jwts: Vec<String> = all
        .iter()
        .filter(|text| text.starts_with("eyJ"))
        .cloned()
        .collect();
    for jwt in jwts {
        all.extend(
            jwt.split('.')
                .skip(1)
                .filter(|part| part.len() > 20)
                .map(str::to_owned),
        );
    }
    // Recovery codes are accepted with and without dashes.
    let plain: Vec<String> = all.iter().map(|text| text.replace('-', "")).collect();
    all.extend(plain);
    all.extend([
        "2short!".to_owned(),
        "$argon2id$".to_owned(),
        "PRIVATE KEY".to_owned(),
    ]);
    all
}

/// Whether a line holds a code that is not part of a longer number, such as a timestamp or a duration.
fn holds_code(line: &str, code: &str) -> bool {
    line.match_indices(code).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + code.len()..].chars().next();
        let in_number = before.is_some_and(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':'));
        !in_number && !after.is_some_and(|c| c.is_ascii_hexdigit())
    })
}

/// J2: After every flow that handles secrets, none of them is in the log, audit events, metrics, traces or stored rows.
#[test]
fn no_secret_that_was_used_is_logged_audited_measured_or_stored() {
    let env = start();
    accounts(&env);
    tokens(&env);
    clients(&env);
    misplaced_secrets(&env);
    pages(&env);
    let codes = second_factor(&env);
    injected_faults(&env);
    let metrics = env.app.get_internal("/metrics");
    let secrets = secrets_to_find();
    let jwts = secrets.iter().filter(|text| text.starts_with("eyJ")).count();
    assert!(
        secrets.contains(PASSWORD) && jwts > 8 && secrets.len() > 60,
        "{}",
        secrets.len()
    );
    let search = SecretSearch::new(&secrets);
    search.assert_none_in("metrics", &[metrics.text().to_owned()]);
    let events = env.database.lines("SELECT e::text AS line FROM audit.events e");
    assert!(events.len() > 15, "{}", events.len());
    search.assert_none_in("audit", &events);
    // Tables hold email addresses; other secrets are stored hashed or encrypted.
    let mut stored = secrets.clone();
    stored.retain(|secret| !secret.contains('@') && secret != "$argon2id$");
    let stored = SecretSearch::new(&stored);
    let tables = env.database.lines(
        "SELECT format('%I.%I', n.nspname, c.relname) AS line FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND n.nspname IN ('accounts', 'sessions', 'mail', 'audit', 'wishes', 'demo', 'access')",
    );
    assert!(tables.len() >= 11, "{tables:?}");
    for table in tables {
        let rows = env
            .database
            .lines(&format!("SELECT t::text AS line FROM {table} t"));
        stored.assert_none_in(&table, &rows);
    }
    let errors = env.serving.stderr();
    env.serving.terminate();
    let (code, log) = env.serving.wait();
    assert_eq!(code, Some(0));
    for word in [
        "DEBUG",
        "answered",
        "/auth/reset",
        "/introspect",
        "/sign-in",
        "mail sent",
        "statement failed",
    ] {
        assert!(
            log.iter().any(|line| line.contains(word)),
            "{word} was not logged"
        );
    }
    search.assert_none_in("log", &log);
    for path in ["/v1/logs", "/v1/traces", "/v1/metrics"] {
        let posts = env.collector.posts(path);
        let texts: Vec<String> = posts
            .iter()
            .map(|post| String::from_utf8_lossy(post).into_owned())
            .collect();
        assert!(!texts.is_empty(), "nothing was sent to {path}");
        search.assert_none_in(path, &texts);
    }
    search.assert_none_in("stderr", &errors);
    for code in &codes {
        let leak = log
            .iter()
            .chain(&errors)
            .chain(&events)
            .find(|line| holds_code(line, code));
        assert_eq!(leak, None, "a TOTP code was logged");
    }
}
