//! How gates call Terraform: without its network services and without the user's settings.

pub mod compliance;
pub mod format;
pub mod plan;
pub mod policies;
mod providers;
mod root_module;
mod secret_variables;
pub mod settings;
pub mod test;
pub mod validate;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use harness::process::command::Command;
use serde::Deserialize;

use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanResult};

/// A problem, as each of Terraform's JSON outputs reports it.
#[derive(Debug, Deserialize)]
pub struct Diagnostic {
    severity: String,
    summary: String,
    #[serde(default)]
    detail: String,
    range: Option<Range>,
}

#[derive(Debug, Deserialize)]
struct Range {
    /// Relative to the module.
    filename: String,
    start: Start,
}

#[derive(Debug, Deserialize)]
struct Start {
    line: u64,
}

impl Diagnostic {
    pub fn is_error(&self) -> bool {
        self.severity == "error"
    }

    /// Whether a provider could not log in.
    pub fn is_about_account(&self) -> bool {
        const MESSAGES: [&str; 3] = [
            "unable to build authorizer",
            "building account",
            "Authenticating using",
        ];
        MESSAGES
            .iter()
            .any(|message| self.summary.contains(message) || self.detail.contains(message))
    }

    /// As a finding in the module of this folder.
    pub fn finding(&self, folder: &str) -> Finding {
        let detail = self.detail.lines().next().unwrap_or_default();
        let finding = Finding::new("terraform", &self.summary, detail);
        let finding = finding.rated(Severity::named(&self.severity));
        match &self.range {
            Some(range) => finding.at(below(folder, &range.filename), Some(range.start.line)),
            None => finding,
        }
    }
}

/// A module to scan, in a copy of the Terraform files.
pub struct Module {
    /// Its folder in the tree.
    pub folder: String,
    /// Its folder in the copy.
    pub copy: PathBuf,
    /// Its folder's name in file names and messages.
    pub label: String,
}

pub fn command<'a>(ctx: &ScanContext<'a>, folder: &Path) -> Result<Command<'a>, ScanError> {
    let env = [
        ("CHECKPOINT_DISABLE", "1"),
        ("TF_IN_AUTOMATION", "1"),
        ("TF_INPUT", "0"),
        ("TF_CLI_CONFIG_FILE", "/dev/null"),
    ];
    Ok(ctx.tool("terraform")?.current_dir(folder).envs(env))
}

/// Copies all Terraform files; returns the folders that hold a module.
pub fn copy(ctx: &ScanContext<'_>) -> Result<Vec<Module>, ScanError> {
    let files = ctx.require_files("*.tf", file_kinds::is_module_file)?;
    let folders = file_kinds::folders(&files);
    let copy = ctx.copy(
        |path| file_kinds::is_terraform(path) || is_in_module(path, &folders),
        &[],
    )?;
    let module = |folder: &&str| Module {
        folder: (*folder).to_owned(),
        copy: copy.join(folder),
        label: label(folder),
    };
    Ok(folders.iter().map(module).collect())
}

/// Modules read templates and lock files of their folder; tests may be in a subfolder.
fn is_in_module(path: &str, folders: &[&str]) -> bool {
    let inside = |folder: &&str| folder.is_empty() || path.starts_with(&format!("{folder}/"));
    folders.iter().any(inside) && !path.contains("/.terraform/")
}

/// Scans modules into a result; returns it with the number of modules that were scanned. Unless an open finding fails the gate,
/// a module that could not be scanned means "not run", with its name.
pub fn scan_each<'m>(
    mut result: ScanResult,
    modules: impl IntoIterator<Item = &'m Module>,
    mut scan: impl FnMut(&Module, &mut ScanResult) -> Result<(), ScanError>,
) -> Result<(ScanResult, u64), ScanError> {
    let mut scanned = 0;
    // The modules by the reason.
    let mut left_out: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for module in modules {
        match scan(module, &mut result) {
            Err(ScanError::DataUnavailable(why)) => left_out.entry(why).or_default().push(&module.label),
            other => {
                other?;
                scanned += 1;
            }
        }
    }
    if left_out.is_empty() {
        return Ok((result, scanned));
    }
    let reasons = left_out
        .iter()
        .map(|(why, modules)| format!("{} ({why})", modules.join(", ")));
    let what = format!("not scanned: {}", reasons.collect::<Vec<_>>().join("; "));
    if result.findings.is_empty() {
        return Err(ScanError::DataUnavailable(what));
    }
    result.limits.push(what.clone());
    result.inconclusive = Some(what);
    Ok((result, scanned))
}

