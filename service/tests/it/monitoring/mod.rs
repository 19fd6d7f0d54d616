//! What operators monitor (`deploy/monitoring`, `docs/runbook.md`), compared with what the service exposes.

/// The rules, their tests, the dashboard and the runbook.
pub mod files;

/// What a query selects.
mod promql;

/// Metrics of running services.
mod scrape;

use crate::support::program::{installed, run, stderr, stdout};
use files::{Alert, alerts, dashboard_queries, records, rule_queries, runbook, tested_alerts};
use harness::test_results::ignored;
use promql::Query;
use scrape::Scrape;
use std::collections::BTreeSet;

/// Metrics of other programs, which a scrape of the service lacks, with the program.
const OF_OTHERS: [(&str, &str); 6] = [
    ("up", "Prometheus"),
    ("probe_success", "blackbox_exporter"),
    ("probe_ssl_earliest_cert_expiry", "blackbox_exporter"),
    ("node_filesystem_avail_bytes", "node_exporter"),
    ("node_filesystem_size_bytes", "node_exporter"),
    (
        "portcullis_backup_timestamp_seconds",
        "node_exporter, from a file",
    ),
];

/// The alert that always fires, so that its absence shows that alerts are not delivered.
const WATCHDOG: &str = "Watchdog";

/// Labels that Prometheus adds to a scraped series.
const OF_TARGETS: [&str; 2] = ["job", "instance"];

/// What a query names and neither the service nor a rule has.
fn problems(text: &str, scrape: &Scrape, recorded: &BTreeSet<String>) -> Vec<String> {
    let query = Query::parse(text);
    let of_others = |name: &str| OF_OTHERS.iter().any(|(other, _)| *other == name);
    let mut problems = Vec::new();
    for selector in &query.selectors {
        let is_known = if selector.name.contains(':') {
            recorded.contains(&selector.name)
        } else {
            of_others(&selector.name) || scrape.has(selector, &OF_TARGETS)
        };
        if !is_known {
            problems.push(format!("no series: {selector}"));
        }
    }
    let labels = query.labels.iter().filter(|label| {
        let label = label.as_str();
        !OF_TARGETS.contains(&label) && label != "slo" && !scrape.has_label(label)
    });
    problems.extend(labels.map(|label| format!("no label: {label}")));
    problems
}

/// L12: Every metric, label and value that alerts and dashboard use is in a scrape of the service.
#[test]
fn every_query_selects_series_of_a_scrape() {
    let scrape = Scrape::of_services();
    let recorded = records();
    let queries: Vec<String> = rule_queries().into_iter().chain(dashboard_queries()).collect();
    assert!(queries.len() > 50, "{}", queries.len());
    let problems_of = |text: &String| problems(text, &scrape, &recorded);
    let found: Vec<String> = queries.iter().flat_map(problems_of).collect();
    assert_eq!(found, [""; 0]);
    let used: BTreeSet<String> = queries
        .iter()
        .flat_map(|text| Query::parse(text).selectors)
        .map(|selector| selector.name)
        .collect();
    for (name, program) in OF_OTHERS {
        assert!(used.contains(name), "{name} of {program} is not used");
    }
    // A wrong name, value or label is found.
    for planted in [
        "rate(http_server_requests_total{job=\"portcullis\"}[5m])",
        "health_ready{job=\"portcullis\", http_route=\"/rates\"}",
        "mail_tries_total{outcome=\"gave_up\"}",
        "http_server_request_duration_seconds_bucket{le=\"0.3\"}",
        "db_statements_total{success!=\"true\"}",
        "sum by (route) (vault_up{job=\"portcullis\"})",
        "slo:errors:ratio7d > 1",
    ] {
        assert_eq!(problems(planted, &scrape, &recorded).len(), 1, "{planted}");
    }
}

/// L12: The dashboard's queries are valid.
#[test]
fn the_queries_of_the_dashboard_are_valid() {
    let check = |queries: &[String]| {
        let rule = |query: &String| serde_json::json!({"record": "dashboard", "expr": query});
        let rules: Vec<_> = queries.iter().map(rule).collect();
        let groups = serde_json::json!({"groups": [{"name": "dashboard", "rules": rules}]});
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dashboard.yml");
        std::fs::write(&path, groups.to_string()).unwrap();
        installed(
            "promtool",
            &["check", "rules", "--lint=none", path.to_str().unwrap()],
        )
    };
    let Some(output) = check(&dashboard_queries()) else {
        return ignored::report("promtool is not installed (Debian: prometheus)");
    };
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    assert!(!check(&["sum(up".to_owned()]).unwrap().status.success());
}

