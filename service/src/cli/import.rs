//! `portcullis import FILE`: progress and invalid rows on stderr, the outcome on stdout.

use super::exit::{check_credentials, fail, note, print};
use crate::config::Settings;
use crate::domain::batches::outcome::{ImportError, Progress, StoreOutcome};
use crate::domain::batches::{check_only, import};
use crate::domain::data_version::await_announcement;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often progress is reported.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// Imports the file.
pub fn run(settings: &Settings, file: &Path) -> ExitCode {
    if let Err(code) = check_credentials(&settings.database.ingest) {
        return code;
    }
    let started = Instant::now();
    let mut last_report = started;
    let mut report = |progress: Progress| {
        if last_report.elapsed() >= PROGRESS_INTERVAL || progress == Progress::Committing {
            last_report = Instant::now();
            note(&line(progress));
        }
    };
    let imported = import(&settings.database, file, &mut report);
    if imported.is_ok() {
        // Also of a file that was imported before, perhaps just now.
        await_announcement();
    }
    match imported {
        Ok(done) if done.stored == StoreOutcome::AlreadyStored => {
            let batch = done.batch;
            print(&format!(
                "nothing to do: this file was imported before, as batch {batch}\n"
            ))
        }
        Ok(done) => {
            let seconds = started.elapsed().as_secs_f64();
            let (regions, ports, prices, batch) = (done.regions, done.ports, done.prices, done.batch);
            print(&format!(
                "imported {prices} prices, {ports} ports, {regions} regions in {seconds:.1} s as batch {batch}\n"
            ))
        }
        Err(error) => report_error(file, &error),
    }
}

/// Validates the file without storing it.
pub fn check(file: &Path) -> ExitCode {
    match check_only(file, &mut |_| {}) {
        Ok(checked) => {
            let (regions, ports, prices) = (checked.regions.len(), checked.ports.len(), checked.prices);
            print(&format!(
                "{prices} prices, {ports} ports, {regions} regions: valid\n"
            ))
        }
        Err(error) => report_error(file, &error),
    }
}

fn report_error(file: &Path, error: &ImportError) -> ExitCode {
    let ImportError::BadRows(errors, count) = error else {
        return fail(1, &format!("{}: {error}; nothing was stored", file.display()));
    };
    let rows = if *count == 1 { "row" } else { "rows" };
    for error in errors {
        note(&format!("{}: {error}", file.display()));
    }
    let more = count - errors.len() as u64;
    let more = if more > 0 {
        format!(" ({more} more are not shown)")
    } else {
        String::new()
    };
    fail(1, &format!("{count} invalid {rows}{more}; nothing was stored"))
}

fn line(progress: Progress) -> String {
    match progress {
        Progress::Checked(rows) => format!("checked {rows} prices"),
        Progress::Stored(rows, total) => format!("sent {rows} of {total} prices"),
        Progress::Committing => "aggregating and committing".to_owned(),
    }
}
