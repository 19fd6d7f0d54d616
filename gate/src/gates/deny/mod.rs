//! Gate `deny`: advisories, bans, licences and sources of every dependency, by `deny.toml` without its exceptions.

/// What cargo-deny writes.
mod report;

/// What `deny.toml` may say.
pub mod settings;

use std::fs;
use std::path::Path;

use harness::process::command::Call;
use toml::{Table, Value};

use crate::definition::{Gate, Planted, minutes};
use crate::finding::Finding;
use crate::gates::registry;
use crate::gates::rustsec;
use crate::gates::rustsec::advisories::LEAST;
use crate::gates::rustsec::report::line_of;
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Seen, Trouble};
use crate::scheduler::Takes;

const TOOL: &str = "cargo-deny";
const SETTINGS: &str = "deny.toml";

/// The row.
pub const GATE: Gate = Gate {
    id: "deny",
    title: "Dependencies are without advisories, in allowed licences, from allowed sources",
    tools: &[TOOL],
    after: &[],
    takes: Takes::Little,
    limit: minutes(10),
    needed: Profile::Pipeline,
    inputs: |path| path.ends_with("Cargo.toml") || ["Cargo.lock", SETTINGS].contains(&path),
    data: rustsec::revision,
    look,
    planted: Some(Planted {
        folder: "deny",
        prepare,
        // One of each of the four checks.
        expects: &["RUSTSEC-2020-0071", "wildcard", "rejected", "source-not-allowed"],
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
fn look(job: &Job<'_>) -> Look {
    let manifest = job.subject.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(Trouble::NoFiles("no Cargo.toml".to_owned()));
    }
    let call = job.tool(TOOL)?;
    let advisories = rustsec::get(job.shared)?;
    let ours = fs::read_to_string(job.shared.snapshot.tree().join(SETTINGS))
        .map_err(|_| Trouble::NoFiles(format!("no {SETTINGS}")))?;
    let settings = settings(&ours, &advisories.above).map_err(Trouble::Broke)?;
    let settings = job.keep(SETTINGS, &settings)?;
    registry::fetch(job)?;
    let call = call
        .args(["--offline", "--locked", "--format=json", "--log-level=warn"])
        .args(["--manifest-path".into(), manifest])
        .args(["--config".into(), settings])
        .args(["check", "advisories", "bans", "licenses", "sources"]);
    let said = job.run(&call, TOOL)?;
    let report = report::read(&said.stderr, TOOL).map_err(|why| said.broke(&why))?;
    let lock = fs::read_to_string(job.subject.join("Cargo.lock"))?;
    let findings: Vec<Finding> = report
        .findings
        .into_iter()
        .map(|finding| at_its_line(finding, &lock))
        .collect();
    let seen = Seen {
        findings,
        databases: vec![advisories.database.clone()],
        outdated: advisories.outdated(job.shared.began),
        limits: advisories.limits.iter().cloned().chain(report.limits).collect(),
        ..Seen::default()
    };
    Ok(seen
        // A lock file has some that no feature asks for.
        .looked_at(report.licences, "packages", registry::packages(job)? * 4 / 5)
        .looked_at(advisories.database.entries, "advisories", LEAST))
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
fn prepare(job: &Job<'_>) -> Result<(), Trouble> {
    let (from, to) = (job.subject.join("forked"), job.folder.join("forked"));
    let day = "2026-01-01T00:00:00Z";
    let git = |args: &[&str]| -> Result<(), Trouble> {
        let call = Call::new(job.context(), "git")
            .within(&from)
            .args(["-c", "user.name=planted", "-c", "user.email=planted@example.org"])
            .args(args)
            .envs([("GIT_AUTHOR_DATE", day), ("GIT_COMMITTER_DATE", day)]);
        let said = job.run(&call, "git")?;
        match said.code {
            0 => Ok(()),
            _ => Err(said.broke("git")),
        }
    };
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message=planted"])?;
    let target = to.display().to_string();
    git(&["clone", "--quiet", ".", &target])?;
    let manifest = job.subject.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)?.replace("file:///forked", &format!("file://{target}"));
    fs::write(&manifest, text)?;
    registry::lock(job)
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
