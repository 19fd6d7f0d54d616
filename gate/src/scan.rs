//! Runs one gate: the planted defect, then the real tree, and judges both; knows no particular tool.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::NaiveDate;
use harness::clock;

use crate::definition::{Gate, Planted};
use crate::outcome::{Canary, Outcome};
use crate::redaction::artifact_scan;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome};
use crate::shared::Shared;
use crate::verdict;
use crate::waivers::Ledger;

/// Runs it.
pub fn run(gate: &Gate, shared: &Shared<'_>, ledger: &Ledger) -> Outcome {
    let (since, ran_at) = (Instant::now(), clock::now());
    let mut tools = Vec::new();
    let planted = gate.planted.as_ref().map(|planted| {
        let ctx = ctx(gate, shared, Some(planted));
        scanned(ctx, &mut tools, |ctx| {
            (planted.prepare)(ctx)?;
            (gate.scan)(ctx)
        })
    });
    let expects = gate
        .planted
        .as_ref()
        .map(|planted| (planted.expects)(&shared.config))
        .unwrap_or_default();
    let canary = verdict::canary(planted.as_ref(), &expects);
    let mut outcome = scanned(ctx(gate, shared, None), &mut tools, gate.scan);
    if let Ok(seen) = &mut outcome {
        ledger.mark(&mut seen.findings, today(shared));
    }
    let judged = verdict::judge(&outcome, &canary);
    let fatal = shared
        .options
        .profile
        .is_fatal(judged.verdict, judged.lack, gate.required_from);
    let seen = outcome.unwrap_or_default();
    Outcome {
        id: gate.id.to_owned(),
        title: gate.title.to_owned(),
        verdict: judged.verdict,
        reason: shared.redactor().clean(&judged.reason),
        canary,
        lack: judged.lack,
        fatal,
        tools,
        work: seen.work,
        databases: seen.databases,
        findings: seen.findings,
        figures: seen.figures,
        tests: seen.tests,
        files: seen.files.iter().map(|file| file.display().to_string()).collect(),
        limits: seen.limits,
        ran_at: ran_at.to_rfc3339(),
        seconds: since.elapsed().as_secs_f64(),
    }
}

/// A gate that never looked.
pub fn not_run(gate: &Gate, shared: &Shared<'_>, error: &ScanError, earlier: bool) -> Outcome {
    let judged = verdict::judge(&Err(error.clone()), &Canary::None);
    let lack = if earlier {
        Some(crate::outcome::MissingReason::Earlier)
    } else {
        judged.lack
    };
    Outcome {
        id: gate.id.to_owned(),
        title: gate.title.to_owned(),
        verdict: judged.verdict,
        reason: judged.reason,
        canary: Canary::None,
        lack,
        fatal: shared
            .options
            .profile
            .is_fatal(judged.verdict, lack, gate.required_from),
        tools: Vec::new(),
        work: Vec::new(),
        databases: Vec::new(),
        findings: Vec::new(),
        figures: Vec::new(),
        tests: Vec::new(),
        files: Vec::new(),
        limits: Vec::new(),
        ran_at: clock::now().to_rfc3339(),
        seconds: 0.0,
    }
}

/// Where a gate writes: below the build's folder, so that it can be read afterwards.
pub fn folder(shared: &Shared<'_>, id: &str) -> PathBuf {
    shared.context.settings.target.join("xtask").join("gate").join(id)
}

fn today(shared: &Shared<'_>) -> NaiveDate {
    shared.began.date_naive()
}

fn scanned(
    ctx: Result<ScanContext<'_>, ScanError>,
    tools: &mut Vec<crate::outcome::Identity>,
    outcome: impl FnOnce(&ScanContext<'_>) -> ScanOutcome,
) -> ScanOutcome {
    let ctx = ctx?;
    let outcome = outcome(&ctx);
    let clean = artifact_scan::holds_no_secret(&ctx.folder, &ctx.shared.redactor());
    for identity in ctx.used.into_inner() {
        if !tools.contains(&identity) {
            tools.push(identity);
        }
    }
    clean.and(outcome)
}

fn ctx<'a>(
    gate: &Gate,
    shared: &'a Shared<'a>,
    planted: Option<&Planted>,
) -> Result<ScanContext<'a>, ScanError> {
    let name = if planted.is_some() { "canary" } else { "real" };
    let folder = folder(shared, gate.id).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)
        .map_err(|error| ScanError::ToolFailed(format!("cannot create {}: {error}", folder.display())))?;
    let (subject, files) = match planted {
        None => (
            shared.snapshot.tree(),
            shared.snapshot.paths().map(str::to_owned).collect(),
        ),
        Some(planted) => {
            let from = shared
                .context
                .settings
                .root
                .join(&shared.config.canaries)
                .join(planted.folder);
            let to = shared.scratch.join("canaries").join(gate.id);
            let mut files = Vec::new();
            copy(&from, &to, "", &mut files)?;
            files.sort();
            (to, files)
        }
    };
    Ok(ScanContext {
        shared,
        subject,
        files,
        folder,
        timeout: gate.timeout,
        planted: planted.is_some(),
        used: RefCell::default(),
    })
}

fn copy(from: &Path, to: &Path, below: &str, files: &mut Vec<String>) -> Result<(), ScanError> {
    fs::create_dir_all(to)?;
    let entries = fs::read_dir(from).map_err(|error| {
        ScanError::ToolFailed(format!("no planted defect in {}: {error}", from.display()))
    })?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(&name), &format!("{below}{name}/"), files)?;
        } else {
            fs::copy(entry.path(), to.join(&name))?;
            files.push(format!("{below}{name}"));
        }
    }
    Ok(())
}
