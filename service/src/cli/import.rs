//! `portcullis import FILE`: progress on stderr, the outcome on stdout, every bad row named.
use super::exit::{check_password, fail, print};
use crate::config::Settings;
use crate::domain::batches::outcome::{ImportError, Progress, Stored};
use crate::domain::batches::{check_only, import};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often progress is told.
const PAUSE: Duration = Duration::from_millis(500);

/// Imports the file.
pub fn run(settings: &Settings, file: &Path) -> ExitCode {
    if let Err(code) = check_password(&settings.database.ingest) {
        return code;
    }
    let begun = Instant::now();
    let mut told = begun;
    let mut tell = |progress: Progress| {
        if told.elapsed() >= PAUSE || progress == Progress::Committing {
            told = Instant::now();
            eprintln!("{}", line(progress));
        }
    };
    match import(&settings.database, file, &mut tell) {
        Ok(done) if done.stored == Stored::Before => print("nothing to do: this file was imported before\n"),
        Ok(done) => {
            let seconds = begun.elapsed().as_secs_f64();
            let (regions, ports, prices) = (done.regions, done.ports, done.prices);
            print(&format!(
                "imported {prices} prices, {ports} ports, {regions} regions in {seconds:.1} s\n"
            ))
        }
        Err(error) => refuse(file, &error),
    }
}

/// Only checks the file.
pub fn check(file: &Path) -> ExitCode {
    match check_only(file, &mut |_| {}) {
        Ok(checked) => {
            let (regions, ports, prices) = (checked.regions.len(), checked.ports.len(), checked.prices);
            print(&format!(
                "{prices} prices, {ports} ports, {regions} regions: nothing is wrong\n"
            ))
        }
        Err(error) => refuse(file, &error),
    }
}

fn refuse(file: &Path, error: &ImportError) -> ExitCode {
    let ImportError::BadRows(faults, count) = error else {
        return fail(1, &format!("{}: {error}; nothing was stored", file.display()));
    };
    for fault in faults {
        eprintln!("{}: {fault}", file.display());
    }
    let more = count - faults.len() as u64;
    let more = if more > 0 {
        format!(" ({more} more are not shown)")
    } else {
        String::new()
    };
    fail(1, &format!("{count} invalid rows{more}; nothing was stored"))
}

fn line(progress: Progress) -> String {
    match progress {
        Progress::Checked(rows) => format!("checked {rows} prices"),
        Progress::Stored(rows, total) => format!("sent {rows} of {total} prices"),
        Progress::Committing => "summing up and committing".to_owned(),
    }
}
