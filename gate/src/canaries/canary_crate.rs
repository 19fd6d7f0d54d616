//! Gives a planted crate the lints, clippy settings and toolchain of the tree.

use std::fs;

use anyhow::Context as _;
use toml::{Table, Value};

use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// The manifest of every planted crate.
const MANIFEST: &str =
    "package = { name = 'planted', version = '0.0.0', edition = '2024', description = 'wrong on purpose' }
lints.workspace = true
workspace = {}
";

/// The lock file of every planted crate: Cargo runs with `--locked`.
const LOCK_FILE: &str = r#"version = 4

[[package]]
name = "planted"
version = "0.0.0"
"#;

/// Writes a lock file and a manifest with the workspace's lints, and copies `clippy.toml` and `rust-toolchain.toml`.
pub fn with_our_lints(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    Ok(write(ctx)?)
}

fn write(ctx: &ScanContext<'_>) -> anyhow::Result<()> {
    let tree = ctx.run_state.snapshot.tree();
    let ours: Table = fs::read_to_string(tree.join("Cargo.toml"))?
        .parse()
        .context("Cargo.toml")?;
    let lints = ours.get("workspace").and_then(|workspace| workspace.get("lints"));
    let lints = lints.context("Cargo.toml has no workspace.lints")?;
    let mut manifest: Table = MANIFEST.parse()?;
    if let Some(Value::Table(workspace)) = manifest.get_mut("workspace") {
        workspace.insert("lints".to_owned(), lints.clone());
    }
    fs::write(ctx.subject.join("Cargo.toml"), toml::to_string(&manifest)?)?;
    fs::write(ctx.subject.join("Cargo.lock"), LOCK_FILE)?;
    for file in ["clippy.toml", "rust-toolchain.toml"] {
        fs::copy(tree.join(file), ctx.subject.join(file)).context(file)?;
    }
    Ok(())
}
