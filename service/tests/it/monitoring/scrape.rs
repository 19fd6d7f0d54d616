//! Metrics of running services, in which what is monitored has happened once.

use super::promql::Selector;
use crate::support::accounts::create_account;
use crate::support::app::App;
use crate::support::database::{Database, settings};
use crate::support::metric::metric;
use crate::support::raw_connection::RawConnection;
use crate::support::sample_data::{QUERY, small};
use crate::support::upload::{self, csv, upload_and_wait};
use crate::support::vault::TestVault;
use crate::support::wait::{wait_until, wait_until_within};
use crate::vault::keys::VaultKeys;
use portcullis::types::role::Role;
use regex::Regex;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Longer than logins take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

type Labels = BTreeMap<String, String>;

/// The series of several scrapes.
pub struct Scrape(Vec<(String, Labels)>);

impl Scrape {
    /// Of a service with keys in Vault, of one with logins of Vault, and of one without a database.
    pub fn of_services() -> Self {
        let database = Database::with_data(&small());
        let mut pages = vec![with_keys_in_vault(&database), with_logins_of_vault(&database)];
        let without_database = App::over(&Database::not_created());
        assert_eq!(without_database.get(QUERY).status, 503);
        assert_eq!(without_database.get("/health/ready").status, 503);
        pages.push(page(&without_database));
        Self(pages.iter().flat_map(|page| series(page)).collect())
    }

    /// Whether a series has this name and satisfies the conditions, except those on the labels of targets. A label that no series
    /// of the name has is a mistake, although `!=` and `!~` would be satisfied.
    pub fn has(&self, selector: &Selector, of_targets: &[&str]) -> bool {
        let named = || self.0.iter().filter(|(name, _)| *name == selector.name);
        let conditions = selector.matchers.iter();
        let conditions: Vec<_> = conditions
            .filter(|matcher| !of_targets.contains(&matcher.label.as_str()))
            .collect();
        let value = |labels: &Labels, label: &str| labels.get(label).cloned().unwrap_or_default();
        let mut known = conditions.iter();
        known.all(|matcher| named().any(|(_, labels)| labels.contains_key(&matcher.label)))
            && named().any(|(_, labels)| {
                let mut conditions = conditions.iter();
                conditions.all(|matcher| matcher.matches(&value(labels, &matcher.label)))
            })
    }

    /// Whether any series has this label.
    pub fn has_label(&self, label: &str) -> bool {
        self.0.iter().any(|(_, labels)| labels.contains_key(label))
    }
}

/// With requests beyond the rate limit, and connections beyond their maximum.
fn with_keys_in_vault(database: &Database) -> String {
    let keys = VaultKeys::generated(database);
    let limits = [("MAX_CONNECTIONS", "16"), ("RATE_LIMIT", "40"), ("UPLOADS", "on")];
    let app = App::start(&keys.settings(&limits));
    for path in [QUERY, "/health/ready"] {
        assert_eq!(app.get(path).status, 200);
    }
    wait_until("the age of the prices is known", || {
        metric(&app, "rates_last_import_timestamp_seconds", &[]) > 0.0
    });
    create_account(database, "ingest@example.org", Role::Ingest);
    assert_eq!(
        upload_and_wait(&app, &upload::token(&app), "1", &csv(1)).status,
        200
    );
    wait_until("an upload is counted", || {
        metric(&app, "uploads_ended_total", &["committed"]) > 0.0
    });
    let idle: Vec<_> = (0..20).map(|_| RawConnection::connect(app.address)).collect();
    wait_until("a connection is closed", || {
        metric(&app, "http_server_refused_connections_total", &["evicted"]) > 0.0
    });
    drop(idle);
    wait_until("a request is throttled", || app.get("/version").status == 429);
    page(&app)
}

/// With a login that cannot be issued.
fn with_logins_of_vault(database: &Database) -> String {
    let vault = TestVault::over(database);
    let unavailable = json!({
        "path": "database/creds/portcullis-mail",
        "effect": {"error": {"status": 503, "text": "planted"}},
    });
    vault.write("control/rules", &unavailable);
    let mut pairs = vault.pairs();
    pairs.push(("DATABASE_CREDENTIALS".to_owned(), "vault".to_owned()));
    let app = App::start(&settings(pairs, &[]));
    wait_until_within(PATIENCE, "logins are issued, except one", || {
        app.get(QUERY).status == 200 && metric(&app, "db_login_failures_total", &["login=\"mail\""]) > 0.0
    });
    page(&app)
}

fn page(app: &App) -> String {
    app.get_internal("/metrics").text().to_owned()
}

fn series(page: &str) -> Vec<(String, Labels)> {
    let label = Regex::new(r#"(\w+)="([^"]*)""#).unwrap();
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once('{'))
        .map(|(name, rest)| {
            let labels = label.captures_iter(rest);
            let labels = labels.map(|found| (found[1].to_owned(), found[2].to_owned()));
            (name.to_owned(), labels.collect())
        })
        .collect()
}
