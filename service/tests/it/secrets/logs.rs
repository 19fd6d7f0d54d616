//! No secret in a log, nor anywhere else that people look through: the real program, at its most talkative, through every
//! flow that carries one.
use super::flows::{accounts, faults, pages, place, second_factor, strays, tokens};
use crate::support::accounts::PASSWORD;
use crate::support::run_log;
use serde_json::Value;
use std::collections::BTreeSet;

/// The secrets, and the parts of tokens that tell something: the head of a JWT is the same for all.
fn searched() -> BTreeSet<String> {
    let mut all = run_log::noted();
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
    // Recovery codes are typed with dashes and without.
    let plain: Vec<String> = all.iter().map(|text| text.replace('-', "")).collect();
    all.extend(plain);
    all.extend([
        "2short!".to_owned(),
        "$argon2id$".to_owned(),
        "PRIVATE KEY".to_owned(),
    ]);
    all
}

/// Fails with the places, not with the secrets.
fn none_in(what: &str, texts: &[String], secrets: &BTreeSet<String>) {
    for (number, text) in texts.iter().enumerate() {
        for secret in secrets {
            // As it stands, as it would stand in JSON, and as PostgreSQL shows bytes.
            let quoted = Value::from(secret.as_str()).to_string();
            let bytes: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            let spelled = [secret.as_str(), quoted.trim_matches('"'), &bytes];
            let found = spelled.iter().any(|spelled| text.contains(spelled));
            let shown = secret.chars().take(3).collect::<String>();
            assert!(
                !found,
                "{what}, line {number}: holds {shown}…: {}",
                text.replace(secret.as_str(), "***")
            );
        }
    }
}

/// Whether a code stands in a line as a text: six digits of a time or of a duration may happen to be the same.
fn holds_code(line: &str, code: &str) -> bool {
    line.match_indices(code).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + code.len()..].chars().next();
        let in_number = before.is_some_and(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':'));
        !in_number && !after.is_some_and(|c| c.is_ascii_hexdigit())
    })
}

/// J2
#[test]
fn no_secret_that_was_used_is_logged_audited_measured_or_stored() {
    let place = place();
    accounts(&place);
    tokens(&place);
    strays(&place);
    pages(&place);
    let codes = second_factor(&place);
    faults(&place);
    let metrics = place.app.get_internal("/metrics");
    let secrets = searched();
    let jwts = secrets.iter().filter(|text| text.starts_with("eyJ")).count();
    assert!(
        secrets.contains(PASSWORD) && jwts > 8 && secrets.len() > 60,
        "{}",
        secrets.len()
    );
    none_in("metrics", &[metrics.text().to_owned()], &secrets);
    let events = place.database.lines("SELECT e::text AS line FROM audit.events e");
    assert!(events.len() > 15, "{}", events.len());
    none_in("audit", &events, &secrets);
    // What is stored holds addresses; of everything else it holds hashes, and what is sealed.
    let mut stored = secrets.clone();
    stored.retain(|secret| !secret.contains('@') && secret != "$argon2id$");
    let tables = place.database.lines(
        "SELECT format('%I.%I', n.nspname, c.relname) AS line FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND n.nspname IN ('accounts', 'sessions', 'mail', 'audit', 'wishes', 'demo')",
    );
    assert!(tables.len() >= 11, "{tables:?}");
    for table in tables {
        none_in(
            &table,
            &place
                .database
                .lines(&format!("SELECT t::text AS line FROM {table} t")),
            &stored,
        );
    }
    let errors = place.serving.errors();
    place.serving.terminate();
    let (code, log) = place.serving.wait();
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
    none_in("log", &log, &secrets);
    for path in ["/v1/logs", "/v1/traces", "/v1/metrics"] {
        let posts = place.collector.posts(path);
        let texts: Vec<String> = posts
            .iter()
            .map(|post| String::from_utf8_lossy(post).into_owned())
            .collect();
        assert!(!texts.is_empty(), "nothing was sent to {path}");
        none_in(path, &texts, &secrets);
    }
    none_in("stderr", &errors, &secrets);
    for code in &codes {
        let told = log
            .iter()
            .chain(&errors)
            .chain(&events)
            .find(|line| holds_code(line, code));
        assert_eq!(told, None, "a code of an app");
    }
}
