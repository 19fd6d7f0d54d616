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
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome};
use crate::shared::Shared;
use crate::verdict;
use crate::waivers::Ledger;

pub fn run(gate: &Gate, shared: &Shared<'_>, ledger: &Ledger) -> Outcome {
    let (start, ran_at) = (Instant::now(), clock::now());
    let mut tools = Vec::new();
    let expected = gate.expected(&shared.config);
    let canary = if expected.is_empty() {
        Canary::None
    } else {
        let result = scan(gate, shared, true, &mut tools);
        verdict::canary(&result, &expected)
    };
    let mut result = scan(gate, shared, false, &mut tools);
    if let Ok(result) = &mut result {
        ledger.mark(&mut result.findings, shared.began.date_naive());
    }
    Outcome {
        tools,
        ran_at: ran_at.to_rfc3339(),
        seconds: start.elapsed().as_secs_f64(),
        ..outcome(gate, shared, result, canary)
    }
}

/// The outcome of a gate that was not started. `is_blocked`: because a gate that it builds on did not pass.
pub fn not_run(gate: &Gate, shared: &Shared<'_>, error: ScanError, is_blocked: bool) -> Outcome {
    let outcome = outcome(gate, shared, Err(error), Canary::None);
    if !is_blocked {
        return outcome;
    }
    let lack = Some(MissingReason::Earlier);
    let fatal = shared
        .options
        .profile
        .is_fatal(outcome.verdict, lack, gate.required_from);
    Outcome {
        lack,
        fatal,
        ..outcome
    }
}

fn outcome(gate: &Gate, shared: &Shared<'_>, result: ScanOutcome, canary: Canary) -> Outcome {
    let judged = verdict::judge(&result, &canary);
    let profile = shared.options.profile;
    let result = result.unwrap_or_default();
    Outcome {
        id: gate.id.to_owned(),
        title: gate.title.to_owned(),
        verdict: judged.verdict,
        reason: shared.redactor().clean(&judged.reason),
        canary,
        lack: judged.lack,
        fatal: profile.is_fatal(judged.verdict, judged.lack, gate.required_from),
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
pub fn folder(shared: &Shared<'_>, id: &str) -> PathBuf {
    shared.context.settings.target.join("xtask").join("gate").join(id)
}

fn scan(gate: &Gate, shared: &Shared<'_>, planted: bool, tools: &mut Vec<Identity>) -> ScanOutcome {
    let ctx = context(gate, shared, planted)?;
    let prepared = if planted { (gate.prepare)(&ctx) } else { Ok(()) };
    let result = prepared.and_then(|()| (gate.scan)(&ctx));
    let clean = artifact_scan::ensure_no_secret(&ctx.folder, &shared.redactor());
    for identity in ctx.used.into_inner() {
        if !tools.contains(&identity) {
            tools.push(identity);
        }
    }
    clean.and(result)
}

fn context<'a>(gate: &Gate, shared: &'a Shared<'a>, planted: bool) -> Result<ScanContext<'a>, ScanError> {
    let folder = folder(shared, gate.id).join(if planted { "canary" } else { "real" });
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)
        .map_err(|error| ScanError::ToolFailed(format!("cannot create {}: {error}", folder.display())))?;
    let (subject, files) = if planted {
        let canaries = shared.context.settings.root.join(&shared.config.canaries);
        let copied = shared.scratch.join("canaries").join(gate.id);
        let files = copy(&canaries.join(gate.canary_folder()), &copied)?;
        (copied, files)
    } else {
        let files = shared.snapshot.paths().map(str::to_owned);
        (shared.snapshot.tree(), files.collect())
    };
    Ok(ScanContext {
        shared,
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
