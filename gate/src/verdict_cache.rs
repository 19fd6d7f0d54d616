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
use crate::run_state::RunState;
use crate::scan::folder;
use crate::waivers;

const FILE: &str = "verdict.json";

#[derive(Serialize, Deserialize)]
struct CachedVerdict {
    key: String,
    outcome: Outcome,
}

/// A digest of everything that the verdict depends on; `None`: unknown before the scan.
pub fn key(gate: &Gate, run_state: &RunState<'_>) -> Option<String> {
    if run_state.options.profile == GateProfile::Release {
        return None;
    }
    let canary = format!("{}{}/", run_state.config.canaries, gate.canary_folder());
    let is_input = |path: &str| {
        (gate.inputs)(&run_state.config, path)
            || [waivers::FILE, config::FILE].contains(&path)
            || path.starts_with(&canary)
    };
    let mut digest = Sha256::new();
    digest.update(own_program()?);
    digest.update(run_state.compiler.get_or_init(|| compiler(run_state)));
    digest.update(gate.id);
    digest.update(run_state.snapshot.digest(is_input));
    digest.update(run_state.began.date_naive().to_string());
    for tool in gate.tools {
        digest.update(run_state.program(tool).ok()?.digest);
    }
    digest.update((gate.data)(run_state)?);
    Some(checksum::hex(&digest.finalize()))
}

/// The outcome of an earlier run with this key.
pub fn find(gate: &Gate, run_state: &RunState<'_>, key: &str) -> Option<Outcome> {
    let text = fs::read_to_string(folder(run_state, gate.id).join(FILE)).ok()?;
    let cached: CachedVerdict = serde_json::from_str(&text).ok()?;
    let mut files = cached.outcome.files.iter();
    (cached.key == key && files.all(|file| fs::metadata(file).is_ok())).then_some(cached.outcome)
}

/// Replaces the stored outcome, or only removes it when the new one is not good.
pub fn store(gate: &Gate, run_state: &RunState<'_>, key: Option<String>, outcome: &Outcome) {
    discard(gate, run_state);
    let good = matches!(outcome.verdict, Verdict::Pass | Verdict::Waived);
    if let Some(key) = key.filter(|_| good) {
        let outcome = outcome.clone();
        // If this fails, the next run scans again.
        let _best_effort = serde_json::to_string(&CachedVerdict { key, outcome })
            .map(|text| fs::write(folder(run_state, gate.id).join(FILE), text));
    }
}

pub fn discard(gate: &Gate, run_state: &RunState<'_>) {
    let _may_be_absent = fs::remove_file(folder(run_state, gate.id).join(FILE));
}

/// The compiler's version and the formatter's digest. The table of tools has neither: they are part of Rust.
fn compiler(run_state: &RunState<'_>) -> String {
    let command = Command::new(run_state.context, "rustc").args(["--version", "--verbose"]);
    let version = command.capture().map(|output| output.stdout).unwrap_or_default();
    let formatter = run_state.context.settings.find_program("rustfmt");
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
