//! Gate `deny`: cargo-deny's checks of every dependency, by `deny.toml` without its lists of exceptions.

mod report;
pub mod settings;

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use crate::canaries::git::{commit_all, git};
use crate::cargo::lock_file;
use crate::definition::Gate;
use crate::gates::rustsec::{self, report::at_line};
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome};

const TOOL: &str = "cargo-deny";
const SETTINGS: &str = "deny.toml";

pub const GATE: Gate = Gate {
    id: "deny",
    title: "Dependencies have no advisories, allowed licences only, and come from allowed sources",
    tools: &[TOOL],
    inputs: |_, path| path.ends_with("Cargo.toml") || ["Cargo.lock", SETTINGS].contains(&path),
    data: rustsec::revision,
    scan,
    prepare,
    // One of each of the four checks.
    expects: &["RUSTSEC-2020-0071", "wildcard", "rejected", "source-not-allowed"],
    ..Gate::DEFAULT
};

/// Lists of exceptions, which are the ledger's job.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("advisories", "ignore"),
    ("licenses", "exceptions"),
    ("bans", "skip"),
    ("bans", "skip-tree"),
];

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let manifest = ctx.subject.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(ScanError::NothingToScan("no Cargo.toml in the tree".to_owned()));
    }
    let command = ctx.tool(TOOL)?;
    let advisories = rustsec::get(ctx.run_state)?;
    let ours = fs::read_to_string(ctx.run_state.snapshot.tree().join(SETTINGS))
        .map_err(|_| ScanError::NothingToScan(format!("no {SETTINGS} in the tree")))?;
    let settings = strict_settings(&ours, &advisories.parent).map_err(ScanError::ToolFailed)?;
    let settings = ctx.write_file(SETTINGS, &settings)?;
    lock_file::fetch_packages(ctx)?;
    let command = command
        .args(["--offline", "--locked", "--format=json", "--log-level=warn"])
        .args(["--manifest-path".into(), manifest])
        .args(["--config".into(), settings])
        .args(["check", "advisories", "bans", "licenses", "sources"]);
    let output = ctx.run(&command, TOOL)?;
    let report = report::read(&output.stderr, TOOL).map_err(|why| output.failed(&why))?;
    let lock = fs::read_to_string(ctx.subject.join("Cargo.lock"))?;
    let findings = report.findings.into_iter().map(|finding| at_line(finding, &lock));
    Ok(advisories
        .result(findings, ctx.run_state.began)
        .with_limits(report.limits)
        // Some packages of a lock file belong to no enabled feature.
        .with_work(
            report.licences,
            "packages",
            lock_file::count_packages(&lock)? * 4 / 5,
        )
        .with_work(advisories.database.entries, "advisories", rustsec::MIN_ADVISORIES))
}

/// The tree's settings without exceptions, and with the database of this run.
fn strict_settings(ours: &str, databases: &Path) -> Result<String, String> {
    let mut settings: Table = toml::from_str(ours).map_err(|error| format!("{SETTINGS}: {error}"))?;
    for (section, list) in EXCEPTIONS {
        if let Some(Value::Table(section)) = settings.get_mut(*section) {
            section.remove(*list);
        }
    }
    let section = settings
        .entry("advisories")
        .or_insert_with(|| Value::Table(Table::new()));
    let Value::Table(section) = section else {
        return Err(format!("{SETTINGS}: advisories is no table"));
    };
    let databases = databases.display().to_string();
    section.insert("db-path".to_owned(), Value::String(databases));
    let url = Value::String("https://github.com/rustsec/advisory-db".to_owned());
    section.insert("db-urls".to_owned(), Value::Array(vec![url]));
    toml::to_string(&settings).map_err(|error| error.to_string())
}

/// Creates a repository to depend on, for the check of sources. Its path and its commit never change, so that cargo caches
/// one clone of it.
fn prepare(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    let (from, to) = (ctx.subject.join("forked"), ctx.folder.join("forked"));
    commit_all(ctx, &from)?;
    let url = to.display().to_string();
    git(ctx, &from, &["clone", "--quiet", ".", &url])?;
    let manifest = ctx.subject.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)?.replace("file:///forked", &format!("file://{url}"));
    fs::write(&manifest, text)?;
    lock_file::generate(ctx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_those_of_the_tree_without_exceptions() {
        let ours = "[advisories]\nyanked = \"deny\"\nignore = [\"RUSTSEC-2020-0071\"]\n[bans]\nskip = [\"a\"]\nwildcards = \"deny\"\n";
        let settings = strict_settings(ours, Path::new("/t/dbs")).unwrap();
        let settings: Table = toml::from_str(&settings).unwrap();
        let advisories = settings["advisories"].as_table().unwrap();
        assert!(!advisories.contains_key("ignore"));
        assert_eq!(advisories["yanked"].as_str(), Some("deny"));
        assert_eq!(advisories["db-path"].as_str(), Some("/t/dbs"));
        let bans = settings["bans"].as_table().unwrap();
        assert!(!bans.contains_key("skip") && bans["wildcards"].as_str() == Some("deny"));
    }
}
