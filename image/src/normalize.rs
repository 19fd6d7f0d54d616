//! Removes what differs between two builds of podman and buildah from an archive: the id and the host name of the container that they
//! built in, which Docker's format of an image has fields for. OCI's has none, but no HEALTHCHECK either.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use harness::checksum;
use serde_json::{Map, Value};
use tar::{Builder, Header};

use crate::archive::Parts;

/// The name of the list in the archive.
const MANIFEST: &str = "manifest.json";

/// Rewrites an archive; false if it had nothing to remove.
pub fn file(file: &Path) -> Result<bool> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let Some(normal) = normalized(Parts::read(bytes.as_slice())?)? else {
        return Ok(false);
    };
    fs::write(file, normal).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(true)
}

fn normalized(mut parts: Parts) -> Result<Option<Vec<u8>>> {
    let mut manifest: Value = serde_json::from_slice(&parts.take(MANIFEST)?)?;
    let name = manifest[0]["Config"]
        .as_str()
        .context("no configuration")?
        .to_owned();
    let mut config: Map<String, Value> = serde_json::from_slice(&parts.take(&name)?)?;
    if !remove_builder(&mut config) {
        return Ok(None);
    }
    let config = serde_json::to_vec(&config)?;
    let name = format!("{}.json", checksum::of(&config));
    manifest[0]["Config"] = name.clone().into();

    let layers = manifest[0]["Layers"].as_array().cloned().unwrap_or_default();
    let mut tar = Builder::new(Vec::new());
    append(&mut tar, MANIFEST, &serde_json::to_vec(&manifest)?)?;
    append(&mut tar, &name, &config)?;
    for layer in &layers {
        let layer = layer.as_str().context("a layer has no name")?;
        append(&mut tar, layer, &parts.take(layer)?)?;
    }
    Ok(Some(tar.into_inner()?))
}

fn remove_builder(config: &mut Map<String, Value>) -> bool {
    let fields = ["container", "container_config"].map(|field| config.remove(field).is_some());
    let running = config.get_mut("config").and_then(Value::as_object_mut);
    let host = running.and_then(|running| running.remove("Hostname"));
    fields.contains(&true) || host.is_some()
}

fn append(tar: &mut Builder<Vec<u8>>, name: &str, content: &[u8]) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    tar.append_data(&mut header, name, content)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::archive::Archive;
    use crate::archive::tests::{FILES, config, saved};

    /// L2: Two builds differ only by the container that they ran in, which the image does not show.
    #[test]
    fn the_container_of_the_build_is_no_part_of_the_digest() {
        let build = |container: &str| {
            let mut running = config();
            running["Hostname"] = json!(container);
            let more = json!({"container": container, "container_config": running.clone()});
            let saved = saved(&FILES, &running, &more, false);
            let parsed = Archive::parse(saved.as_slice()).unwrap();
            let normal = normalized(Parts::read(saved.as_slice()).unwrap())
                .unwrap()
                .unwrap();
            let again = normalized(Parts::read(normal.as_slice()).unwrap()).unwrap();
            assert_eq!(again, None, "nothing is left to remove");
            (parsed, Archive::parse(normal.as_slice()).unwrap())
        };
        let ((first, normal_first), (second, normal_second)) = (build("a"), build("b"));
        assert_ne!(first.digest, second.digest);
        assert_eq!(normal_first.digest, normal_second.digest);
        assert_eq!(first.layers, normal_first.layers);
        assert_eq!(first.config, normal_first.config);
        assert_eq!(first.files, normal_first.files);
    }
}
