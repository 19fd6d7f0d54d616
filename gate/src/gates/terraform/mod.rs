//! How gates call Terraform: without its network services and without the user's settings.

pub mod compliance;
pub mod format;
pub mod test;
pub mod validate;

use std::path::{Path, PathBuf};

use harness::process::command::Command;
use serde::Deserialize;

use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::scan_context::{ScanContext, ToolOutput};
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

/// Messages of `terraform init` when a provider or a module cannot be downloaded.
const DOWNLOAD_ERRORS: [&str; 4] = [
    "Failed to query available provider packages",
    "Failed to install provider",
    "Invalid provider registry host",
    "Failed to download module",
];

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

/// Downloads what a module needs, without its backend.
pub fn init(ctx: &ScanContext<'_>, module: &Module) -> Result<(), ScanError> {
    let command = command(ctx, &module.copy)?.args(["init", "-backend=false", "-input=false", "-no-color"]);
    let output = ctx.run(&command, &format!("init-{}", module.label))?;
    let is_unavailable = DOWNLOAD_ERRORS.iter().any(|error| output.stderr.contains(error));
    if output.code != 0 && is_unavailable {
        let (label, error) = (&module.label, first_error(&output.stderr));
        let what = format!("dependencies of {label} cannot be downloaded: {error}");
        return Err(ScanError::DataUnavailable(what));
    }
    Ok(())
}

/// Initialises each module, runs a subcommand in it and reads the output into one result.
pub fn run_each(
    ctx: &ScanContext<'_>,
    modules: &[Module],
    args: [&str; 2],
    read: impl Fn(&ToolOutput, &str, &mut ScanResult) -> Result<(), ScanError>,
) -> Result<ScanResult, ScanError> {
    let mut result = ScanResult::default();
    for module in modules {
        init(ctx, module)?;
        let command = command(ctx, &module.copy)?.args(args);
        let output = ctx.run(&command, &format!("{}-{}", args[0], module.label))?;
        read(&output, &module.folder, &mut result)?;
    }
    Ok(result)
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
