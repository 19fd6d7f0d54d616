//! Gives a planted crate what ours have: the workspace's lints, clippy's settings, the toolchain.

use std::fs;

use toml::{Table, Value};

use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// Writes its manifest with the workspace's lints, and copies `clippy.toml` and `rust-toolchain.toml` beside it.
///
/// # Errors
/// `ToolFailed` when our own are not as they should be.
pub fn with_our_lints(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    let tree = ctx.shared.snapshot.tree();
    let ours: Table = toml::from_str(&fs::read_to_string(tree.join("Cargo.toml"))?)
        .map_err(|error| ScanError::ToolFailed(format!("Cargo.toml: {error}")))?;
    let lints = ours
        .get("workspace")
        .and_then(|workspace| workspace.get("lints"))
        .ok_or_else(|| ScanError::ToolFailed("Cargo.toml has no workspace.lints".to_owned()))?;
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
    let text = toml::to_string(&manifest).map_err(|error| ScanError::ToolFailed(error.to_string()))?;
    fs::write(ctx.subject.join("Cargo.toml"), text)?;
    for file in ["clippy.toml", "rust-toolchain.toml"] {
        fs::copy(tree.join(file), ctx.subject.join(file))
            .map_err(|error| ScanError::ToolFailed(format!("{file}: {error}")))?;
    }
    Ok(())
}

fn string((name, value): (&str, &str)) -> (String, Value) {
    (name.to_owned(), Value::String(value.to_owned()))
}

fn table<const N: usize>(entries: [(String, Value); N]) -> Value {
    Value::Table(entries.into_iter().collect())
}
