//! Where a local stack keeps its files: in a state directory, or in a temporary one.

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
    /// All in a permanent directory; the data directory may be elsewhere.
    pub fn permanent(directory: &Path, data: PathBuf) -> StackPaths {
        StackPaths::within(directory, Some(data), None)
    }

    /// All in a temporary directory below the build directory, except the service's log, `NAME-service.log`.
    pub fn temporary(context: &Context, name: &str) -> Result<StackPaths> {
        let above = context.settings.target.join("xtask");
        let directory = above.join(format!("{name}-{}", std::process::id()));
        private_directory(&directory)?;
        let mut home = StackPaths::within(&directory, None, Some(Temporary(directory.clone())));
        home.service_log = above.join(format!("{name}-service.log"));
        let _there_may_be_none = fs::remove_file(&home.service_log);
        private_directory(&home.secrets)?;
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

/// Creates a directory with access for the owner only, unless it exists.
pub fn private_directory(directory: &Path) -> Result<()> {
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
