//! How gates call Terraform: without a network service of its own, without anybody's settings; knows no gate.

pub mod compliance;
pub mod format;
pub mod test;
pub mod validate;

use std::path::{Path, PathBuf};

use harness::process::command::Command;
use serde::Deserialize;

use crate::file_kinds;
use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// What Terraform says of a place, in each of its JSON forms.
#[derive(Debug, Deserialize)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub severity: String,
    /// In one line.
    pub summary: String,
    /// In more.
    #[serde(default)]
    pub detail: String,
    /// Where, when it is about a place.
    pub range: Option<Range>,
}

/// A place in a file.
#[derive(Debug, Deserialize)]
pub struct Range {
    /// Relative to the module.
    pub filename: String,
    /// Its beginning.
    pub start: Start,
}

/// The beginning of a place.
#[derive(Debug, Deserialize)]
pub struct Start {
    /// From 1.
    pub line: u64,
}

/// Why nothing was looked at.
pub const NO_FILES: &str = "no *.tf in the tree";

/// What an initialisation says that could not get a provider or a module.
const NOT_HAD: [&str; 4] = [
    "Failed to query available provider packages",
    "Failed to install provider",
    "Invalid provider registry host",
    "Failed to download module",
];

/// The tool in this folder.
pub fn command<'a>(ctx: &ScanContext<'a>, folder: &Path) -> Result<Command<'a>, ScanError> {
    let env = [
        ("CHECKPOINT_DISABLE", "1"),
        ("TF_IN_AUTOMATION", "1"),
        ("TF_INPUT", "0"),
        ("TF_CLI_CONFIG_FILE", "/dev/null"),
    ];
    Ok(ctx.tool("terraform")?.current_dir(folder).envs(env))
}

/// A copy of all Terraform files, and the folders with modules in it.
pub fn copy(ctx: &ScanContext<'_>) -> Result<(PathBuf, Vec<String>), ScanError> {
    let files = ctx.files_where(file_kinds::is_module_file);
    let folders: Vec<String> = file_kinds::folders(&files)
        .into_iter()
        .map(str::to_owned)
        .collect();
    match folders.is_empty() {
        true => Err(ScanError::NothingToScan(NO_FILES.to_owned())),
        false => Ok((
            ctx.copy(
                |path| file_kinds::is_terraform(path) || is_beside(path, &folders),
                &[],
            )?,
            folders,
        )),
    }
}

/// Modules read templates and lock files beside them; tests may lie one folder below.
fn is_beside(path: &str, folders: &[String]) -> bool {
    let inside = |folder: &String| folder.is_empty() || path.starts_with(&format!("{folder}/"));
    folders.iter().any(inside) && !path.contains("/.terraform/")
}

/// Gets what a module needs, without its backend.
pub fn init(ctx: &ScanContext<'_>, folder: &Path, name: &str) -> Result<(), ScanError> {
    let command = command(ctx, folder)?.args(["init", "-backend=false", "-input=false", "-no-color"]);
    let output = ctx.run(&command, &format!("init-{name}"))?;
    let not_had = NOT_HAD.iter().any(|words| output.stderr.contains(words));
    match output.code != 0 && not_had {
        true => Err(ScanError::DataUnavailable(format!(
            "what {name} needs cannot be fetched: {}",
            first_error(&output.stderr)
        ))),
        false => Ok(()),
    }
}

/// A folder's name in names of files and in messages.
pub fn label(folder: &str) -> String {
    match folder {
        "" => "root".to_owned(),
        folder => folder.replace('/', "-"),
    }
}

/// A path of the subject, of one that Terraform tells from a folder.
pub fn below(folder: &str, path: &str) -> String {
    match folder {
        "" => path.to_owned(),
        folder => format!("{folder}/{path}"),
    }
}

/// The first line that says what went wrong.
pub fn first_error(text: &str) -> String {
    let line = text.lines().find_map(|line| line.split_once("Error: "));
    line.map_or_else(
        || "no reason given".to_owned(),
        |(_, what)| what.trim().to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_reasons_are_told_from_the_root() {
        assert_eq!(
            (below("", "a.tf"), below("x/y", "a.tf")),
            ("a.tf".to_owned(), "x/y/a.tf".to_owned())
        );
        assert_eq!((label(""), label("x/y")), ("root".to_owned(), "x-y".to_owned()));
        assert_eq!(
            first_error("╷\n│ Error: Failed to query available provider packages\n│\n"),
            "Failed to query available provider packages"
        );
        let folders = ["terraform/a".to_owned()];
        assert!(is_beside("terraform/a/cloud.tftpl", &folders) && !is_beside("terraform/ab/x", &folders));
    }
}
