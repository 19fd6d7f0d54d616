//! `cargo xtask ci`: every check of the tree in one run, with proof that each can see, and one report that says what ran
//! and what did not.

/// One defect.
mod finding;

/// What a tool saw.
mod seen;

/// What came of a gate.
pub mod outcome;

/// Who runs it.
pub mod profile;

/// Planted defects.
mod canaries;

/// `cargo xtask commits`
pub mod commits;

/// `cargo xtask release`
pub mod release;

/// From what was seen to a verdict.
mod judge;

/// Which step may start.
mod machine;

/// What tokens look like.
mod shapes;

/// Takes secrets out.
mod redact;

/// No secret in what is kept.
mod kept;

/// The tree, copied aside.
mod snapshot;

/// What is accepted, and until when.
pub mod waivers;

/// RustSec's advisory database.
mod advisories;

/// What all gates of a run share.
mod shared;

/// Brings the advisory database.
mod rustsec;

/// What tools inherit.
mod inherited;

/// One look of one gate.
mod job;

/// A row of the table.
mod row;

/// Which kind a file is.
mod kinds;

/// What tools write in SARIF.
mod sarif;

/// How Terraform is called.
mod terraform;

/// How trivy is called.
mod trivy;

/// What trivy says.
mod trivy_report;

/// Secrets to plant.
mod planted_secrets;

/// Runs one gate.
mod look;

/// Verdicts over the very same inputs.
mod fresh;

/// Runs a plan.
mod engine;

/// A running service to look at.
mod dynamic;

/// The table of gates.
mod rows;

/// One run at a time.
mod lock;

/// The report.
pub mod report;

/// Tools that lie, hang and break.
#[cfg(test)]
mod faults;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use chrono::NaiveDate;
use harness::clock;
use harness::context::Context;
use harness::exit::Exit;
use harness::output::{say, seconds};
use harness::worktree::{self, Revision};

use outcome::{Outcome, Verdict};
use profile::Profile;
use report::Press;
use report::model::{self, Report};
use row::Gate;
use shared::{Asked, Shared};
use snapshot::Snapshot;
use waivers::{Ledger, told};

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
    #[arg(long, value_enum, default_value_t = Profile::Local)]
    profile: Profile,
    /// A clone or bundle of RustSec's advisory database [default: fetched]
    #[arg(long, value_name = "PATH")]
    advisory_db: Option<PathBuf>,
    /// Installs and fetches nothing
    #[arg(long)]
    offline: bool,
}

/// Runs it and writes `target/report/`.
///
/// # Errors
/// When a gate fails that this profile insists on, or somebody stops it.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let (wanted, left_out) = wanted(&options.only)?;
    if options.list {
        for gate in &wanted {
            say(&format!("{:<22} {}", gate.id, gate.title));
        }
        return Ok(());
    }
    let _one_at_a_time = lock::take(context)?;
    let (since, began) = (Instant::now(), clock::now());
    let ledger = waivers::parse::read(&context.settings.root)?;
    let scratch = snapshot::scratch()?;
    let advisory_db = options.advisory_db.as_ref();
    let advisory_db = advisory_db.or(context.settings.advisory_db.as_ref());
    let asked = Asked {
        profile: options.profile,
        advisory_db: advisory_db.map(std::path::absolute).transpose()?,
        offline: options.offline,
    };
    let revision = worktree::revision(context)?;
    let snapshot = Snapshot::take(context, &scratch)?;
    let shared = Shared::new(context, asked, snapshot, scratch, began);
    let slots = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    let gates = engine::run(&wanted, &shared, &ledger, slots);
    let mut warnings = warnings(&ledger, &gates, began.date_naive());
    let mut verdict = Report::verdict_of(&gates);
    let moved = moved(&shared, &revision)?;
    if !moved.is_empty() {
        verdict = Verdict::Fail;
        wanted.iter().for_each(|gate| fresh::forget(gate, &shared));
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
    let press = Press {
        settings: &context.settings,
        redactor: shared.redactor(),
        scratch: Some(&shared.scratch),
        files: context.settings.root.clone(),
    };
    let folder = press.publish(report.clone())?;
    summarise(&report);
    let not_run = report.gates.iter().filter(|gate| gate.verdict == Verdict::NotRun);
    let not_run = match not_run.count() {
        0 => String::new(),
        count => format!(" ({count} not run)"),
    };
    say(&format!(
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
    say("");
    for gate in &report.gates {
        let mark = if gate.fatal { "!" } else { " " };
        say(&format!(
            "{mark} {:<10} {:<22} {}",
            gate.verdict, gate.id, gate.reason
        ));
    }
    report.warnings.iter().for_each(|line| say(&format!("  {line}")));
    if !report.left_out.is_empty() {
        say(&format!("  left out: {}", report.left_out.join(", ")));
    }
}

fn warnings(ledger: &Ledger, gates: &[Outcome], today: NaiveDate) -> Vec<String> {
    let mut lines = told::ending(ledger, today);
    lines.extend(told::unused(ledger, rows::GATES, gates, today));
    lines
}

/// The gates to run, and the names of those left out.
fn wanted(only: &[String]) -> Result<(Vec<&'static Gate>, Vec<String>)> {
    let all = rows::GATES;
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

/// Every gate there is.
pub fn ids() -> impl Iterator<Item = &'static str> {
    rows::GATES.iter().map(|gate| gate.id)
}
