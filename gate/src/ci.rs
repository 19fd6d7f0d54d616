//! `cargo xtask ci`: every check of the tree in one run, with proof that each can see, and one report that says what ran
//! and what did not.

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
use crate::shared::{RunOptions, Shared};
use crate::snapshot::Snapshot;
use crate::waivers::{Ledger, parse, warnings as waiver_warnings};
use crate::{engine, lock, snapshot, verdict_cache};

/// Options of `cargo xtask ci`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Only these gates, for example `fmt,clippy`
    #[arg(long, value_delimiter = ',', value_name = "GATE")]
    only: Vec<String>,
    /// Lists the gates and runs none
    #[arg(long)]
    list: bool,
    /// Who runs it: says which "not run" fails
    #[arg(long, value_enum, default_value_t = GateProfile::Local)]
    profile: GateProfile,
    /// A clone or bundle of RustSec's advisory database [default: fetched]
    #[arg(long, value_name = "PATH")]
    advisory_db: Option<PathBuf>,
    /// Installs and fetches nothing
    #[arg(long)]
    offline: bool,
}

/// Runs it and writes `target/report/`.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let (wanted, left_out) = wanted(&options.only)?;
    if options.list {
        for gate in &wanted {
            print(&format!("{:<22} {}", gate.id, gate.title));
        }
        return Ok(());
    }
    let _one_at_a_time = lock::take(context)?;
    let (since, began) = (Instant::now(), clock::now());
    let ledger = parse::read(&context.settings.root)?;
    let scratch = snapshot::scratch()?;
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
    let shared = Shared::new(context, run_options, config, snapshot, scratch, began);
    let slots = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    let gates = engine::run(&wanted, &shared, &ledger, slots);
    let mut warnings = warnings(&ledger, &gates, began.date_naive());
    let mut verdict = Report::verdict_of(&gates);
    let moved = moved(&shared, &revision)?;
    if !moved.is_empty() {
        verdict = Verdict::Fail;
        wanted
            .iter()
            .for_each(|gate| verdict_cache::discard(gate, &shared));
        warnings.insert(
            0,
            format!(
                "the tree changed while the gates looked at it: {}",
                moved.join(", ")
            ),
        );
    }
    let report = Report {
        schema: model::SCHEMA.to_owned(),
        verdict,
        commit: revision.commit,
        changed: revision.changed,
        profile: options.profile,
        began: began.to_rfc3339(),
        seconds: since.elapsed().as_secs_f64(),
        left_out,
        warnings,
        gates,
        waivers: ledger.waiver,
    };
    let writer = ReportWriter {
        settings: &context.settings,
        config: &shared.config,
        redactor: shared.redactor(),
        scratch: Some(&shared.scratch),
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
        seconds(since.elapsed()),
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
    report
        .warnings
        .iter()
        .for_each(|line| print(&format!("  {line}")));
    if !report.left_out.is_empty() {
        print(&format!("  left out: {}", report.left_out.join(", ")));
    }
}

fn warnings(ledger: &Ledger, gates: &[Outcome], today: NaiveDate) -> Vec<String> {
    let mut lines = waiver_warnings::ending(ledger, today);
    lines.extend(waiver_warnings::unused(ledger, GATES, gates, today));
    lines
}

/// The gates to run, and the names of those left out.
fn wanted(only: &[String]) -> Result<(Vec<&'static Gate>, Vec<String>)> {
    let all = GATES;
    let unknown = only
        .iter()
        .find(|id| !all.iter().any(|gate| gate.id == id.as_str()));
    if let Some(unknown) = unknown {
        let known: Vec<&str> = all.iter().map(|gate| gate.id).collect();
        bail!("no gate {unknown:?}; there are {}", known.join(", "));
    }
    let is_wanted = |gate: &&&Gate| only.is_empty() || only.iter().any(|id| id == gate.id);
    let left_out = all.iter().filter(|gate| !is_wanted(gate));
    let left_out = left_out.map(|gate| gate.id.to_owned()).collect();
    Ok((all.iter().filter(is_wanted).copied().collect(), left_out))
}

/// What is not as it was when the run began: the verdicts are then of neither tree.
fn moved(shared: &Shared<'_>, before: &Revision) -> Result<Vec<String>> {
    let mut moved = shared.snapshot.moved(shared.context)?;
    if worktree::revision(shared.context)?.commit != before.commit {
        moved.push("the commit".to_owned());
    }
    Ok(moved)
}