/// L12: Every alert has a severity, a summary, an entry in the runbook, and tests in which it fires and does not fire.
#[test]
fn every_alert_has_a_runbook_entry_and_two_tests() {
    let alerts = alerts();
    assert!(alerts.len() > 20, "{}", alerts.len());
    let (firing, silent) = tested_alerts();
    for Alert {
        name,
        severity,
        summary,
        runbook,
    } in &alerts
    {
        let severities: &[&str] = if name == WATCHDOG {
            &["none"]
        } else {
            &["critical", "warning"]
        };
        assert!(severities.contains(&severity.as_str()), "{name}: {severity}");
        assert!(!summary.is_empty(), "{name}");
        assert_eq!(*runbook, format!("docs/runbook.md#{}", name.to_lowercase()));
        assert!(firing.contains(name), "no test in which {name} fires");
        assert!(
            silent.contains(name) != (name == WATCHDOG),
            "no test in which {name} does not fire, or the watchdog is silent"
        );
    }
    let of_alerts: Vec<String> = alerts.into_iter().map(|alert| alert.name).collect();
    let runbook = runbook();
    let mut entries: Vec<String> = runbook
        .entries("Alerts")
        .map(|(name, _)| name.to_owned())
        .collect();
    entries.sort();
    assert_eq!(
        entries,
        of_alerts
            .into_iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    for (name, text) in runbook.entries("Alerts") {
        for part in ["**Meaning.**", "**Impact.**", "**Check.**", "**Action.**"] {
            assert_eq!(text.matches(part).count(), 1, "{name}: {part}");
        }
    }
    assert!(runbook.entries("Procedures").count() > 3);
}

/// L12: The runbook names commands that exist, with options that they have.
#[test]
fn every_command_of_the_runbook_exists() {
    let (runbook, mut of_service, mut of_harness) = (runbook(), 0, 0);
    for command in runbook.commands() {
        match problem(&command) {
            Some(problem) => panic!("{command}: {problem}"),
            None if command.starts_with("portcullis ") => of_service += 1,
            None => of_harness += 1,
        }
    }
    assert!(of_service > 10 && of_harness > 1, "{of_service}, {of_harness}");
    for planted in [
        "portcullis migrate sideways",
        "portcullis audit verify --anchor FILE",
        "portcullis keys rotate FILE --planted",
        "cargo xtask vaults setup",
        "cargo xtask vault secret-id --warp 60s",
    ] {
        assert!(problem(planted).is_some(), "{planted}");
    }
}

/// What a command of the service or of the harness names that does not exist.
fn problem(command: &str) -> Option<String> {
    let is_end = |word: &str| ["|", "&&", ";"].contains(&word);
    let words = command.split_whitespace().take_while(|word| !is_end(word));
    let words: Vec<&str> = words.collect();
    let mut options = words.iter().filter_map(|word| word.strip_prefix("--"));
    if let Some(arguments) = words.strip_prefix(&["cargo", "xtask"]) {
        // Its help would be compiled first. An option is named after a field of a structure, or by itself.
        let name = arguments.first().copied().unwrap_or_default();
        let Some(code) = files::code_of_command(name) else {
            return Some(format!("no command {name}"));
        };
        let has = |option: &str| {
            code.contains(&format!(" {}: ", option.replace('-', "_")))
                || code.contains(&format!("long = \"{option}\""))
        };
        return options
            .find(|option| !has(option))
            .map(|option| format!("no option {option}"));
    }
    let is_name = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let names = words[1..]
        .iter()
        .take_while(|word| is_name(word) && !word.starts_with('-'));
    let arguments: Vec<&str> = names.copied().chain(["--help"]).collect();
    let output = run(&arguments, &[]);
    if !output.status.success() {
        return Some(stderr(&output));
    }
    let help = stdout(&output);
    let has = |option: &str| {
        let flag = format!("--{option}");
        help.split([' ', ',', '\n', '[', ']', '='])
            .any(|word| word == flag)
    };
    options
        .find(|option| !has(option))
        .map(|option| format!("no option {option}"))
}
