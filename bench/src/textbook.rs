//! The textbook table: every price in a row, with a covering index; and ports and regions as a tree.

use std::path::Path;

use anyhow::Result;
use stack::psql::Psql;

use crate::requests::Request;
use crate::statement::Statement;

/// The table of prices and its covering index.
pub const TABLE: [&str; 2] = [
    "CREATE TABLE bench.prices (orig_code text NOT NULL, dest_code text NOT NULL, day date NOT NULL, price integer NOT NULL)",
    "CREATE INDEX ON bench.prices (orig_code, dest_code, day) INCLUDE (price)",
];

/// The schema of all tables of the bench.
pub const SCHEMA: &str = "CREATE SCHEMA IF NOT EXISTS bench";

/// The tree of places.
const PLACES: [&str; 6] = [
    "CREATE TABLE bench.regions (slug text PRIMARY KEY, parent_slug text)",
    "INSERT INTO bench.regions SELECT slug, parent_slug FROM rates.regions",
    "CREATE INDEX ON bench.regions (parent_slug)",
    "CREATE TABLE bench.ports (code text PRIMARY KEY, parent_slug text NOT NULL)",
    "INSERT INTO bench.ports SELECT code, parent_slug FROM rates.ports",
    "CREATE INDEX ON bench.ports (parent_slug)",
];

/// Loads the prices, vacuumed so that the scans are index-only.
pub fn fill(psql: &Psql, csv: &Path) -> Result<()> {
    let copy = format!("\\copy bench.prices from '{}' csv header", csv.display());
    psql.run(&[SCHEMA, TABLE[0], &copy, TABLE[1]])?;
    psql.run(&PLACES)?;
    psql.run(&[
        "VACUUM ANALYZE bench.prices",
        "VACUUM ANALYZE bench.regions",
        "VACUUM ANALYZE bench.ports",
    ])?;
    Ok(())
}

/// A statement's result for each request: lines of `day,avg,count`.
pub fn answers(psql: &Psql, statement: Statement, requests: &[Request]) -> Result<Vec<String>> {
    const MARK: &str = "--\n";
    let mut commands = Vec::new();
    for Request { orig, dest, from, to } in requests {
        let [orig, dest] = [orig, dest].map(|code| format!("'{code}'"));
        let [from, to] = [from, to].map(|day| format!("date '{day}'"));
        commands.push(statement.text(&orig, &dest, &from, &to));
        commands.push("SELECT '--'".to_owned());
    }
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let text = psql.run(&commands)?;
    Ok(text.split_terminator(MARK).map(str::to_owned).collect())
}
