//! Gives a planted crate what ours have: the workspace's lints, clippy's settings, the toolchain.

use std::fs;

use toml::{Table, Value};

use crate::scan_context::Job;
use crate::scan_result::Trouble;

/// Writes its manifest with the workspace's lints, and copies `clippy.toml` and `rust-toolchain.toml` beside it.
///
/// # Errors
/// `Broke` when our own are not as they should be.
pub fn with_our_lints(job: &Job<'_>) -> Result<(), Trouble> {
    let tree = job.shared.snapshot.tree();
    let ours: Table = toml::from_str(&fs::read_to_string(tree.join("Cargo.toml"))?)
        .map_err(|error| Trouble::Broke(format!("Cargo.toml: {error}")))?;
    let lints = ours
        .get("workspace")
        .and_then(|workspace| workspace.get("lints"))
        .ok_or_else(|| Trouble::Broke("Cargo.toml has no workspace.lints".to_owned()))?;
    let mut manifest = Table::new();
    let package = [
        ("name", "planted"),
        ("version", "0.0.0"),
        ("edition", "2024"),
        ("description", "wrong on purpose"),
    ];
    manifest.insert("package".to_owned(), table(package.map(string)));
    manifest.insert(
        "lints".to_owned(),
        table([("workspace".to_owned(), Value::Boolean(true))]),
    );
    manifest.insert(
        "workspace".to_owned(),
        table([("lints".to_owned(), lints.clone())]),
    );
    let text = toml::to_string(&manifest).map_err(|error| Trouble::Broke(error.to_string()))?;
    fs::write(job.subject.join("Cargo.toml"), text)?;
    for file in ["clippy.toml", "rust-toolchain.toml"] {
        fs::copy(tree.join(file), job.subject.join(file))
            .map_err(|error| Trouble::Broke(format!("{file}: {error}")))?;
    }
    Ok(())
}

fn string((name, value): (&str, &str)) -> (String, Value) {
    (name.to_owned(), Value::String(value.to_owned()))
}

fn table<const N: usize>(entries: [(String, Value); N]) -> Value {
    Value::Table(entries.into_iter().collect())
}
