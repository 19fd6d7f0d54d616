//! The version in the workspace's manifest and in the OpenAPI document.

use anyhow::{Context as _, Result, ensure};
use semver::Version;

/// The workspace's manifest.
pub const FILE: &str = "Cargo.toml";
/// Updated by cargo.
pub const LOCK: &str = "Cargo.lock";

/// The workspace's version.
pub fn version(manifest: &str) -> Result<Version> {
    let table: toml::Table = manifest.parse().context(FILE)?;
    let package = table
        .get("workspace")
        .and_then(|workspace| workspace.get("package"));
    let version = package.and_then(|package| package.get("version")?.as_str());
    Ok(version
        .context("Cargo.toml has no workspace.package.version")?
        .parse()?)
}

/// The manifest with only its version changed.
pub fn with(manifest: &str, from: &Version, to: &Version) -> Result<String> {
    ensure!(version(manifest)? == *from, "Cargo.toml is not of version {from}");
    let (head, tail) = manifest
        .split_once("[workspace.package]")
        .context("Cargo.toml has no [workspace.package]")?;
    let tail = tail.replacen(
        &format!("version = \"{from}\""),
        &format!("version = \"{to}\""),
        1,
    );
    let text = format!("{head}[workspace.package]{tail}");
    ensure!(version(&text)? == *to, "cannot change the version in Cargo.toml");
    Ok(text)
}

/// The OpenAPI document with only its version changed.
pub fn document_with(document: &str, from: &Version, to: &Version) -> Result<String> {
    let version = |text: &str| -> Result<Option<String>> {
        let json: serde_json::Value = serde_json::from_str(text).context("no OpenAPI document")?;
        Ok(json
            .pointer("/info/version")
            .and_then(|version| version.as_str())
            .map(str::to_owned))
    };
    ensure!(
        version(document)? == Some(from.to_string()),
        "is not of version {from}"
    );
    let text = document.replacen(
        &format!("\"version\": \"{from}\""),
        &format!("\"version\": \"{to}\""),
        1,
    );
    ensure!(
        version(&text)? == Some(to.to_string()),
        "cannot change the version"
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_workspaces_version_changes() {
        let manifest = "[workspace]\n[workspace.package]\nversion = \"0.1.0\"\n[workspace.dependencies]\na = { version = \"0.1.0\" }\n";
        let (from, to) = (Version::new(0, 1, 0), Version::new(0, 1, 1));
        assert_eq!(version(manifest).unwrap(), from);
        assert_eq!(
            with(manifest, &from, &to).unwrap(),
            manifest.replacen("0.1.0", "0.1.1", 1)
        );
        assert!(
            with(manifest, &to, &from).is_err(),
            "the manifest has another version"
        );
        let document =
            "{\n  \"info\": {\n    \"version\": \"0.1.0\"\n  },\n  \"x\": {\"version\": \"0.1.0\"}\n}";
        assert_eq!(
            document_with(document, &from, &to).unwrap(),
            document.replacen("0.1.0", "0.1.1", 1)
        );
        assert!(document_with(document, &to, &from).is_err());
    }
}
