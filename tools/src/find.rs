//! Finds a tool's program: in the cache, verified file by file, or on `PATH` if it has exactly the pinned version.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use harness::checksum;
use harness::context::Context;
use harness::process::command::Command;

use crate::record::Record;
use crate::tool::Tool;

const VERSION_TIMEOUT: Duration = Duration::from_secs(60);

/// A program that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its file.
    pub file: PathBuf,
    /// The tool's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its file and of those that belong to it, hexadecimal.
    pub digest: String,
    /// The files in the folders that belong to it, sorted.
    pub files: Vec<BundledFile>,
    /// `path` or `cache`.
    pub source: &'static str,
}

/// A file that belongs to a program, such as a set of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundledFile {
    /// `FOLDER/NAME`.
    pub path: String,
    /// Its SHA-256, hexadecimal.
    pub digest: String,
}

/// The program, or one line that says why it was not found.
pub fn find(context: &Context, tool: &Tool) -> Result<Result<Program, String>> {
    let mut why = None;
    // The cache first: its files have checksums, a program on `PATH` only has a version.
    if let Some((folder, record)) = cached(context, tool) {
        let file = folder.join("bin").join(&tool.program);
        let mismatch = match (record.differences(&folder)?.first(), tool.version_args.is_empty()) {
            (Some(first), _) => Some(format!("{} is not what was installed: {first}", folder.display())),
            (None, true) => None,
            (None, false) => mismatch(context, tool, &file)?,
        };
        match mismatch {
            None => return Ok(Ok(program(tool, file, "cache")?)),
            some => why = some,
        }
    }
    if let Some(file) = context.settings.find_program(&tool.program) {
        match mismatch(context, tool, &file)? {
            None => return Ok(Ok(program(tool, file, "path")?)),
            some => why = why.or(some),
        }
    }
    Ok(Err(
        why.unwrap_or_else(|| format!("no {} {}", tool.name, tool.version))
    ))
}

/// Runs the program to find out why it is not the pinned version, if it is not.
pub fn mismatch(context: &Context, tool: &Tool, file: &Path) -> Result<Option<String>> {
    Ok(match printed_version(context, tool, file)? {
        Some(printed) if tool.is_version(&printed) => None,
        Some(printed) => Some(format!("{} is {printed}, not {}", file.display(), tool.version)),
        None => Some(format!("{} does not print its version", file.display())),
    })
}

/// The cache's folder for this version of a tool.
pub fn folder(context: &Context, tool: &Tool) -> Option<PathBuf> {
    Some(cache(context)?.join(&tool.name).join(&tool.version))
}

/// The cache's folder for all tools.
pub fn cache(context: &Context) -> Option<PathBuf> {
    Some(context.settings.cache.as_ref()?.join("tools"))
}

/// The cached installation; `None` without a record of the package that the table pins.
fn cached(context: &Context, tool: &Tool) -> Option<(PathBuf, Record)> {
    let folder = folder(context, tool)?;
    let record = Record::read(&folder, tool)?;
    folder
        .join("bin")
        .join(&tool.program)
        .is_file()
        .then_some((folder, record))
}

/// The first version number in the program's output.
fn printed_version(context: &Context, tool: &Tool, file: &Path) -> Result<Option<String>> {
    if tool.version_args.is_empty() {
        return Ok(None);
    }
    let scratch = tempfile::tempdir()?;
    let folder = scratch.path().to_string_lossy();
    let arguments = tool.version_args.iter();
    let output = Command::new(context, file)
        .args(arguments.map(|argument| argument.replace("{scratch}", &folder)))
        .output_with_timeout(VERSION_TIMEOUT);
    match output {
        Ok(output) => Ok(version_in(&format!("{}\n{}", output.stdout, output.stderr))),
        Err(error) if error.is::<harness::exit::Exit>() => Err(error),
        Err(_) => Ok(None),
    }
}

/// A line that is nothing but a version, since ZAP prints Java's before; else the first word that looks like one.
fn version_in(text: &str) -> Option<String> {
    let alone = text.lines().map(str::trim);
    let mut alone = alone.filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    let alone = alone.find_map(|line| first_version(line).filter(|version| version == line));
    alone.or_else(|| first_version(text))
}

fn first_version(text: &str) -> Option<String> {
    text.split(|character: char| character.is_whitespace() || "(),:@\"'".contains(character))
        .map(|word| word.trim_start_matches('v').trim_end_matches('.'))
        .find(|word| {
            let mut parts = word.split('.');
            let numeric = |part: Option<&str>| {
                part.is_some_and(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
            };
            numeric(parts.next()) && numeric(parts.next())
        })
        .map(str::to_owned)
}

/// The files in the folders beside the program.
fn bundled(tool: &Tool, file: &Path) -> Result<Vec<BundledFile>> {
    let mut bundled = Vec::new();
    for folder in &tool.folders {
        let beside = fs::canonicalize(file)?.with_file_name(folder);
        // Without the folder the tool fails by itself.
        let entries = fs::read_dir(beside).into_iter().flatten();
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|file| file.is_file());
        files.sort();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            bundled.push(BundledFile {
                path: format!("{folder}/{name}"),
                digest: checksum::of_file(&file)?,
            });
        }
    }
    Ok(bundled)
}

fn program(tool: &Tool, file: PathBuf, source: &'static str) -> Result<Program> {
    let (own, files) = (checksum::of_file(&file)?, bundled(tool, &file)?);
    let digest = if files.is_empty() {
        own
    } else {
        let lines = files.iter().map(|file| format!("{} {}", file.path, file.digest));
        let lines: Vec<String> = std::iter::once(own).chain(lines).collect();
        checksum::of(lines.join("\n"))
    };
    Ok(Program {
        file,
        name: tool.name.clone(),
        version: tool.version.clone(),
        digest,
        files,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_tools_print_them() {
        for (text, version) in [
            ("cargo-audit 0.22.2\n", "0.22.2"),
            ("Haskell Dockerfile Linter 2.15.1-no-git\n", "2.15.1-no-git"),
            ("Version: 0.76.0\nVulnerability DB:", "0.76.0"),
            ("TFLint version v0.64.0\n+ ruleset", "0.64.0"),
            ("rustfmt 1.8.0-stable (59807616e1 2026-04-14)", "1.8.0-stable"),
            (
                "Found Java version 17.0.15\nAvailable memory: 24105 MB\nUsing JVM args: -Xmx6026m\n2.17.0\n",
                "2.17.0",
            ),
        ] {
            assert_eq!(version_in(text).as_deref(), Some(version));
        }
        assert_eq!(version_in("no version here."), None);
    }
}
