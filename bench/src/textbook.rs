//! The baseline of P1: the textbook statement, run by pgbench on a table with the same prices.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::process::command::Command;
use stack::local_stack::LocalStack;
use stack::psql::Psql;

use crate::requests::{Request, Requests};

/// Routes that a script fetches at once, and statements that it then runs.
const ROUTES: u64 = 32;

/// Different sets of routes.
const BUNDLES: u64 = 4_000;

/// The textbook table and its covering index.
pub const TABLE: [&str; 2] = [
    "CREATE TABLE bench.prices (orig_code text NOT NULL, dest_code text NOT NULL, day date NOT NULL, price integer NOT NULL)",
    "CREATE INDEX ON bench.prices (orig_code, dest_code, day) INCLUDE (price)",
];

/// PostgreSQL's clients, connected to a stack's database as the administrator.
#[derive(Debug, Clone)]
pub struct Textbook {
    pub psql: Psql,
    pgbench: PathBuf,
    script: PathBuf,
}

impl Textbook {
    /// The required programs.
    pub const TOOLS: [&str; 2] = ["psql", "pgbench"];

    /// Finds the clients; the error says what to install.
    pub fn find(context: &Context, stack: &LocalStack, folder: &Path) -> Result<Self> {
        Ok(Self {
            psql: Psql::find(context, stack)?,
            pgbench: stack.tool("pgbench")?,
            script: folder.join("textbook.pgbench"),
        })
    }

    /// Loads the prices into `bench.prices` with the covering index, vacuumed so that the scans are index-only.
    pub fn fill(&self, csv: &Path) -> Result<()> {
        let copy = format!("\\copy bench.prices from '{}' csv header", csv.display());
        self.psql.run(&[
            "CREATE SCHEMA bench",
            TABLE[0],
            &copy,
            TABLE[1],
            "VACUUM ANALYZE bench.prices",
        ])?;
        Ok(())
    }

    /// Writes the script for the windows of `requests` and the table that it takes the routes from.
    ///
    /// In pgbench only a query can set a text variable, and there are no arrays. A script therefore fetches 32 routes in one
    /// row of a small table, then queries a window of each. Measured alternatives: one script file per route is as fast, but
    /// pgbench's limit of 128 files would confine it to a part of the table; one fetch per route halves the rate. The fetch
    /// counts as a transaction, in pgbench's favour. The statement's text is the same for all routes, so each connection
    /// prepares it 32 times rather than 6,000 times; after five runs PostgreSQL caches a generic plan, which is as fast as
    /// `plan_cache_mode = force_generic_plan`.
    pub fn write_script(&self, requests: &Requests, days: u32) -> Result<()> {
        let columns: String = (0..ROUTES).map(|n| format!(", o{n} text, d{n} text")).collect();
        let routes = &requests.routes;
        let mut rows = String::new();
        for bundle in 0..BUNDLES {
            write!(rows, "{bundle}")?;
            for slot in 0..ROUTES {
                // A prime stride: over all bundles each route occurs equally often, in changing combinations.
                let at = (bundle * ROUTES + slot) * 7_919 % routes.len() as u64;
                let (orig, dest) = routes[at as usize];
                write!(rows, ",{orig},{dest}")?;
            }
            rows.push('\n');
        }
        let file = self.script.with_extension("csv");
        fs::write(&file, rows)?;
        self.psql.run(&[
            &format!("CREATE TABLE bench.bundles (id integer PRIMARY KEY{columns})"),
            &format!("\\copy bench.bundles from '{}' csv", file.display()),
            "VACUUM ANALYZE bench.bundles",
        ])?;
        let mut script = format!(
            "\\set b random(0, {})\nSELECT * FROM bench.bundles WHERE id = :b \\gset\n",
            BUNDLES - 1
        );
        let from = "date '2021-01-01' + :s::int";
        let to = format!("date '2021-01-01' + {} + :s::int", days - 1);
        for n in 0..ROUTES {
            writeln!(script, "\\set s random(0, {})", requests.starts - 1)?;
            let statement = statement(&format!(":o{n}"), &format!(":d{n}"), from, &to);
            writeln!(script, "{statement}")?;
        }
        fs::write(&self.script, script).with_context(|| format!("cannot write {}", self.script.display()))
    }

    /// Runs pgbench; transactions per second.
    pub fn measure(&self, connections: u64, seconds: u64) -> Result<f64> {
        let output = Command::new(&self.psql.context, &self.pgbench)
            .envs(self.psql.variables.clone())
            .args(["-n", "-Mprepared", "-j2"])
            .args([format!("-c{connections}"), format!("-T{seconds}"), "-f".into()])
            .args([&self.script])
            .output()?;
        let tps = output.lines().find_map(|line| line.strip_prefix("tps = "));
        let scripts = tps.and_then(|tps| tps.split(' ').next()?.parse::<f64>().ok());
        let scripts = scripts.with_context(|| format!("pgbench printed no tps: {output}"))?;
        Ok(scripts * (ROUTES + 1) as f64)
    }

    /// The statement's result for each request: lines of `day,avg,count`.
    pub fn answers(&self, requests: &[Request]) -> Result<Vec<String>> {
        const MARK: &str = "--\n";
        let mut commands = Vec::new();
        for Request { orig, dest, from, to } in requests {
            let [orig, dest] = [orig, dest].map(|code| format!("'{code}'"));
            let [from, to] = [from, to].map(|day| format!("'{day}'"));
            commands.push(statement(&orig, &dest, &from, &to));
            commands.push("SELECT '--'".to_owned());
        }
        let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
        let text = self.psql.run(&commands)?;
        Ok(text.split_terminator(MARK).map(str::to_owned).collect())
    }
}

/// The statement that P1 names.
fn statement(orig: &str, dest: &str, from: &str, to: &str) -> String {
    format!(
        "SELECT day, avg(price), count(*) FROM bench.prices \
         WHERE orig_code = {orig} AND dest_code = {dest} AND day BETWEEN {from} AND {to} GROUP BY day;"
    )
}
