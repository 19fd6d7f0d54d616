//! Vacuums a table until its visibility map is complete, which index-only scans need.

use crate::support::database::Database;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Repeats VACUUM, because the tests' server commits asynchronously. A connection that is being established, to any
/// database of the server, holds VACUUM back, so other tests must not run meanwhile.
pub fn vacuum_until_visible(database: &Database, table: &str) {
    let visible = format!(
        "SELECT (relallvisible = relpages)::text AS line FROM pg_class WHERE oid = '{table}'::regclass"
    );
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        database.execute(&format!("VACUUM ANALYZE {table}"));
        if database.lines(&visible) == ["true"] {
            return;
        }
        sleep(Duration::from_millis(200));
    }
    panic!("{table} does not become visible");
}
