//! Installs PyPI packages into a virtual environment: only those in the lock file, each file verified by its hash, and
//! wheels only, except for packages named in the table.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use harness::checksum;
use harness::context::Context;
use harness::process::command::Command;

use super::staging::StagingDir;
use super::tool::{Environment, Tool};

/// The oldest Python that the lock files support.
pub(super) const PYTHON: &str = "3.11";

/// Fails unless this Python is recent enough and has venv.
const CAN: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";

/// Makes a script find its Python relative to itself, so that its folder can be moved: the shell executes the second line,
/// and Python reads it as the beginning of a string.
const RELOCATABLE: &str =
    "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/python \"$0\" \"$@\"\n' '''\n";

/// Installs it into the staging folder.
pub(super) fn install(staging: &StagingDir<'_>, tool: &Tool, environment: &Environment) -> Result<()> {
    let context = staging.context;
    let lock = lock_file(context, &tool.name);
    let told = checksum::of_file(&lock)?;
    ensure!(
        told == environment.checksum,
        "{} is not the lock file that was pinned: {told}, not {}",
        lock.display(),
        environment.checksum
    );
    staging
        .run(&Command::new(context, "python3").args(["-c", CAN]))
        .with_context(|| format!("install Python {PYTHON} or newer with venv (Debian: python3-venv)"))?;
    let make = Command::new(context, "python3").args(["-m", "venv"]);
    staging.run(&make.args([&staging.folder]))?;
    if !environment.sources.is_empty() {
        // A build would otherwise download build tools without a hash.
        let builders = staging.scratch.join("builders.txt");
        fs::write(&builders, only(&fs::read_to_string(&lock)?, "setuptools"))?;
        staging.run(&pip(staging).args(["-r".as_ref(), builders.as_os_str()]))?;
    }
    let sources = environment.sources.iter().flat_map(|name| ["--no-binary", name]);
    let all = pip(staging).args(sources).args(["--no-build-isolation", "-r"]);
    staging.run(&all.args([&lock]))?;
    relocate(&staging.folder)
}

/// The path of a tool's lock file.
pub(super) fn lock_file(context: &Context, tool: &str) -> PathBuf {
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

/// The lines of one package in a lock file.
fn only(lock: &str, package: &str) -> String {
    let begins = format!("{package}==");
    let mut inside = false;
    let lines = lock.lines().filter(|line| {
        if !line.starts_with([' ', '\t']) {
            inside = line.starts_with(&begins);
        }
        inside
    });
    lines.map(|line| format!("{line}\n")).collect()
}

/// The first line of a script names the Python of the staging folder. The activation scripts do too, but are not used.
fn relocate(folder: &Path) -> Result<()> {
    let old = folder.join("bin").join("python").display().to_string();
    for entry in fs::read_dir(folder.join("bin"))? {
        let file = entry?.path();
        let name = file.file_name().map(|name| name.to_string_lossy().to_lowercase());
        if name.is_some_and(|name| name.starts_with("activate")) {
            fs::remove_file(&file)?;
            continue;
        }
        // Binaries are not text, and the interpreter itself is a link.
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

/// pip writes `#!PYTHON`, or a shell `exec` where that is too long for the kernel.
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
    fn a_script_finds_its_python_after_the_folder_is_moved() {
        let python = "/cache/.aside/x-1/tool/bin/python";
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
