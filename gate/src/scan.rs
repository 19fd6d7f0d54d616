//! Runs one gate: scans the canary, then the tree, and judges both. Knows no particular tool.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use harness::clock;
use walkdir::WalkDir;

use crate::definition::Gate;
use crate::outcome::{Canary, Identity, MissingReason, Outcome};
use crate::redaction::artifact_scan;
use crate::run_state::RunState;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome};
use crate::verdict;
use crate::waivers::Ledger;

pub fn run(gate: &Gate, run_state: &RunState<'_>, ledger: &Ledger) -> Outcome {
    let (start, ran_at) = (Instant::now(), clock::now());
    let mut tools = Vec::new();
    let expected = gate.expected(&run_state.config);
    let canary = if expected.is_empty() {
        Canary::None
    } else {
        let result = scan(gate, run_state, true, &mut tools);
        verdict::canary(&result, &expected)
    };
    let mut result = scan(gate, run_state, false, &mut tools);
    if let Ok(result) = &mut result {
        ledger.mark(&mut result.findings, run_state.began.date_naive());
    }
    Outcome {
        tools,
        ran_at: ran_at.to_rfc3339(),
        seconds: start.elapsed().as_secs_f64(),
        ..outcome(gate, run_state, result, canary)
    }
}

/// The outcome of a gate that was not started. `is_blocked`: because a gate that it builds on did not pass.
pub fn not_run(gate: &Gate, run_state: &RunState<'_>, error: ScanError, is_blocked: bool) -> Outcome {
    let outcome = outcome(gate, run_state, Err(error), Canary::None);
    if !is_blocked {
        return outcome;
    }
    let missing = Some(MissingReason::Earlier);
    let fatal = run_state
        .options
        .profile
        .is_fatal(outcome.verdict, missing, gate.required_from);
    Outcome {
        missing,
        fatal,
        ..outcome
    }
}

fn outcome(gate: &Gate, run_state: &RunState<'_>, result: ScanOutcome, canary: Canary) -> Outcome {
    let judged = verdict::judge(&result, &canary);
    let profile = run_state.options.profile;
    let result = result.unwrap_or_default();
    Outcome {
        id: gate.id.to_owned(),
        title: gate.title.to_owned(),
        verdict: judged.verdict,
        reason: run_state.redactor().clean(&judged.reason),
        canary,
        missing: judged.missing,
        fatal: profile.is_fatal(judged.verdict, judged.missing, gate.required_from),
        tools: Vec::new(),
        work: result.work,
        databases: result.databases,
        findings: result.findings,
        figures: result.figures,
        tests: result.tests,
        files: result
            .files
            .iter()
            .map(|file| file.display().to_string())
            .collect(),
        limits: result.limits,
        ran_at: clock::now().to_rfc3339(),
        seconds: 0.0,
    }
}

/// Where a gate writes: below the build folder, so that its files can be read afterwards.
pub fn folder(run_state: &RunState<'_>, id: &str) -> PathBuf {
    run_state
        .context
        .settings
        .target
        .join("xtask")
        .join("gate")
        .join(id)
}

fn scan(gate: &Gate, run_state: &RunState<'_>, planted: bool, tools: &mut Vec<Identity>) -> ScanOutcome {
    let ctx = context(gate, run_state, planted)?;
    let prepared = if planted { (gate.prepare)(&ctx) } else { Ok(()) };
    let result = prepared.and_then(|()| (gate.scan)(&ctx));
    let clean = artifact_scan::ensure_no_secret(&ctx.folder, &run_state.redactor());
    for identity in ctx.used.into_inner() {
        if !tools.contains(&identity) {
            tools.push(identity);
        }
    }
    clean.and(result)
}

fn context<'a>(
    gate: &Gate,
    run_state: &'a RunState<'a>,
    planted: bool,
) -> Result<ScanContext<'a>, ScanError> {
    let folder = folder(run_state, gate.id).join(if planted { "canary" } else { "real" });
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)
        .map_err(|error| ScanError::ToolFailed(format!("cannot create {}: {error}", folder.display())))?;
    let (subject, files) = if planted {
        let canaries = run_state.context.settings.root.join(&run_state.config.canaries);
        let copied = run_state.scratch.join("canaries").join(gate.id);
        let files = copy(&canaries.join(gate.canary_folder()), &copied)?;
        (copied, files)
    } else {
        let files = run_state.snapshot.paths().map(str::to_owned);
        (run_state.snapshot.tree(), files.collect())
    };
    Ok(ScanContext {
        run_state,
        subject,
        files,
        folder,
        timeout: gate.timeout,
        planted,
        used: RefCell::default(),
    })
}

/// Copies a canary; returns its files, sorted.
fn copy(from: &Path, to: &Path) -> Result<Vec<String>, ScanError> {
    let mut files = Vec::new();
    for entry in WalkDir::new(from).sort_by_file_name() {
        let entry = entry.map_err(|error| ScanError::ToolFailed(format!("no canary: {error}")))?;
        let path = entry.path().strip_prefix(from).unwrap_or(entry.path());
        if entry.file_type().is_dir() {
            fs::create_dir_all(to.join(path))?;
        } else {
            fs::copy(entry.path(), to.join(path))?;
            files.push(path.display().to_string());
        }
    }
    files.sort();
    Ok(files)
}
