//! Gives a planted crate the lints, clippy settings and toolchain of the tree.

use std::fs;
use std::path::Path;

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
    Ok(write(&ctx.run_state.snapshot.tree(), &ctx.subject)?)
}

fn write(tree: &Path, planted: &Path) -> anyhow::Result<()> {
    let ours: Table = fs::read_to_string(tree.join("Cargo.toml"))?
        .parse()
        .context("Cargo.toml")?;
    let lints = ours.get("workspace").and_then(|workspace| workspace.get("lints"));
    let lints = lints.context("Cargo.toml has no workspace.lints")?;
    let mut manifest: Table = MANIFEST.parse()?;
    if let Some(Value::Table(workspace)) = manifest.get_mut("workspace") {
        workspace.insert("lints".to_owned(), lints.clone());
    }
    fs::write(planted.join("Cargo.toml"), toml::to_string(&manifest)?)?;
    fs::write(planted.join("Cargo.lock"), LOCK_FILE)?;
    for file in ["clippy.toml", "rust-toolchain.toml"] {
        fs::copy(tree.join(file), planted.join(file)).context(file)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::test_tree::TestTree;
    use harness::context::Context;
    use harness::process::command::Command;
    use harness::process::shutdown::Stop;
    use harness::settings::Settings;

    /// Gates run Cargo with `--locked`.
    #[test]
    fn a_planted_crate_needs_no_other_lock_file() {
        let tree = TestTree::new("planted-crate");
        tree.write("Cargo.toml", "workspace.lints.rust.unsafe_code = 'forbid'");
        tree.write("clippy.toml", "");
        tree.write("rust-toolchain.toml", "");
        tree.write("planted/src/lib.rs", "");
        let root = &tree.context.settings.root;
        let planted = root.join("planted");
        write(root, &planted).unwrap();
        let context = Context {
            settings: Settings::read(),
            stop: Stop::default(),
        };
        let cargo = Command::new(&context, "cargo").current_dir(&planted);
        let metadata = ["metadata", "--locked", "--offline", "--format-version=1"];
        let output = cargo.args(metadata).capture().unwrap();
        assert!(output.status.success(), "{}", output.stderr);
        assert!(output.stdout.contains("planted"), "{}", output.stdout);
    }
}
