//! axe-core, which judges how accessible a page is: one pinned package of the npm registry, fetched once, checked each
//! time; never runs any of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha512};

use crate::context::Context;
use crate::progress::say;
use crate::run::Call;

const PACKAGE: &str = "axe-core@4.14.1";

/// As npm names it.
const FILE: &str = "axe-core-4.14.1.tgz";

/// What `npm view axe-core@4.14.1 dist.integrity` says after `sha512-`.
const INTEGRITY: &str =
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==";

/// The one file of it that a page is given.
const SCRIPT: &str = "package/axe.min.js";

/// The script's file.
///
/// # Errors
/// Says what is missing, or that what came is not what was pinned.
pub fn script(context: &Context) -> Result<PathBuf> {
    let settings = &context.settings;
    let cache = settings.cache.as_ref().context("set XDG_CACHE_HOME")?;
    let folder = cache.join("axe-core");
    let package = folder.join(FILE);
    if !package.is_file() {
        let npm = settings.find_program("npm").context("install npm")?;
        say(&format!("      no {PACKAGE} here: fetching it"));
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        fetch(context, npm, &folder)?;
    }
    if let Err(error) = ensure_pinned(&package) {
        // The next run may get the right one.
        fs::remove_file(&package)?;
        return Err(error);
    }
    let unpacked = settings.target.join("xtask").join("axe-core");
    fs::create_dir_all(&unpacked).with_context(|| format!("cannot create {}", unpacked.display()))?;
    let tar = Call::new(context, "tar").args(["-xzf".as_ref(), package.as_os_str(), "-C".as_ref()]);
    let done = tar.args([unpacked.as_os_str(), SCRIPT.as_ref()]).capture()?;
    ensure!(
        done.status.success(),
        "{FILE} cannot be unpacked: {}",
        done.stderr.trim()
    );
    Ok(unpacked.join(SCRIPT))
}

/// Packing runs none of the package's scripts.
fn fetch(context: &Context, npm: PathBuf, folder: &Path) -> Result<()> {
    let call = Call::new(context, npm).args(["pack", PACKAGE, "--ignore-scripts", "--silent"]);
    let call = call.args(["--fetch-retries=1", "--fetch-timeout=30000", "--pack-destination"]);
    let done = call.args([folder]).capture()?;
    if !done.status.success() {
        bail!("`npm pack {PACKAGE}` failed (is the network there, or its proxy set?)");
    }
    Ok(())
}

fn ensure_pinned(package: &Path) -> Result<()> {
    let bytes = fs::read(package).with_context(|| format!("no {}", package.display()))?;
    let told = STANDARD.encode(Sha512::digest(&bytes));
    ensure!(
        told == INTEGRITY,
        "{FILE} is not the package that was pinned: sha512-{told}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_package_is_refused() {
        let file = std::env::temp_dir().join(format!("xtask-axe-{}", std::process::id()));
        fs::write(&file, "abc").unwrap();
        let error = ensure_pinned(&file).unwrap_err().to_string();
        // SHA-512 of abc, FIPS 180-2.
        assert!(error.ends_with("sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="), "{error}");
        fs::remove_file(file).unwrap();
    }
}
