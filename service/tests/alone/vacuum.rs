//! A table whose rows are all known to be visible to everybody: what an index-only scan needs.
use crate::support::database::Database;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Vacuums until it is so: a test's server writes commits to the disk a little late. Whoever is just signing in to the server,
/// whatever the database, would hold VACUUM back, so that other tests must not run meanwhile.
pub fn until_visible(database: &Database, table: &str) {
    let visible = format!(
        "SELECT (relallvisible = relpages)::text AS line FROM pg_class WHERE oid = '{table}'::regclass"
    );
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        database.execute(&format!("VACUUM ANALYZE {table}"));
        if database.lines(&visible) == ["true"] {
            return;
        }
        sleep(Duration::from_millis(200));
    }
    panic!("{table} does not become visible");
}
