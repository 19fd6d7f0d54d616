//! Finds the load generator wrk, or gets Debian's package of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use harness::context::Context;
use harness::output::print;
use harness::process::command::{Command, EnvVars};
use rustix::process::geteuid;

/// The package and the library that it needs, for users who may not install packages.
const PACKAGES: [&str; 2] = ["wrk", "libluajit-5.1-2"];

const INSTALL: [&str; 5] = ["install", "--yes", "--quiet", "--no-install-recommends", "wrk"];

/// Downloads the packages into a folder and unpacks them there; needs no privilege.
const UNPACK: &str =
    r#"set -eu; cd "$1"; shift; apt-get download "$@"; for file in ./*.deb; do dpkg-deb -x "$file" .; done"#;

/// wrk, ready to run.
#[derive(Debug, Clone)]
pub struct Wrk<'a> {
    context: &'a Context,
    program: PathBuf,
    /// The path of its library, unless that is installed.
    variables: EnvVars,
}

impl<'a> Wrk<'a> {
    /// Without arguments.
    pub fn command(&self) -> Command<'a> {
        Command::new(self.context, &self.program).envs(self.variables.clone())
    }

    /// On `PATH`; else installed as root; else unpacked into the cache. `None` when nothing works.
    ///
    /// # Errors
    /// Only when interrupted.
    pub fn find(context: &'a Context) -> Result<Option<Self>> {
        let on_path = || {
            let program = context.settings.find_program("wrk")?;
            let variables = EnvVars::new();
            Some(Self {
                context,
                program,
                variables,
            })
        };
        if let Some(found) = on_path() {
            return Ok(Some(found));
        }
        let apt = context.settings.find_program("apt-get");
        if let Some(apt) = apt.as_ref().filter(|_| geteuid().is_root()) {
            print("      wrk is missing: installing the package");
            let command = || Command::new(context, apt).envs([("DEBIAN_FRONTEND", "noninteractive")]);
            let install = || anyhow::Ok(command().args(INSTALL).capture()?.status.success());
            // A fresh image has no package lists.
            if install()? || (command().args(["update"]).capture()?.status.success() && install()?) {
                return Ok(on_path());
            }
        }
        let Some(folder) = context.settings.cache.as_ref().map(|cache| cache.join("wrk")) else {
            return Ok(None);
        };
        if let Some(found) = Self::unpacked(context, &folder) {
            return Ok(Some(found));
        }
        if apt.is_none() || context.settings.find_program("dpkg-deb").is_none() {
            return Ok(None);
        }
        print("      wrk is missing: unpacking the package into the cache");
        if fs::create_dir_all(&folder).is_err() {
            return Ok(None);
        }
        let command = Command::new(context, "sh").args(["-c", UNPACK, "sh"]);
        let finished = command.args([&folder]).args(PACKAGES).capture()?;
        Ok(Self::unpacked(context, &folder).filter(|_| finished.status.success()))
    }

    fn unpacked(context: &'a Context, folder: &Path) -> Option<Self> {
        let program = Some(folder.join("usr/bin/wrk")).filter(|program| program.is_file())?;
        let libraries = fs::read_dir(folder.join("usr/lib")).ok()?;
        let mut folders = libraries.filter_map(Result::ok).map(|entry| entry.path());
        let library = folders.find(|path| path.join("libluajit-5.1.so.2").exists())?;
        let variables = vec![("LD_LIBRARY_PATH".into(), library.into())];
        Some(Self {
            context,
            program,
            variables,
        })
    }
}
