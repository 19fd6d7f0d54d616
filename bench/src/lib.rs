//! `cargo xtask bench`: speed and cost as ratios in one run on one machine. The goals are in `rows`.

mod autovacuum;
mod bare_handler;
mod bench_env;
mod competitor;
mod dataset;
mod equal_answers;
mod export;
mod figure;
mod hot;
mod import_bench;
mod import_speed;
mod instructions;
mod latency;
mod load;
mod login_accounts;
mod login_load;
mod machine;
mod memory;
mod oha;
mod options;
mod pairs;
mod pgbench;
mod places;
mod report;
mod requests;
mod rotation;
mod rotation_bench;
mod rows;
mod scaling;
mod startup_time;
mod statement;
mod textbook;
mod tool;
mod uncached;
mod wrk;

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Result, bail};
use harness::context::Context;
use harness::exit::Exit;
use harness::output::{print, seconds};

use bench_env::{BenchEnv, Size};
use machine::Machine;
pub use options::Options;
use report::{Line, Report};
use rows::{ROWS, Row};

/// Measures, prints the table, and writes `target/bench/report.json`.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let wanted = wanted(&options.only)?;
    let start = Instant::now();
    let mut machine = Machine::read(context);
    if let Some(warning) = machine.warning() {
        print(&warning);
    }
    let mut env = BenchEnv::new(context, options)?;
    for size in datasets(&wanted) {
        print(&format!("preparing {} prices", env.prices(size)));
        env.prepare(size)?;
    }
    let mut lines = Vec::new();
    for row in wanted {
        print(&format!("{}: {}", row.id, row.what));
        match (row.measure)(&mut env) {
            Err(error) if error.is::<Exit>() => return Err(error),
            outcome => lines.push(Line::new(row, outcome)),
        }
    }
    machine.postgresql = env.postgres_version().unwrap_or_default();
    let file = env.folder.join("report.json");
    drop(env);
    let report = Report {
        machine,
        seconds: options.seconds,
        prices: options.prices,
        rows: lines,
    };
    report.publish(&file)?;
    print(&format!(
        "bench: {} rows in {}, {}",
        report.rows.len(),
        seconds(start.elapsed()),
        file.display()
    ));
    match report.rows.iter().filter(|line| line.is_broken()).count() {
        0 => Ok(()),
        1 => bail!("bench: 1 row misses its goal"),
        many => bail!("bench: {many} rows miss their goals"),
    }
}

fn wanted(only: &[String]) -> Result<Vec<&'static Row>> {
    let unknown = only.iter().find(|id| !ROWS.iter().any(|row| row.is_named(id)));
    if let Some(unknown) = unknown {
        let known: Vec<&str> = ROWS.iter().map(|row| row.id).collect();
        bail!("no row {unknown:?}; there are {}", known.join(", "));
    }
    let is_wanted = |row: &&Row| only.is_empty() || only.iter().any(|id| row.is_named(id));
    Ok(ROWS.iter().filter(is_wanted).collect())
}

/// What these rows measure: nothing else is prepared.
fn datasets(rows: &[&Row]) -> BTreeSet<Size> {
    rows.iter().flat_map(|row| row.needs).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_row_is_rejected_with_the_known_ones() {
        let error = wanted(&["P1".into(), "P99".into()]).err().unwrap().to_string();
        assert!(error.starts_with("no row \"P99\"; there are P1, "), "{error}");
        assert_eq!(wanted(&[]).unwrap().len(), ROWS.len());
    }
    #[test]
    fn only_the_data_of_the_wanted_rows_is_prepared() {
        let needed = |only: &str| {
            let sizes = datasets(&wanted(&[only.to_owned()]).unwrap());
            sizes.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(needed("P5"), []);
        assert_eq!(needed("P7"), [Size::Small]);
        assert_eq!(needed("P1"), [Size::Large]);
        assert_eq!(needed("P6"), [Size::Small, Size::Large]);
    }
}
