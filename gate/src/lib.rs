//! The gate: checks of a source tree, each with a planted defect that it must find, and one report.

/// Planted defects.
mod canaries;

/// Cargo for gates.
mod cargo;

/// `cargo xtask ci`
pub mod ci;

/// A command of the repository.
mod command_line;

/// `cargo xtask commits`
pub mod commits;

/// What the gate must know about the repository.
mod config;

/// Scans of a running service.
mod dast;

/// The definition of a gate.
mod definition;

/// Runs a plan.
mod engine;

/// Environment variables that tools inherit.
mod env_allowlist;

/// Kinds of files, by path.
mod file_kinds;

/// A defect that a tool found.
mod finding;

/// The table of gates.
mod gates;

/// One run at a time.
mod lock;

/// The outcome of a gate.
mod outcome;

/// Where the gate runs.
mod profile;

/// Redaction of secrets.
mod redaction;

/// `cargo xtask release`
pub mod release;

/// The report.
pub mod report;

/// Reads SARIF.
mod sarif;

/// State that all gates of a run share.
mod run_state;

/// Runs one gate.
mod scan;

/// The input of a scan.
mod scan_context;

/// The result of a scan.
mod scan_result;

/// Order of steps.
mod scheduler;

/// A copy of the tree.
mod snapshot;

/// From a scan to a verdict.
mod verdict;

/// Cached verdicts.
mod verdict_cache;

/// Accepted findings.
pub mod waivers;

/// Test-only: runs of a gate whose tool lies, hangs, crashes or is missing.
#[cfg(test)]
mod fault_injection;

/// Test-only: temporary trees.
#[cfg(test)]
mod test_tree;
