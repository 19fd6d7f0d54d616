//! axe-core, the accessibility checker: one pinned npm package, downloaded once and verified each time.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::output::print;
use harness::process::command::Command;
use tools::npm;
use tools::tool::Package;

use crate::paths::create_private;

const NAME: &str = "axe-core";

const VERSION: &str = "4.14.1";

/// `npm view axe-core@4.14.1 dist.integrity`.
const INTEGRITY: &str =
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==";

/// The file that is injected into pages.
const SCRIPT: &str = "package/axe.min.js";

/// The path of the script.
pub fn script(context: &Context) -> Result<PathBuf> {
    let settings = &context.settings;
    let cache = settings.cache.as_ref().context("set XDG_CACHE_HOME")?;
    let folder = cache.join("axe-core");
    let package = Package {
        name: NAME.to_owned(),
        version: VERSION.to_owned(),
        checksum: INTEGRITY.to_owned(),
        ..Package::default()
    };
    let (fetch, file) = npm::pack(context, &package, &folder);
    if !file.is_file() {
        settings.find_program("npm").context("install npm")?;
        print(&format!("      no {NAME}@{VERSION} here: fetching it"));
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        fetch
            .output()
            .context("cannot fetch it (is the network there, or its proxy set?)")?;
    }
    if let Err(error) = npm::ensure_pinned(&package, &file) {
        // The next run downloads it again.
        fs::remove_file(&file)?;
        return Err(error);
    }
    let unpacked = settings.target.join("xtask").join("axe-core");
    create_private(&unpacked)?;
    Command::new(context, "tar")
        .args(["-xzf".as_ref(), file.as_os_str(), "-C".as_ref()])
        .args([unpacked.as_os_str(), SCRIPT.as_ref()])
        .output()
        .with_context(|| format!("{NAME} cannot be unpacked"))?;
    Ok(unpacked.join(SCRIPT))
}
