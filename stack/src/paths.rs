//! Where a local stack keeps its files: in a state directory, or in a temporary one.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::context::Context;
use tempfile::TempDir;

/// The directories and files of a local stack.
#[derive(Debug)]
pub struct StackPaths {
    /// The data directory of a permanent cluster; `None` for a temporary one.
    pub data: Option<PathBuf>,
    /// A directory of passwords and keys, mode 0700.
    pub secrets: PathBuf,
    /// The folder of the service's mails, mode 0700: they contain links that open accounts.
    pub mail: PathBuf,
    /// PostgreSQL's log, for a permanent cluster.
    pub postgres_log: PathBuf,
    /// The service's log.
    pub service_log: PathBuf,
    /// The file of the demo data.
    pub demo: PathBuf,
    /// Removed when this is dropped.
    temporary: Option<TempDir>,
}

impl StackPaths {
    /// All in a permanent directory; the data directory may be elsewhere.
    pub fn permanent(directory: &Path, data: PathBuf) -> StackPaths {
        StackPaths::within(directory, Some(data))
    }

    /// All in a temporary directory below the build directory, except the service's log, `NAME-service.log`.
    pub fn temporary(context: &Context, name: &str) -> Result<StackPaths> {
        let above = context.settings.target.join("xtask");
        create_private(&above)?;
        let directory = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir_in(&above)?;
        let mut paths = StackPaths::within(directory.path(), None);
        paths.temporary = Some(directory);
        paths.service_log = above.join(format!("{name}-service.log"));
        let _there_may_be_none = fs::remove_file(&paths.service_log);
        create_private(&paths.secrets)?;
        Ok(paths)
    }

    fn within(directory: &Path, data: Option<PathBuf>) -> StackPaths {
        StackPaths {
            data,
            secrets: directory.join("secrets"),
            mail: directory.join("mail"),
            postgres_log: directory.join("postgres.log"),
            service_log: directory.join("service.log"),
            demo: directory.join("demo.sql"),
            temporary: None,
        }
    }
}

/// Creates a directory, unless it exists, with access for the owner only.
pub fn create_private(directory: &Path) -> Result<()> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory);
    made.with_context(|| format!("cannot create {}", directory.display()))
}
