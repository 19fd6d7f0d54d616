//! Reuses the verdict of an earlier run if nothing that it depends on has changed: files, canary, ledger, tools, databases,
//! this program, the day. Only good verdicts are stored, and a release uses none.

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

const FILE: &str = "verdict.json";

#[derive(Serialize, Deserialize)]
struct CachedVerdict {
    key: String,
    outcome: Outcome,
}

/// A digest of everything that the verdict depends on; `None`: unknown before the scan.
pub fn key(gate: &Gate, shared: &Shared<'_>) -> Option<String> {
    if shared.options.profile == GateProfile::Release {
        return None;
    }
    let canary = format!("{}{}/", shared.config.canaries, gate.canary_folder());
    let is_input = |path: &str| {
        (gate.inputs)(&shared.config, path)
            || [waivers::FILE, config::FILE].contains(&path)
            || path.starts_with(&canary)
    };
    let mut digest = Sha256::new();
    digest.update(own_program()?);
    digest.update(shared.compiler.get_or_init(|| compiler(shared)));
    digest.update(gate.id);
    digest.update(shared.snapshot.digest(is_input));
    digest.update(shared.began.date_naive().to_string());
    for tool in gate.tools {
        digest.update(shared.program(tool).ok()?.digest);
    }
    digest.update((gate.data)(shared)?);
    Some(checksum::hex(&digest.finalize()))
}

/// The outcome of an earlier run with this key.
pub fn find(gate: &Gate, shared: &Shared<'_>, key: &str) -> Option<Outcome> {
    let text = fs::read_to_string(folder(shared, gate.id).join(FILE)).ok()?;
    let cached: CachedVerdict = serde_json::from_str(&text).ok()?;
    let mut files = cached.outcome.files.iter();
    (cached.key == key && files.all(|file| fs::metadata(file).is_ok())).then_some(cached.outcome)
}

/// Replaces the stored outcome, or only removes it when the new one is not good.
pub fn store(gate: &Gate, shared: &Shared<'_>, key: Option<String>, outcome: &Outcome) {
    discard(gate, shared);
    let good = matches!(outcome.verdict, Verdict::Pass | Verdict::Waived);
    if let Some(key) = key.filter(|_| good) {
        let outcome = outcome.clone();
        // If this fails, the next run scans again.
        let _best_effort = serde_json::to_string(&CachedVerdict { key, outcome })
            .map(|text| fs::write(folder(shared, gate.id).join(FILE), text));
    }
}

pub fn discard(gate: &Gate, shared: &Shared<'_>) {
    let _may_be_absent = fs::remove_file(folder(shared, gate.id).join(FILE));
}

/// The compiler's version and the formatter's digest. The table of tools has neither: they are part of Rust.
fn compiler(shared: &Shared<'_>) -> String {
    let command = Command::new(shared.context, "rustc").args(["--version", "--verbose"]);
    let version = command.capture().map(|output| output.stdout).unwrap_or_default();
    let formatter = shared.context.settings.find_program("rustfmt");
    let formatter = formatter.and_then(|file| checksum::of_file(&file).ok());
    version + &formatter.unwrap_or_default()
}

/// The settings of the scans are code of this program, which does not change while it runs.
fn own_program() -> Option<[u8; 32]> {
    static DIGEST: OnceLock<Option<[u8; 32]>> = OnceLock::new();
    *DIGEST.get_or_init(|| {
        let bytes = fs::read(std::env::current_exe().ok()?).ok()?;
        Some(Sha256::digest(bytes).into())
    })
}
