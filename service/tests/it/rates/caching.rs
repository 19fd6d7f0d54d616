//! Entity tags, conditional requests, and answers that are reused: never after an import was announced.

use crate::support::app::{App, send};
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::metric::metric;
use crate::support::program::run;
use crate::support::response::Response;
use crate::support::sample_data::{QUERY, small};
use crate::support::tcp_proxy::TcpProxy;
use crate::support::temp_file::TempFile;
use crate::support::upload::{self, HEADER};
use crate::support::wait::wait_until;
use serde_json::Value;
use std::thread::sleep;
use std::time::Duration;

/// Resources of public data. None of them has the same content after [`IMPORT`].
const PUBLIC: [&str; 7] = [
    QUERY,
    "/rates.csv?date_from=2021-01-28&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL",
    "/rates/export?date_from=2021-01-29&date_to=2021-01-31",
    "/ports",
    "/ports/CNGGZ",
    "/regions",
    "/regions/china_main",
];

fn get_with(app: &App, path: &str, name: &str, value: &str) -> Response {
    send(app.request("GET", path).header(name, value))
}

fn count(response: &Response) -> i64 {
    assert_eq!(response.status, 200, "{response:?}");
    response.json()["rates"][0]["count"].as_i64().unwrap()
}

/// Imports a further price of the first day of [`QUERY`] with the command line.
fn import_price(database: &Database, price: usize) {
    let file = TempFile::new("csv", format!("{HEADER}CNGGZ,EETLL,2021-01-31,{price}\n"));
    let output = run(&["import", file.path_str()], &database.pairs());
    assert!(output.status.success(), "{output:?}");
}

/// Waits until answers are reused.
fn wait_for_hits(app: &App) {
    let hits = || metric(app, "rates_answers_total", &["outcome=\"hit\""]);
    let before = hits();
    wait_until("an answer is reused", || {
        app.get(QUERY);
        hits() > before
    });
}

/// B12: Public data has a strong entity tag, which caches compare before each use, and a current representation is not sent again.
#[test]
fn a_current_representation_is_not_sent_again() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let mut tags = Vec::new();
    for path in PUBLIC {
        let first = app.get(path);
        assert_eq!(first.status, 200, "{path}");
        assert_eq!(first.header("cache-control"), "public, no-cache", "{path}");
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 30, "{path}: {tag}");
        let again = get_with(&app, path, "if-none-match", &tag);
        assert_eq!((again.status, again.text()), (304, ""), "{path}");
        for name in ["etag", "cache-control", "vary"] {
            let (first, again) = (first.headers.get(name), again.headers.get(name));
            assert_eq!(first, again, "{path}: {name}");
        }
        let head = send(app.request("HEAD", path).header("if-none-match", "\"other\""));
        assert_eq!((head.status, head.header("etag")), (200, tag.as_str()), "{path}");
        assert_eq!(
            get_with(&app, path, "if-none-match", "\"other\"").status,
            200,
            "{path}"
        );
        tags.push(tag);
    }
    let mut distinct = tags.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), tags.len(), "{tags:?}");
}

/// B12: Each format and each content coding has a tag of its own; errors have none and are not stored.
#[test]
fn each_representation_has_a_tag_of_its_own() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let mut tags: Vec<String> = Vec::new();
    for accept in ["application/json", "text/csv", "application/x-ndjson"] {
        tags.push(get_with(&app, QUERY, "accept", accept).header("etag").to_owned());
    }
    for coding in ["identity", "gzip", "zstd"] {
        let response = get_with(&app, PUBLIC[2], "accept-encoding", coding);
        tags.push(response.header("etag").to_owned());
        let tag = tags.last().unwrap();
        let again = app.request("GET", PUBLIC[2]).header("accept-encoding", coding);
        assert_eq!(send(again.header("if-none-match", tag)).status, 304, "{coding}");
    }
    let mut distinct = tags.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), tags.len(), "{tags:?}");
    for path in ["/rates", "/ports/XXXXX", "/regions/none"] {
        let error = app.get(path);
        assert!(
            error.status >= 400 && !error.headers.contains_key("etag"),
            "{path}"
        );
        assert!(error.header("cache-control").contains("no-store"), "{path}");
    }
}

/// B12: After the final answer of an import no replica answers with the old data, and the former tag is not current.
#[test]
fn every_replica_answers_with_the_data_of_an_import() {
    let database = Database::with_data(&small());
    let replicas = [App::over(&database), App::over(&database)];
    for round in 0..8 {
        replicas.iter().for_each(wait_for_hits);
        let before: Vec<String> = replicas
            .iter()
            .map(|app| app.get(QUERY).header("etag").to_owned())
            .collect();
        import_price(&database, round);
        for (app, tag) in replicas.iter().zip(&before) {
            let response = get_with(app, QUERY, "if-none-match", tag);
            assert_eq!(count(&response), 4 + i64::try_from(round).unwrap());
        }
    }
}

