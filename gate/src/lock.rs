//! One run at a time in a tree: two runs would write the same report.

use std::fs::{self, File};

use anyhow::{Context as _, Result, ensure};
use harness::context::Context;

/// The system releases the lock when the file is closed or the process ends.
pub fn take(context: &Context) -> Result<File> {
    let folder = context.settings.target.join("xtask");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("gate.lock"))?;
    let free = file.try_lock().is_ok();
    ensure!(
        free,
        "another `cargo xtask ci` runs in this tree: wait for it, or stop it"
    );
    Ok(file)
}
