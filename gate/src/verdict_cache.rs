//! Takes a verdict over from an earlier run when everything that it depends on is the same: files, planted defect, ledger,
//! tools, databases, this program, and the day. Only good verdicts are, and never for a release.

use std::fs;
use std::sync::OnceLock;

use harness::checksum;
use harness::process::command::Command;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config;
use crate::definition::Gate;
use crate::outcome::{Outcome, Verdict};
use crate::profile::GateProfile;
use crate::scan::folder;
use crate::shared::Shared;
use crate::waivers;

#[derive(Serialize, Deserialize)]
struct CachedVerdict {
    key: String,
    outcome: Outcome,
}

/// What the verdict depends on; `None`: that is not known before it runs.
pub fn key(gate: &Gate, shared: &Shared<'_>) -> Option<String> {
    if shared.options.profile == GateProfile::Release {
        return None;
    }
    let canary = gate
        .planted
        .as_ref()
        .map(|planted| format!("{}{}/", shared.config.canaries, planted.folder));
    let matters = |path: &str| {
        (gate.inputs)(&shared.config, path)
            || path == waivers::FILE
            || path == config::FILE
            || canary
                .as_ref()
                .is_some_and(|canary| path.starts_with(canary.as_str()))
    };
    let mut digest = Sha256::new();
    digest.update(own_program()?);
    digest.update(shared.compiler.get_or_init(|| compiler(shared)));
    digest.update(gate.id);
    digest.update(shared.snapshot.digest(matters));
    digest.update(shared.began.date_naive().to_string());
    for tool in gate.tools {
        digest.update(shared.program(tool).ok()?.digest);
    }
    digest.update((gate.data)(shared)?);
    Some(checksum::hex(&digest.finalize()))
}

/// The outcome of an earlier run with this key.
pub fn find(gate: &Gate, shared: &Shared<'_>, key: &str) -> Option<Outcome> {
    let text = fs::read_to_string(folder(shared, gate.id).join("verdict.json")).ok()?;
    let kept: CachedVerdict = serde_json::from_str(&text).ok()?;
    let files_are_there = kept.outcome.files.iter().all(|file| fs::metadata(file).is_ok());
    (kept.key == key && files_are_there).then_some(kept.outcome)
}

/// Keeps an outcome for later runs, or removes what was kept.
pub fn store(gate: &Gate, shared: &Shared<'_>, key: Option<String>, outcome: &Outcome) {
    discard(gate, shared);
    let file = folder(shared, gate.id).join("verdict.json");
    let good = matches!(outcome.verdict, Verdict::Pass | Verdict::Waived);
    if let Some(key) = key.filter(|_| good) {
        let kept = CachedVerdict {
            key,
            outcome: outcome.clone(),
        };
        // Without it the next run looks again.
        let _looks_again = serde_json::to_string(&kept).map(|text| fs::write(&file, text));
    }
}

/// Nothing of this run is taken over.
pub fn discard(gate: &Gate, shared: &Shared<'_>) {
    let _none_there = fs::remove_file(folder(shared, gate.id).join("verdict.json"));
}

/// Which compiler and which formatter there are. Neither is in the table of tools: they come with Rust.
fn compiler(shared: &Shared<'_>) -> String {
    let command = Command::new(shared.context, "rustc").args(["--version", "--verbose"]);
    let told = command.capture().map(|told| told.stdout).unwrap_or_default();
    let formatter = shared.context.settings.find_program("rustfmt");
    let formatter = formatter.and_then(|file| checksum::of_file(&file).ok());
    told + &formatter.unwrap_or_default()
}

/// The settings of a scan are code of this program. It does not change while it runs.
fn own_program() -> Option<[u8; 32]> {
    static DIGEST: OnceLock<Option<[u8; 32]>> = OnceLock::new();
    *DIGEST.get_or_init(|| {
        let bytes = fs::read(std::env::current_exe().ok()?).ok()?;
        Some(Sha256::digest(bytes).into())
    })
}
