//! Runs one gate: the planted defect, then the real tree, and judges both; knows no particular tool.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::NaiveDate;
use harness::clock;

use crate::canaries::FOLDER as CANARIES;
use crate::definition::{Gate, Planted};
use crate::outcome::{Canary, Outcome};
use crate::redaction::artifact_scan;
use crate::scan_context::Job;
use crate::scan_result::{Look, Trouble};
use crate::shared::Shared;
use crate::verdict;
use crate::waivers::Ledger;

/// Runs it.
#[must_use]
pub fn run(gate: &Gate, shared: &Shared<'_>, ledger: &Ledger) -> Outcome {
    let (since, ran_at) = (Instant::now(), clock::now());
    let mut tools = Vec::new();
    let planted = gate.planted.as_ref().map(|planted| {
        let job = job(gate, shared, Some(planted));
        looked(job, &mut tools, |job| {
            (planted.prepare)(job)?;
            (gate.look)(job)
        })
    });
    let expects = gate.planted.as_ref().map_or(&[][..], |planted| planted.expects);
    let canary = verdict::canary(planted.as_ref(), expects);
    let mut look = looked(job(gate, shared, None), &mut tools, gate.look);
    if let Ok(seen) = &mut look {
        ledger.mark(&mut seen.findings, today(shared));
    }
    let judged = verdict::judge(&look, &canary);
    let fatal = shared
        .asked
        .profile
        .is_fatal(judged.verdict, judged.lack, gate.needed);
    let seen = look.unwrap_or_default();
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
#[must_use]
pub fn not_run(gate: &Gate, shared: &Shared<'_>, trouble: &Trouble, earlier: bool) -> Outcome {
    let judged = verdict::judge(&Err(trouble.clone()), &Canary::None);
    let lack = if earlier {
        Some(crate::outcome::Lack::Earlier)
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
        fatal: shared.asked.profile.is_fatal(judged.verdict, lack, gate.needed),
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
#[must_use]
pub fn folder(shared: &Shared<'_>, id: &str) -> PathBuf {
    shared.context.settings.target.join("xtask").join("gate").join(id)
}

fn today(shared: &Shared<'_>) -> NaiveDate {
    shared.began.date_naive()
}

fn looked(
    job: Result<Job<'_>, Trouble>,
    tools: &mut Vec<crate::outcome::Identity>,
    look: impl FnOnce(&Job<'_>) -> Look,
) -> Look {
    let job = job?;
    let look = look(&job);
    let clean = artifact_scan::holds_no_secret(&job.folder, &job.shared.redactor());
    for identity in job.used.into_inner() {
        if !tools.contains(&identity) {
            tools.push(identity);
        }
    }
    clean.and(look)
}

fn job<'a>(gate: &Gate, shared: &'a Shared<'a>, planted: Option<&Planted>) -> Result<Job<'a>, Trouble> {
    let name = if planted.is_some() { "canary" } else { "real" };
    let folder = folder(shared, gate.id).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)
        .map_err(|error| Trouble::Broke(format!("cannot create {}: {error}", folder.display())))?;
    let (subject, files) = match planted {
        None => (
            shared.snapshot.tree(),
            shared.snapshot.paths().map(str::to_owned).collect(),
        ),
        Some(planted) => {
            let from = shared.context.settings.root.join(CANARIES).join(planted.folder);
            let to = shared.scratch.join("canaries").join(gate.id);
            let mut files = Vec::new();
            copy(&from, &to, "", &mut files)?;
            files.sort();
            (to, files)
        }
    };
    Ok(Job {
        shared,
        subject,
        files,
        folder,
        limit: gate.limit,
        planted: planted.is_some(),
        used: RefCell::default(),
    })
}

fn copy(from: &Path, to: &Path, below: &str, files: &mut Vec<String>) -> Result<(), Trouble> {
    fs::create_dir_all(to)?;
    let entries = fs::read_dir(from)
        .map_err(|error| Trouble::Broke(format!("no planted defect in {}: {error}", from.display())))?;
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
