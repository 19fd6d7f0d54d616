//! `cargo xtask ci`: runs every gate and writes one report of what ran, what did not run, and what was found.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use chrono::NaiveDate;
use harness::clock;
use harness::context::Context;
use harness::exit::Exit;
use harness::output::{print, seconds};
use harness::worktree::{self, Revision};

use crate::config::Config;
use crate::definition::Gate;
use crate::gates::GATES;
use crate::outcome::{Outcome, Verdict};
use crate::profile::GateProfile;
use crate::report::ReportWriter;
use crate::report::model::{self, Report};
use crate::run_state::{RunOptions, RunState};
use crate::snapshot::Snapshot;
use crate::waivers::{Ledger, warnings as waiver_warnings};
use crate::{engine, lock, verdict_cache};

/// Options of `cargo xtask ci`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Only these gates, for example `fmt,clippy`
    #[arg(long, value_delimiter = ',', value_name = "GATE")]
    only: Vec<String>,
    /// List the gates and run none
    #[arg(long)]
    list: bool,
    /// Where the gates run, which decides which gates must run
    #[arg(long, value_enum, default_value_t = GateProfile::Local)]
    profile: GateProfile,
    /// A clone or bundle of RustSec's advisory database [default: fetched]
    #[arg(long, value_name = "PATH")]
    advisory_db: Option<PathBuf>,
    /// Install and fetch nothing
    #[arg(long)]
    offline: bool,
}

/// Writes the report to `target/report/`.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let (wanted, left_out) = wanted(&options.only)?;
    if options.list {
        for gate in &wanted {
            print(&format!("{:<22} {}", gate.id, gate.title));
        }
        return Ok(());
    }
    let _one_at_a_time = lock::take(context)?;
    let (start, began) = (Instant::now(), clock::now());
    let ledger = Ledger::read(&context.settings.root)?;
    // Only this user may read it. The snapshot removes it.
    let scratch = tempfile::Builder::new().prefix("xtask-gate-").tempdir()?.keep();
    let advisory_db = options.advisory_db.as_ref();
    let advisory_db = advisory_db.or(context.settings.advisory_db.as_ref());
    let run_options = RunOptions {
        profile: options.profile,
        advisory_db: advisory_db.map(std::path::absolute).transpose()?,
        offline: options.offline,
    };
    let config = Config::read(&context.settings.root)?;
    let revision = worktree::revision(context)?;
    let snapshot = Snapshot::take(context, &config.canaries, &scratch)?;
    let run_state = RunState::new(context, run_options, config, snapshot, scratch, began);
    let slots = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    let gates = engine::run(&wanted, &run_state, &ledger, slots);
    let mut warnings = warnings(&ledger, &gates, began.date_naive());
    let mut verdict = Report::verdict_of(&gates);
    let changed = changed(&run_state, &revision)?;
    if !changed.is_empty() {
        verdict = Verdict::Fail;
        for gate in &wanted {
            verdict_cache::discard(gate, &run_state);
        }
        let changed = changed.join(", ");
        warnings.insert(0, format!("the tree changed while the gates ran: {changed}"));
    }
    let report = Report {
        schema: model::SCHEMA.to_owned(),
        verdict,
        commit: revision.commit,
        changed: revision.changed,
        profile: options.profile,
        began: began.to_rfc3339(),
        seconds: start.elapsed().as_secs_f64(),
        left_out,
        warnings,
        gates,
        waivers: ledger.waivers,
    };
    let writer = ReportWriter {
        settings: &context.settings,
        config: &run_state.config,
        redactor: run_state.redactor(),
        scratch: Some(&run_state.scratch),
        files: context.settings.root.clone(),
    };
    let folder = writer.publish(report.clone())?;
    summarise(&report);
    let not_run = report.gates.iter().filter(|gate| gate.verdict == Verdict::NotRun);
    let not_run = match not_run.count() {
        0 => String::new(),
        count => format!(" ({count} not run)"),
    };
    print(&format!(
        "ci: {}{not_run}, {}, {}",
        report.verdict,
        seconds(start.elapsed()),
        folder.join("index.html").display()
    ));
    context.stop.check()?;
    match report.verdict {
        Verdict::Pass => Ok(()),
        _ => Err(Exit::AlreadyReported.into()),
    }
}

fn summarise(report: &Report) {
    print("");
    for gate in &report.gates {
        let mark = if gate.fatal { "!" } else { " " };
        print(&format!(
            "{mark} {:<10} {:<22} {}",
            gate.verdict, gate.id, gate.reason
        ));
    }
    for line in &report.warnings {
        print(&format!("  {line}"));
    }
    if !report.left_out.is_empty() {
        print(&format!("  left out: {}", report.left_out.join(", ")));
    }
}

fn warnings(ledger: &Ledger, gates: &[Outcome], today: NaiveDate) -> Vec<String> {
    let mut lines = waiver_warnings::ending(ledger, today);
    lines.extend(waiver_warnings::unused(ledger, GATES, gates, today));
    lines
}

/// The gates to run, and the names of the others.
fn wanted(only: &[String]) -> Result<(Vec<&'static Gate>, Vec<String>)> {
    let known: Vec<&str> = GATES.iter().map(|gate| gate.id).collect();
    if let Some(unknown) = only.iter().find(|id| !known.contains(&id.as_str())) {
        bail!("no gate {unknown:?}; there are {}", known.join(", "));
    }
    let (wanted, others): (Vec<&Gate>, Vec<&Gate>) = GATES
        .iter()
        .copied()
        .partition(|gate| only.is_empty() || only.iter().any(|id| id == gate.id));
    Ok((wanted, others.iter().map(|gate| gate.id.to_owned()).collect()))
}

/// What has changed since the start: the verdicts are then of no one tree.
fn changed(run_state: &RunState<'_>, before: &Revision) -> Result<Vec<String>> {
    let mut changed = run_state.snapshot.changed(run_state.context)?;
    if worktree::revision(run_state.context)?.commit != before.commit {
        changed.push("the commit".to_owned());
    }
    Ok(changed)
}