/// The problems among the lines of a command with `-json`.
pub fn diagnostics(lines: &str) -> Vec<Diagnostic> {
    #[derive(Deserialize)]
    struct Line {
        diagnostic: Diagnostic,
    }
    let lines = lines.lines().filter_map(|line| serde_json::from_str(line).ok());
    lines.map(|Line { diagnostic }| diagnostic).collect()
}

pub fn label(folder: &str) -> String {
    if folder.is_empty() {
        "root".to_owned()
    } else {
        folder.replace('/', "-")
    }
}

/// The path in the tree of a path that Terraform reports relative to a folder.
pub fn below(folder: &str, path: &str) -> String {
    if folder.is_empty() {
        path.to_owned()
    } else {
        format!("{folder}/{path}")
    }
}

pub fn first_error(text: &str) -> String {
    let error = text.lines().find_map(|line| line.split_once("Error: "));
    error
        .map_or("no reason given", |(_, error)| error.trim())
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Canary, Verdict};
    use crate::verdict;

    #[test]
    fn a_module_that_could_not_be_scanned_is_named_and_hides_no_finding() {
        let module = |name: &str| Module {
            folder: name.to_owned(),
            copy: PathBuf::new(),
            label: name.to_owned(),
        };
        let modules = [module("unreachable"), module("bad")];
        let missing = || ScanError::DataUnavailable("no provider".to_owned());
        let scan = |module: &Module, result: &mut ScanResult| {
            result
                .findings
                .extend((module.folder == "bad").then(|| Finding::new("terraform", "x", "y")));
            if module.folder == "unreachable" {
                Err(missing())
            } else {
                Ok(())
            }
        };
        let none = ScanResult::default;
        let (result, scanned) = scan_each(none(), &modules, scan).unwrap();
        let what = "not scanned: unreachable (no provider)".to_owned();
        assert_eq!((result.findings.len(), scanned), (1, 1));
        assert_eq!(
            (&result.limits, &result.inconclusive),
            (&vec![what.clone()], &Some(what.clone()))
        );
        // With a waiver for every finding the gate has not run, rather than passed.
        let mut waived = result.with_work(scanned, "modules", 1);
        waived.findings[0].waiver = Some("W-1".to_owned());
        let judged = verdict::judge(&Ok(waived), &Canary::None);
        assert_eq!((judged.verdict, judged.reason), (Verdict::NotRun, what.clone()));
        assert_eq!(
            scan_each(none(), &modules[..1], scan),
            Err(ScanError::DataUnavailable(what))
        );
        let others = [
            module("unreachable"),
            module("good"),
            module("unplanned"),
            module("unreachable-too"),
        ];
        let scan = |module: &Module, _: &mut ScanResult| match module.folder.as_str() {
            "good" => Ok(()),
            "unplanned" => Err(ScanError::DataUnavailable("no plan".to_owned())),
            _ => Err(missing()),
        };
        let what = "not scanned: unplanned (no plan); unreachable, unreachable-too (no provider)";
        assert_eq!(
            scan_each(none(), &others, scan),
            Err(ScanError::DataUnavailable(what.to_owned()))
        );
    }

    #[test]
    fn paths_are_relative_to_the_root_and_errors_are_extracted() {
        assert_eq!(
            (below("", "a.tf"), below("x/y", "a.tf")),
            ("a.tf".to_owned(), "x/y/a.tf".to_owned())
        );
        assert_eq!((label(""), label("x/y")), ("root".to_owned(), "x-y".to_owned()));
        assert_eq!(
            first_error("╷\n│ Error: Failed to query available provider packages\n│\n"),
            "Failed to query available provider packages"
        );
        let folders = ["terraform/a"];
        assert!(is_in_module("terraform/a/cloud.tftpl", &folders));
        assert!(!is_in_module("terraform/ab/x", &folders));
    }
}
