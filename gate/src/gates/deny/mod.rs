//! Gate `deny`: advisories, bans, licences and sources of every dependency, by `deny.toml` without its exceptions.

mod report;
pub mod settings;

use std::fs;
use std::path::Path;

use harness::process::command::Command;
use toml::{Table, Value};

use crate::definition::{Gate, Planted, minutes};
use crate::finding::Finding;
use crate::gates::registry;
use crate::gates::rustsec;
use crate::gates::rustsec::advisories::LEAST;
use crate::gates::rustsec::report::line_of;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

const TOOL: &str = "cargo-deny";
const SETTINGS: &str = "deny.toml";

/// The row.
pub const GATE: Gate = Gate {
    id: "deny",
    title: "Dependencies are without advisories, in allowed licences, from allowed sources",
    tools: &[TOOL],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(10),
    required_from: GateProfile::Pipeline,
    inputs: |_, path| path.ends_with("Cargo.toml") || ["Cargo.lock", SETTINGS].contains(&path),
    data: rustsec::revision,
    scan,
    planted: Some(Planted {
        folder: "deny",
        prepare,
        // One of each of the four checks.
        expects: |_| vec!["RUSTSEC-2020-0071", "wildcard", "rejected", "source-not-allowed"],
    }),
};

/// Lists of exceptions: the ledger's work.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("advisories", "ignore"),
    ("licenses", "exceptions"),
    ("bans", "skip"),
    ("bans", "skip-tree"),
];

/// It says everything on standard error, one JSON object a line, and ends with a summary if nothing broke.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let manifest = ctx.subject.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(ScanError::NothingToScan("no Cargo.toml".to_owned()));
    }
    let command = ctx.tool(TOOL)?;
    let advisories = rustsec::get(ctx.shared)?;
    let ours = fs::read_to_string(ctx.shared.snapshot.tree().join(SETTINGS))
        .map_err(|_| ScanError::NothingToScan(format!("no {SETTINGS}")))?;
    let settings = settings(&ours, &advisories.above).map_err(ScanError::ToolFailed)?;
    let settings = ctx.write_file(SETTINGS, &settings)?;
    registry::fetch(ctx)?;
    let command = command
        .args(["--offline", "--locked", "--format=json", "--log-level=warn"])
        .args(["--manifest-path".into(), manifest])
        .args(["--config".into(), settings])
        .args(["check", "advisories", "bans", "licenses", "sources"]);
    let output = ctx.run(&command, TOOL)?;
    let report = report::read(&output.stderr, TOOL).map_err(|why| output.failed(&why))?;
    let lock = fs::read_to_string(ctx.subject.join("Cargo.lock"))?;
    let findings: Vec<Finding> = report
        .findings
        .into_iter()
        .map(|finding| at_its_line(finding, &lock))
        .collect();
    let seen = ScanResult {
        findings,
        databases: vec![advisories.database.clone()],
        outdated: advisories.outdated(ctx.shared.began),
        limits: advisories.limits.iter().cloned().chain(report.limits).collect(),
        ..ScanResult::default()
    };
    Ok(seen
        // A lock file has some that no feature asks for.
        .with_work(report.licences, "packages", registry::packages(ctx)? * 4 / 5)
        .with_work(advisories.database.entries, "advisories", LEAST))
}

fn at_its_line(finding: Finding, lock: &str) -> Finding {
    let line = finding
        .package
        .as_deref()
        .and_then(|package| line_of(lock, package));
    finding.at("Cargo.lock", line)
}

/// Our settings without exceptions, and with the database of this run.
fn settings(ours: &str, databases: &Path) -> Result<String, String> {
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

/// A repository to depend on, for the sources check. Its place and its dates are always the same, so that cargo keeps one
/// clone of it.
fn prepare(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    let (from, to) = (ctx.subject.join("forked"), ctx.folder.join("forked"));
    let day = "2026-01-01T00:00:00Z";
    let git = |args: &[&str]| -> Result<(), ScanError> {
        let command = Command::new(ctx.context(), "git")
            .current_dir(&from)
            .args(["-c", "user.name=planted", "-c", "user.email=planted@example.org"])
            .args(args)
            .envs([("GIT_AUTHOR_DATE", day), ("GIT_COMMITTER_DATE", day)]);
        let output = ctx.run(&command, "git")?;
        match output.code {
            0 => Ok(()),
            _ => Err(output.failed("git")),
        }
    };
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message=planted"])?;
    let target = to.display().to_string();
    git(&["clone", "--quiet", ".", &target])?;
    let manifest = ctx.subject.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)?.replace("file:///forked", &format!("file://{target}"));
    fs::write(&manifest, text)?;
    registry::lock(ctx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_ours_without_exceptions() {
        let ours = "[advisories]\nyanked = \"deny\"\nignore = [\"RUSTSEC-2020-0071\"]\n[bans]\nskip = [\"a\"]\nwildcards = \"deny\"\n";
        let settings = settings(ours, Path::new("/t/dbs")).unwrap();
        let settings: Table = toml::from_str(&settings).unwrap();
        let advisories = settings["advisories"].as_table().unwrap();
        assert!(!advisories.contains_key("ignore"));
        assert_eq!(advisories["yanked"].as_str(), Some("deny"));
        assert_eq!(advisories["db-path"].as_str(), Some("/t/dbs"));
        let bans = settings["bans"].as_table().unwrap();
        assert!(!bans.contains_key("skip") && bans["wildcards"].as_str() == Some("deny"));
    }
}
