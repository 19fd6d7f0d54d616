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

/// The file that is injected into pages.
const SCRIPT: &str = "package/axe.min.js";

/// The path of the script.
pub fn script(context: &Context) -> Result<PathBuf> {
    let settings = &context.settings;
    let cache = settings.cache.as_ref().context("set XDG_CACHE_HOME")?;
    let folder = cache.join("axe-core");
    let package = Package {
        name: "axe-core".to_owned(),
        version: "4.14.1".to_owned(),
        // `npm view axe-core@4.14.1 dist.integrity`.
        checksum:
            "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
                .to_owned(),
        ..Package::default()
    };
    let (fetch, file) = npm::pack(context, &package, &folder);
    if !file.is_file() {
        settings.find_program("npm").context("install npm")?;
        print(&format!(
            "      no axe-core {} here: fetching it",
            package.version
        ));
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        fetch
            .output()
            .context("cannot fetch it (check the network and its proxy)")?;
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
        .context("axe-core cannot be unpacked")?;
    Ok(unpacked.join(SCRIPT))
}
