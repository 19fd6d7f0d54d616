//! `cargo xtask bench`: speed and cost as ratios in one run on one machine; decides no goal by itself (see `rows`).

/// Medians and spans.
mod medians;

/// A figure, or why there is none.
mod outcome;

/// Requests of which no two are alike.
mod requests;

/// The load generator, found or fetched.
mod wrk;

/// One run of it.
mod load;

/// Statements as the admin.
mod psql;

/// A stage with so many prices.
mod prices;

/// What the measurements share.
mod lab;

/// The textbook statement by pgbench.
mod textbook;

/// Both sides answer the same.
mod samples;

/// Resident memory.
mod memory;

/// Who logs in.
mod people;

/// Two hundred log-ins in flight.
mod logins;

/// P1, P3.
mod cold;

/// P1-logins, P3-logins.
mod crowded;

/// E17.
mod hashing;

/// P6.
mod growth;

/// P7.
mod start;

/// The table of all rows.
mod rows;

/// Processors, kernel, versions.
mod machine;

/// The table and the JSON.
mod report;

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use harness::context::Context;
use harness::exit::Exit;
use harness::output::{print, seconds};

use lab::Lab;
use machine::Machine;
use report::{Line, Report};
use rows::{ROWS, Row};

/// Options of `cargo xtask bench`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Only these rows, for example `P1,P3`
    #[arg(long, value_delimiter = ',', value_name = "ROW")]
    only: Vec<String>,
    /// Seconds of one round of load
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
}

/// Measures, prints the table, and writes `target/bench/report.json`.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let wanted = wanted(&options.only)?;
    let since = Instant::now();
    let mut machine = Machine::read(context);
    if let Some(warning) = machine.warning() {
        print(&warning);
    }
    let mut lab = Lab::new(context, options.seconds)?;
    let needs: BTreeSet<u64> = wanted.iter().flat_map(|row| row.needs).copied().collect();
    for prices in needs {
        print(&format!("a stage with {prices} prices"));
        lab.prepare(prices)?;
    }
    let mut lines = Vec::new();
    for row in wanted {
        print(&format!("{}: {}", row.id, row.what));
        match (row.measure)(&mut lab) {
            Err(error) if error.is::<Exit>() => return Err(error),
            outcome => lines.push(Line::new(row, outcome)),
        }
    }
    machine.postgresql = lab.postgres_version().unwrap_or_default();
    let file = lab.folder.join("report.json");
    drop(lab);
    let report = Report {
        machine,
        seconds: options.seconds,
        rows: lines,
    };
    report.publish(&file)?;
    print(&format!(
        "bench: {} rows in {}, {}",
        report.rows.len(),
        seconds(since.elapsed()),
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
    let wanted: Vec<&Row> = ROWS
        .iter()
        .filter(|row| only.is_empty() || only.iter().any(|id| row.is_named(id)))
        .collect();
    ensure!(!wanted.is_empty(), "no row to measure");
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_row_is_named_with_those_that_exist() {
        let error = wanted(&["P1".into(), "P99".into()]).err().unwrap().to_string();
        assert!(error.starts_with("no row \"P99\"; there are P1, "), "{error}");
        assert_eq!(wanted(&[]).unwrap().len(), ROWS.len());
    }
}
