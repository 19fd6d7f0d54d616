//! Installs packages of PyPI into their own virtual environment: only files whose hash is in the lock file, and only
//! wheels except for the packages that the table exempts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::checksum;
use harness::context::Context;
use harness::process::command::Command;

use crate::staging::StagingDir;
use crate::tool::{Package, Tool};

/// The oldest Python that the lock files support.
pub(crate) const PYTHON: &str = "3.11";

/// Fails unless this Python is new enough and can create virtual environments.
const CHECK_PYTHON: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";

/// The head of a script that finds its Python beside itself, so that its folder can be moved: a shell reads the second
/// line as a command, Python as the beginning of a string.
const RELOCATABLE: &str =
    "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/python \"$0\" \"$@\"\n' '''\n";

/// Installs it into the staging folder.
pub(crate) fn install(staging: &StagingDir<'_>, tool: &Tool, package: &Package) -> Result<()> {
    let context = staging.context;
    let lock = lock_file(context, &tool.name);
    package.ensure_pinned(&lock.display().to_string(), &checksum::of_file(&lock)?)?;
    staging
        .run(&Command::new(context, "python3").args(["-c", CHECK_PYTHON]))
        .with_context(|| format!("install Python {PYTHON} or newer with venv (Debian: python3-venv)"))?;
    let make = Command::new(context, "python3").args(["-m", "venv"]);
    staging.run(&make.args([&staging.folder]))?;
    if !package.sources.is_empty() {
        // Without build isolation, which would download build tools unchecked, they must be installed first.
        let builders = staging.scratch.join("builders.txt");
        fs::write(&builders, only(&fs::read_to_string(&lock)?, "setuptools"))?;
        staging.run(&pip(staging).args(["-r".as_ref(), builders.as_os_str()]))?;
    }
    let sources = package.sources.iter().flat_map(|name| ["--no-binary", name]);
    let all = pip(staging).args(sources).args(["--no-build-isolation", "-r"]);
    staging.run(&all.args([&lock]))?;
    relocate(&staging.folder)
}

/// A tool's lock file.
pub(crate) fn lock_file(context: &Context, tool: &str) -> PathBuf {
    let locks = context.settings.root.join("security").join("locks");
    locks.join(format!("{tool}.txt"))
}

fn pip<'a>(staging: &StagingDir<'a>) -> Command<'a> {
    Command::new(staging.context, staging.folder.join("bin").join("python"))
        .args([
            "-m",
            "pip",
            "install",
            "--no-input",
            "--disable-pip-version-check",
        ])
        .args([
            "--progress-bar=off",
            "--require-hashes",
            "--no-deps",
            "--only-binary=:all:",
        ])
}

/// The lines of a lock file for one package.
fn only(lock: &str, package: &str) -> String {
    let start = format!("{package}==");
    let mut inside = false;
    let lines = lock.lines().filter(|line| {
        if !line.starts_with([' ', '\t']) {
            inside = line.starts_with(&start);
        }
        inside
    });
    lines.map(|line| format!("{line}\n")).collect()
}

/// Makes the scripts work after the staging folder is moved: their first line names its Python. The `activate` scripts name
/// it too; they are not needed and removed.
fn relocate(folder: &Path) -> Result<()> {
    let old = folder.join("bin").join("python").display().to_string();
    for entry in fs::read_dir(folder.join("bin"))? {
        let file = entry?.path();
        let name = file.file_name().map(|name| name.to_string_lossy().to_lowercase());
        if name.is_some_and(|name| name.starts_with("activate")) {
            fs::remove_file(&file)?;
            continue;
        }
        // The interpreter is a link; other programs are not UTF-8.
        if file.is_symlink() {
            continue;
        }
        if let Ok(text) = fs::read_to_string(&file)
            && let Some(moved) = relocated(&text, &old)
        {
            fs::write(&file, moved)?;
        }
    }
    Ok(())
}

/// pip writes `#!PYTHON`, or a shell's `exec` of it if that exceeds the system's limit.
fn relocated(text: &str, python: &str) -> Option<String> {
    let mut lines = text.splitn(4, '\n');
    let (first, second) = (lines.next()?, lines.next()?);
    if first
        .strip_prefix("#!")?
        .trim()
        .trim_matches('"')
        .starts_with(python)
    {
        let rest = text.split_once('\n')?.1;
        return Some(format!("{RELOCATABLE}{rest}"));
    }
    let long = first == "#!/bin/sh" && second.starts_with("'''exec'") && second.contains(python);
    let (_quote, rest) = (lines.next()?, lines.next()?);
    long.then(|| format!("{RELOCATABLE}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_of_the_staging_folder_finds_its_python_after_the_move() {
        let python = "/cache/.staging/x-1/tool/bin/python";
        let body = "# -*- coding: utf-8 -*-\nimport sys\n";
        for text in [
            format!("#!{python}\n{body}"),
            format!("#!{python}3.11\n{body}"),
            format!("#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''\n{body}"),
            format!("#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n{body}"),
        ] {
            assert_eq!(
                relocated(&text, python),
                Some(format!("{RELOCATABLE}{body}")),
                "{text}"
            );
        }
        for text in [
            "#!/bin/sh\necho other\n",
            "#!/usr/bin/env python3\nimport sys\n",
            "no script",
        ] {
            assert_eq!(relocated(text, python), None, "{text}");
        }
    }

    #[test]
    fn the_lines_of_one_package_are_selected() {
        let lock = "# made by\nset==1 \\\n    --hash=a\nsetuptools==2 \\\n    --hash=b \\\n    --hash=c\nsetuptools-scm==3 \\\n    --hash=d\n";
        assert_eq!(
            only(lock, "setuptools"),
            "setuptools==2 \\\n    --hash=b \\\n    --hash=c\n"
        );
    }
}
