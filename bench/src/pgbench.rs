//! pgbench, connected to a stack's database as the administrator: transactions per second of a statement over many routes.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::process::command::Command;
use stack::local_stack::LocalStack;
use stack::psql::Psql;

use crate::requests::Requests;
use crate::statement::Statement;

/// Different sets of routes.
const BUNDLES: u64 = 4_000;

/// The program and its connection.
#[derive(Debug, Clone)]
pub struct Pgbench {
    pub psql: Psql,
    program: PathBuf,
    /// Of the scripts.
    folder: PathBuf,
}

/// A script that was written.
#[derive(Debug, Clone)]
pub struct Script {
    file: PathBuf,
    /// How many transactions one run of it is.
    transactions: u64,
}

impl Pgbench {
    /// The required programs.
    pub const TOOLS: [&str; 2] = ["psql", "pgbench"];

    /// Finds them; the error says what to install.
    pub fn find(context: &Context, stack: &LocalStack, folder: PathBuf) -> Result<Self> {
        Ok(Self {
            psql: Psql::find(context, stack)?,
            program: stack.tool("pgbench")?,
            folder,
        })
    }

    /// Writes the script for the windows of `requests`, of their longest length, and the table that it takes the routes from.
    ///
    /// In pgbench only a query can set a text variable, and there are no arrays. A script therefore fetches 32 routes in one
    /// row of a small table, then queries a window of each. Measured alternatives: one script file per route is as fast, but
    /// pgbench's limit of 128 files would confine it to a part of the table; one fetch per route halves the rate. The fetch
    /// counts as a transaction, in pgbench's favour, except beside a statement that takes a thousand times as long. The
    /// statement's text is the same for all routes, so each connection prepares it 32 times rather than 6,000 times; after five
    /// runs PostgreSQL caches a generic plan, which is as fast as `plan_cache_mode = force_generic_plan`.
    pub fn write(&self, statement: Statement, requests: &Requests) -> Result<Script> {
        let (name, per_script) = (statement.name(), statement.per_script());
        let columns: String = (0..per_script)
            .map(|n| format!(", o{n} text, d{n} text"))
            .collect();
        let rows = self.folder.join(format!("{name}.csv"));
        fs::write(&rows, bundles(requests, per_script)?)?;
        self.psql.run(&[
            &format!("CREATE TABLE bench.{name}_routes (id integer PRIMARY KEY{columns})"),
            &format!("\\copy bench.{name}_routes from '{}' csv", rows.display()),
            &format!("VACUUM ANALYZE bench.{name}_routes"),
        ])?;
        let script = Script {
            file: self.folder.join(format!("{name}.pgbench")),
            transactions: per_script + u64::from(per_script > 1),
        };
        fs::write(&script.file, script_of(statement, requests)?)
            .with_context(|| format!("cannot write {}", script.file.display()))?;
        Ok(script)
    }

    /// Runs a script; transactions per second.
    pub fn measure(&self, script: &Script, connections: u64, seconds: u64) -> Result<f64> {
        let output = Command::new(&self.psql.context, &self.program)
            .envs(self.psql.variables.clone())
            .args(["-n", "-Mprepared", "-j2"])
            .args([format!("-c{connections}"), format!("-T{seconds}"), "-f".into()])
            .args([&script.file])
            .output()?;
        Ok(scripts_per_second(&output)? * script.transactions as f64)
    }
}

/// Rows of a number and some routes. A prime stride: over all rows each route occurs equally often, in changing combinations.
fn bundles(requests: &Requests, per_script: u64) -> Result<String> {
    let routes = &requests.routes;
    let mut rows = String::new();
    for bundle in 0..BUNDLES {
        write!(rows, "{bundle}")?;
        for slot in 0..per_script {
            let at = (bundle * per_script + slot) * 7_919 % routes.len() as u64;
            let (orig, dest) = routes[at as usize];
            write!(rows, ",{orig},{dest}")?;
        }
        rows.push('\n');
    }
    Ok(rows)
}

fn script_of(statement: Statement, requests: &Requests) -> Result<String> {
    let name = statement.name();
    let mut script = format!(
        "\\set b random(0, {})\nSELECT * FROM bench.{name}_routes WHERE id = :b \\gset\n",
        BUNDLES - 1
    );
    let from = "date '2021-01-01' + :s::int";
    let to = format!("date '2021-01-01' + {} + :s::int", requests.longest - 1);
    for n in 0..statement.per_script() {
        writeln!(script, "\\set s random(0, {})", requests.starts - 1)?;
        let text = statement.text(&format!(":o{n}"), &format!(":d{n}"), from, &to);
        writeln!(script, "{text}")?;
    }
    Ok(script)
}

fn scripts_per_second(output: &str) -> Result<f64> {
    let tps = output.lines().find_map(|line| line.strip_prefix("tps = "));
    let tps = tps.and_then(|tps| tps.split(' ').next()?.parse().ok());
    tps.with_context(|| format!("pgbench printed no tps: {output}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::MONTH;
    use demo::Bulk;

    #[test]
    fn a_script_fetches_routes_and_queries_a_window_of_each() {
        let requests = Requests::of(&Bulk::of(50_000), MONTH);
        let script = script_of(Statement::Sums, &requests).unwrap();
        assert_eq!(script.matches("random(0, 31)").count(), 32, "{script}");
        assert!(script.contains(
            "origin = :o31 AND destination = :d31 AND day BETWEEN date '2021-01-01' + :s::int \
             AND date '2021-01-01' + 30 + :s::int;"
        ));
        let recursive = script_of(Statement::Recursive, &requests).unwrap();
        assert_eq!(
            (
                recursive.matches("\\set s").count(),
                recursive.matches(":d0").count()
            ),
            (1, 1)
        );
        let rows = bundles(&requests, 32).unwrap();
        let first = rows.lines().next().unwrap();
        assert_eq!((rows.lines().count(), first.split(',').count()), (4_000, 65));
    }

    #[test]
    fn the_rate_is_read_as_pgbench_prints_it() {
        let output = include_str!("recorded/pgbench.txt");
        assert!((scripts_per_second(output).unwrap() - 52_088.997_467).abs() < 1e-6);
        assert!(scripts_per_second("tps = many\n").is_err());
    }
}