/// B12: The same for uploads, whichever replica returns the state of the batch, and for their withdrawal.
#[test]
fn every_replica_answers_with_the_data_of_an_upload() {
    let database = upload::database();
    let replicas = [upload::app(&database), upload::app(&database)];
    let token = upload::token(&replicas[0]);
    for round in 0..6 {
        replicas.iter().for_each(wait_for_hits);
        let text = format!("{HEADER}CNGGZ,EETLL,2021-01-31,{round}\n");
        let (answering, other) = (&replicas[round % 2], &replicas[(round + 1) % 2]);
        let accepted = upload::upload(&replicas[0], &token, &format!("key-{round}"), &text);
        assert_eq!(accepted.status, 202, "{accepted:?}");
        let path = accepted.header("location").to_owned();
        let ended = upload::wait_for_end(answering, &token, &path);
        assert_eq!(ended["state"], Value::from("committed"));
        assert_eq!(count(&other.get(QUERY)), 4);
        wait_for_hits(other);
        let withdrawn = send(answering.request("DELETE", &path).bearer_auth(&token));
        assert_eq!(withdrawn.status, 200, "{withdrawn:?}");
        assert_eq!(count(&other.get(QUERY)), 3);
        wait_for_hits(other);
        // The response to the upload is the final answer, too.
        let stored = upload::upload_and_wait(answering, &token, &format!("waits-{round}"), &text);
        assert_eq!(stored.json()["state"], "committed", "{stored:?}");
        assert_eq!(count(&other.get(QUERY)), 4);
        let path = stored.header("location");
        let withdrawn = send(answering.request("DELETE", path).bearer_auth(&token));
        assert_eq!(withdrawn.status, 200, "{withdrawn:?}");
    }
}

/// B12: Readers that ask both replicas in turn never see an import vanish again after it was announced.
#[test]
fn readers_do_not_go_back_behind_an_announced_import() {
    let database = Database::with_data(&small());
    let replicas = [App::over(&database), App::over(&database)];
    let announced = std::sync::atomic::AtomicI64::new(3);
    let done = std::sync::atomic::AtomicBool::new(false);
    let ordering = std::sync::atomic::Ordering::SeqCst;
    let requests: i64 = concurrently(4, |number| {
        if number == 0 {
            for price in 0..10 {
                import_price(&database, price);
                announced.fetch_add(1, ordering);
            }
            done.store(true, ordering);
            return 0;
        }
        let mut requests = 0;
        while !done.load(ordering) {
            let at_least = announced.load(ordering);
            let seen = count(&replicas[number % 2].get(QUERY));
            assert!(seen >= at_least, "{seen} prices after {at_least} were announced");
            requests += 1;
        }
        requests
    })
    .into_iter()
    .sum();
    assert!(requests > 50, "{requests}");
}

/// B12: A replica that cannot reach the database answers 503 instead of reusing an answer, before an import elsewhere is announced.
#[test]
fn a_replica_without_the_database_reuses_no_answer() {
    let database = Database::with_data(&small());
    let relay = TcpProxy::to(&database.server);
    let app = App::start(&database.settings(&relay.short_timeout_settings()));
    for round in 0..3 {
        wait_for_hits(&app);
        relay.freeze();
        import_price(&database, round);
        app.get(QUERY).problem(503);
        relay.thaw();
        wait_until("the database is available", || app.get(QUERY).status == 200);
        assert_eq!(count(&app.get(QUERY)), 4 + i64::try_from(round).unwrap());
    }
}

/// B12: The connection that reads the version is replaced when the server closes it; meanwhile answers are looked up.
#[test]
fn a_lost_connection_ends_the_reuse_and_it_resumes() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    for round in 0..5 {
        wait_for_hits(&app);
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND query LIKE '%data_version%' AND pid <> pg_backend_pid()",
        );
        import_price(&database, round);
        assert_eq!(count(&app.get(QUERY)), 4 + i64::try_from(round).unwrap());
    }
    wait_for_hits(&app);
}

/// B12: Without a cache every answer is looked up; entity tags remain.
#[test]
fn the_cache_can_be_switched_off() {
    let database = Database::with_data(&small());
    let app = App::start(&database.settings(&[("RATES_CACHE_SIZE", "0")]));
    sleep(Duration::from_millis(300));
    let tag = app.get(QUERY).header("etag").to_owned();
    assert_eq!(get_with(&app, QUERY, "if-none-match", &tag).status, 304);
    assert!(metric(&app, "rates_answers_total", &[]).abs() < 0.5);
    assert!(metric(&app, "db_statements_total", &["list_daily_rates"]) > 1.5);
}

/// B12: Each change of what is answered changes the version, also one that an operator makes by hand.
#[test]
fn every_change_of_the_answers_changes_the_version() {
    let database = Database::with_data(&small());
    let version = || database.lines("SELECT version::text AS line FROM rates.data_version");
    for change in [
        "UPDATE rates.ports SET name = 'Port' WHERE code = 'CNGGZ'",
        "UPDATE rates.regions SET name = 'Region' WHERE slug = 'asia'",
        "UPDATE rates.regions SET parent_slug = 'europe' WHERE slug = 'china_main'",
        "INSERT INTO rates.regions (slug, name) VALUES ('new', 'New')",
        "DELETE FROM rates.regions WHERE slug = 'new'",
        "INSERT INTO rates.prices VALUES ('CNGGZ', 'EETLL', '2021-01-31', 1)",
        "UPDATE rates.daily_rates SET price_sum = price_sum + 1 WHERE day = '2021-01-31'",
    ] {
        let before = version();
        database.execute(change);
        assert_ne!(version(), before, "{change}");
    }
}
