//! Where one stage keeps its files: kept from run to run, or gone with it; never decides what is in them.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::context::Context;

/// The directories and files of a stage.
#[derive(Debug)]
pub struct StackPaths {
    /// The data directory that outlives us; `None` for a temporary cluster.
    pub data: Option<PathBuf>,
    /// A directory of passwords and keys, mode 0700.
    pub secrets: PathBuf,
    /// Where the service writes its mails to, mode 0700: they hold links that open accounts.
    pub mail: PathBuf,
    /// PostgreSQL's log, where the cluster is kept.
    pub postgres_log: PathBuf,
    /// The service's log.
    pub service_log: PathBuf,
    /// Where the demo data is written to.
    pub demo: PathBuf,
    _temporary: Option<Temporary>,
}

impl StackPaths {
    /// Everything in this directory; the data directory may be elsewhere.
    pub fn kept(directory: &Path, data: PathBuf) -> StackPaths {
        StackPaths::within(directory, Some(data), None)
    }

    /// Everything in a directory below the build's, removed at the end, except the service's log: `name` says whose
    /// it is.
    pub fn temporary(context: &Context, name: &str) -> Result<StackPaths> {
        let above = context.settings.target.join("xtask");
        let directory = above.join(format!("{name}-{}", std::process::id()));
        closed_directory(&directory)?;
        let mut home = StackPaths::within(&directory, None, Some(Temporary(directory.clone())));
        home.service_log = above.join(format!("{name}-service.log"));
        let _there_may_be_none = fs::remove_file(&home.service_log);
        closed_directory(&home.secrets)?;
        Ok(home)
    }

    fn within(directory: &Path, data: Option<PathBuf>, temporary: Option<Temporary>) -> StackPaths {
        StackPaths {
            data,
            secrets: directory.join("secrets"),
            mail: directory.join("mail"),
            postgres_log: directory.join("postgres.log"),
            service_log: directory.join("service.log"),
            demo: directory.join("demo.sql"),
            _temporary: temporary,
        }
    }
}

/// Makes a directory that only we can look into, where it is missing.
pub fn closed_directory(directory: &Path) -> Result<()> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory);
    made.with_context(|| format!("cannot create {}", directory.display()))
}

#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.0);
    }
}
