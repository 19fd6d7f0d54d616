//! The gate: checks of a source tree, each with a planted defect that it must find, and one report.

/// Planted defects.
mod canaries;

/// `cargo xtask ci`
pub mod ci;

/// `cargo xtask commits`
pub mod commits;

/// What the gate must know of the repository.
mod config;

/// Scans of a running service.
mod dast;

/// What a gate is.
mod definition;

/// Runs a plan.
mod engine;

/// What tools inherit.
mod env_allowlist;

/// Which kind a file is.
mod file_kinds;

/// One defect.
mod finding;

/// The table of gates.
mod gates;

/// One run at a time.
mod lock;

/// What came of a gate.
pub mod outcome;

/// Who runs the gate.
pub mod profile;

/// Takes secrets out.
mod redaction;

/// `cargo xtask release`
pub mod release;

/// The report.
pub mod report;

/// Reads SARIF.
mod sarif;

/// Runs one gate.
mod scan;

/// What a scan is given.
mod scan_context;

/// What a scan comes to.
mod scan_result;

/// Which step may start.
mod scheduler;

/// What all gates of a run share.
mod shared;

/// The tree, copied aside.
mod snapshot;

/// From a scan to a verdict.
mod verdict;

/// Verdicts over the very same inputs.
mod verdict_cache;

/// Accepted findings.
pub mod waivers;

/// Tools that lie, hang and break.
#[cfg(test)]
mod fault_injection;
