//! `cargo xtask bench`: speed and cost as ratios in one run on one machine. The goals are in `rows`.

mod autovacuum;
mod bench_env;
mod dataset;
mod equal_answers;
mod export;
mod figure;
mod import_bench;
mod import_speed;
mod load;
mod login_accounts;
mod login_impact;
mod login_load;
mod machine;
mod memory;
mod report;
mod requests;
mod rotation;
mod rotation_bench;
mod rows;
mod scaling;
mod startup_time;
mod textbook;
mod uncached;
mod wrk;

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Result, bail};
use harness::context::Context;
use harness::exit::Exit;
use harness::output::{print, seconds};

use bench_env::BenchEnv;
use machine::Machine;
use report::{Line, Report};
use rows::{ROWS, Row};

/// Options of `cargo xtask bench`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Measure only these rows, for example `P1,P3`
    #[arg(long, value_delimiter = ',', value_name = "ROW")]
    only: Vec<String>,
    /// Duration of a round, in seconds
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
}

/// Measures, prints the table, and writes `target/bench/report.json`.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let wanted = wanted(&options.only)?;
    let start = Instant::now();
    let mut machine = Machine::read(context);
    if let Some(warning) = machine.warning() {
        print(&warning);
    }
    let mut env = BenchEnv::new(context, options.seconds)?;
    let needs: BTreeSet<u64> = wanted.iter().flat_map(|row| row.needs).copied().collect();
    for prices in needs {
        print(&format!("preparing {prices} prices"));
        env.prepare(prices)?;
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
        1 => bail!("bench: 1 row does not hold"),
        many => bail!("bench: {many} rows do not hold"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_row_is_rejected_with_the_known_ones() {
        let error = wanted(&["P1".into(), "P99".into()]).err().unwrap().to_string();
        assert!(error.starts_with("no row \"P99\"; there are P1, "), "{error}");
        assert_eq!(wanted(&[]).unwrap().len(), ROWS.len());
    }
}
