//! Settings of podman and buildah for a machine without systemd, such as a container: their own would need systemd for control
//! groups, mount an overlay file system, and raise limits.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::process::command::EnvVars;

/// The folder of images and settings, in the cache.
pub fn folder(context: &Context) -> Result<PathBuf> {
    let cache = context.settings.cache.as_ref();
    let folder = cache
        .context("no folder for images: set XDG_CACHE_HOME")?
        .join("containers");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Writes the files and returns the variables that name them.
pub fn write(context: &Context) -> Result<EnvVars> {
    let folder = folder(context)?;
    let has_runc = context.settings.find_program("runc").is_some();
    let write = |name: &str, text: String| {
        let file = folder.join(name);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        Ok::<PathBuf, anyhow::Error>(file)
    };
    let containers = write("containers.conf", containers(has_runc))?;
    let storage = write("storage.conf", storage(&folder))?;
    Ok(vec![
        ("CONTAINERS_CONF".into(), containers.into()),
        ("CONTAINERS_STORAGE_CONF".into(), storage.into()),
        // podman would have systemd run the health check.
        ("DISABLE_HC_SYSTEMD".into(), "true".into()),
    ])
}

/// The limits are below those of any machine: raising them needs CAP_SYS_RESOURCE. crun fails where control groups of both versions
/// are mounted.
fn containers(has_runc: bool) -> String {
    let runtime = if has_runc { "runtime = \"runc\"\n" } else { "" };
    format!(
        "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1000:1000\"]\n\n\
         [engine]\n{runtime}cgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n"
    )
}

/// `vfs` copies every layer, and works on every file system.
fn storage(folder: &Path) -> String {
    let path = |name: &str| toml::Value::from(folder.join(name).display().to_string());
    format!(
        "[storage]\ndriver = \"vfs\"\nrunroot = {}\ngraphroot = {}\n",
        path("run"),
        path("storage")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_valid_toml() {
        let containers: toml::Table = containers(true).parse().unwrap();
        assert_eq!(containers["engine"]["runtime"].as_str(), Some("runc"));
        assert!(super::containers(false).parse::<toml::Table>().is_ok());
        let storage: toml::Table = storage(Path::new("/a \"b\"")).parse().unwrap();
        assert_eq!(storage["storage"]["graphroot"].as_str(), Some("/a \"b\"/storage"));
    }
}
