//! A table whose rows are all known to be visible to everybody: what an index-only scan needs.
use super::database::Database;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Vacuums until it is so. A test's server writes commits to the disk a little late; and whoever is just signing in to the
/// server, whatever the database, holds VACUUM back: another test's client that never finishes does so for a minute.
pub fn until_visible(database: &Database, table: &str) {
    let visible = format!(
        "SELECT (relallvisible = relpages)::text AS line FROM pg_class WHERE oid = '{table}'::regclass"
    );
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(90) {
        database.execute(&format!("VACUUM ANALYZE {table}"));
        if database.lines(&visible) == ["true"] {
            return;
        }
        sleep(Duration::from_millis(200));
    }
    panic!("{table} does not become visible");
}
