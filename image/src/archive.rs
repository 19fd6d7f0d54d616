//! Reads an image archive as `docker save` and `podman save` write it: configuration, layers and files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use flate2::read::GzDecoder;
use harness::checksum;
use serde::Deserialize;
use tar::{Archive as Tar, EntryType};

/// The section in which cargo-auditable stores the list of packages.
const PACKAGES: &[u8] = b".dep-v0";

/// The first bytes of a compressed layer.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An image.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    /// The digest of the configuration, which covers the layers: the image's id.
    pub digest: String,
    /// The digests of the uncompressed layers.
    pub layers: Vec<String>,
    /// How it starts.
    pub config: Config,
    /// Every file that is no folder, by its path without the first `/`.
    pub files: BTreeMap<String, Entry>,
    /// Every folder, by its path without the first and the last `/`; the root is the empty path.
    pub folders: BTreeMap<String, Folder>,
    /// Bytes of the uncompressed layers.
    pub size: u64,
}

/// How an image starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Config {
    /// `UID:GID`.
    pub user: String,
    /// `NAME=VALUE`.
    pub env: Vec<String>,
    /// The program.
    pub entrypoint: Vec<String>,
    /// Its arguments, unless others are given.
    pub cmd: Vec<String>,
    /// The check of a running container.
    pub healthcheck: Option<Healthcheck>,
    /// What ends it.
    pub stop_signal: String,
}

/// The check of a running container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Healthcheck {
    /// `CMD` and a command, or `CMD-SHELL` and a script.
    pub test: Vec<String>,
}

/// A file of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whether it is a regular file, not a link or a device.
    pub is_regular: bool,
    /// Permissions.
    pub mode: u32,
    /// Its owner.
    pub uid: u64,
    /// The digest of its content.
    pub digest: String,
    /// Whether it is a program that lists its packages.
    pub lists_packages: bool,
}

/// A folder of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Permissions.
    pub mode: u32,
    /// Its owner.
    pub uid: u64,
}

/// The files of the outer archive, by name. Links are left out: older formats have them for layers that are listed anyway.
#[derive(Debug)]
pub struct Parts(BTreeMap<String, Vec<u8>>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    config: String,
    layers: Vec<String>,
}

#[derive(Deserialize)]
struct ConfigFile {
    #[serde(default)]
    config: Config,
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Vec<String>,
}

impl Archive {
    /// Reads an archive with one image.
    pub fn read(file: &Path) -> Result<Archive> {
        let open = || File::open(file).with_context(|| format!("cannot read {}", file.display()));
        Archive::parse(open()?).with_context(|| format!("{} is no archive of an image", file.display()))
    }

    pub(crate) fn parse(archive: impl Read) -> Result<Archive> {
        let mut parts = Parts::read(archive)?;
        let manifest = parts.take("manifest.json")?;
        let [manifest] = serde_json::from_slice::<[Manifest; 1]>(&manifest).context("manifest.json")?;
        let config = parts.take(&manifest.config)?;
        let digest = format!("sha256:{}", checksum::of(&config));
        let config: ConfigFile = serde_json::from_slice(&config).context("the configuration")?;
        let mut image = Archive {
            digest,
            layers: config.rootfs.diff_ids,
            config: config.config,
            ..Archive::default()
        };
        ensure!(
            manifest.layers.len() == image.layers.len(),
            "the number of layers differs"
        );
        for (name, wanted) in manifest.layers.iter().zip(image.layers.clone()) {
            let layer = uncompressed(parts.take(name)?)?;
            let found = format!("sha256:{}", checksum::of(&layer));
            ensure!(found == wanted, "layer {name} is {found}, not {wanted}");
            image.size += layer.len() as u64;
            image.add(&layer)?;
        }
        Ok(image)
    }

    /// The paths of files and folders that only one image has, or that differ.
    pub fn differences<'a>(&'a self, other: &'a Archive) -> Vec<&'a str> {
        let mut paths = differences(&self.files, &other.files);
        paths.extend(differences(&self.folders, &other.folders));
        paths
    }

    /// A later layer replaces the files of an earlier one. Files that it deletes remain listed, because they are in the image.
    fn add(&mut self, layer: &[u8]) -> Result<()> {
        for entry in Tar::new(layer).entries()? {
            let mut entry = entry?;
            let header = entry.header();
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let path = path.trim_start_matches("./").trim_matches('/');
            let path = if path == "." { "" } else { path }.to_owned();
            let (mode, uid) = (header.mode()?, header.uid()?);
            if header.entry_type() == EntryType::Directory {
                self.folders.insert(path, Folder { mode, uid });
                continue;
            }
            let is_regular = header.entry_type() == EntryType::Regular;
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            let file = Entry {
                is_regular,
                mode,
                uid,
                digest: checksum::of(&content),
                lists_packages: content.windows(PACKAGES.len()).any(|part| part == PACKAGES),
            };
            self.files.insert(path, file);
        }
        Ok(())
    }
}

impl Parts {
    /// Reads the outer archive.
    pub fn read(archive: impl Read) -> Result<Parts> {
        let mut parts = BTreeMap::new();
        for entry in Tar::new(archive).entries()? {
            let mut entry = entry?;
            if entry.header().entry_type() == EntryType::Regular {
                let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                let mut content = Vec::new();
                entry.read_to_end(&mut content)?;
                parts.insert(name, content);
            }
        }
        Ok(Parts(parts))
    }

    /// Takes a file out.
    pub fn take(&mut self, name: &str) -> Result<Vec<u8>> {
        self.0.remove(name).with_context(|| format!("there is no {name}"))
    }
}

fn differences<'a, T: PartialEq>(
    these: &'a BTreeMap<String, T>,
    others: &'a BTreeMap<String, T>,
) -> Vec<&'a str> {
    let only_other = others.keys().filter(|path| !these.contains_key(*path));
    let paths = these.keys().filter(|path| these.get(*path) != others.get(*path));
    paths.chain(only_other).map(String::as_str).collect()
}

fn uncompressed(layer: Vec<u8>) -> Result<Vec<u8>> {
    if !layer.starts_with(&GZIP) {
        return Ok(layer);
    }
    let mut content = Vec::new();
    GzDecoder::new(Cursor::new(layer)).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;
    use tar::{Builder, Header};

    use super::*;

    /// A file: path, content, mode, owner. The path of a folder ends with `/`.
    pub type Planted<'a> = (&'a str, &'a str, u32, u64);

    /// The folders of an image that passes all checks.
    pub const FOLDERS: [Planted<'_>; 3] = [
        ("etc/", "", 0o755, 0),
        ("etc/ssl/", "", 0o755, 0),
        ("etc/ssl/certs/", "", 0o755, 0),
    ];

    /// The files of an image that passes all checks.
    pub const FILES: [Planted<'_>; 5] = [
        ("portcullis", "\u{7f}ELF .dep-v0", 0o755, 0),
        ("etc/passwd", "", 0o644, 0),
        ("etc/group", "", 0o644, 0),
        ("etc/nsswitch.conf", "", 0o644, 0),
        ("etc/ssl/certs/ca-certificates.crt", "", 0o644, 0),
    ];

    fn tar(files: &[Planted<'_>]) -> Vec<u8> {
        let mut tar = Builder::new(Vec::new());
        for (path, content, mode, uid) in FOLDERS.iter().chain(files) {
            let mut header = Header::new_gnu();
            if path.ends_with('/') {
                header.set_entry_type(EntryType::Directory);
            }
            header.set_size(content.len() as u64);
            header.set_mode(*mode);
            header.set_uid(*uid);
            header.set_gid(0);
            tar.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap()
    }

    /// How an image that passes all checks starts.
    pub fn config() -> serde_json::Value {
        json!({
            "User": "65532:65532",
            "Env": ["PATH=/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
            "Entrypoint": ["/portcullis"],
            "Cmd": ["serve"],
            "Healthcheck": {"Test": ["CMD", "/portcullis", "healthcheck"], "Interval": 10},
            "StopSignal": "SIGTERM",
            "Labels": {},
        })
    }

    /// An archive with one layer, read.
    pub fn archive(files: &[Planted<'_>], config: &serde_json::Value, compressed: bool) -> Result<Archive> {
        Archive::parse(saved(files, config, &json!({}), compressed).as_slice())
    }

    /// An archive with one layer; `more` are further fields beside the configuration.
    pub fn saved(
        files: &[Planted<'_>],
        config: &serde_json::Value,
        more: &serde_json::Value,
        compressed: bool,
    ) -> Vec<u8> {
        let layer = tar(files);
        let diff_id = format!("sha256:{}", checksum::of(&layer));
        let layer = if compressed {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(&layer).unwrap();
            gzip.finish().unwrap()
        } else {
            layer
        };
        let mut file = json!({"config": config, "rootfs": {"type": "layers", "diff_ids": [diff_id]}});
        for (name, value) in more.as_object().unwrap() {
            file[name] = value.clone();
        }
        let manifest = json!([{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["l.tar"]}]);
        let mut outer = Builder::new(Vec::new());
        for (name, content) in [
            ("l.tar", layer),
            ("c.json", file.to_string().into()),
            ("manifest.json", manifest.to_string().into()),
        ] {
            let mut header = Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            outer.append_data(&mut header, name, content.as_slice()).unwrap();
        }
        outer.into_inner().unwrap()
    }

    #[test]
    fn files_configuration_and_digests_are_read() {
        let image = archive(&FILES, &config(), false).unwrap();
        assert_eq!(image.files.len(), FILES.len(), "folders are not among them");
        let folders: Vec<&str> = image.folders.keys().map(String::as_str).collect();
        assert_eq!(folders, ["etc", "etc/ssl", "etc/ssl/certs"]);
        assert_eq!(image.config.cmd, ["serve"]);
        assert!(image.files["portcullis"].lists_packages && !image.files["etc/group"].lists_packages);
        assert_eq!(image.files["portcullis"].mode, 0o755);
        let again = archive(&FILES, &config(), true).unwrap();
        assert_eq!(
            again.layers, image.layers,
            "the digests are those of uncompressed layers"
        );
        assert_eq!(again.size, image.size);
        assert!(again.differences(&image).is_empty());
    }

    #[test]
    fn differences_are_named() {
        let image = archive(&FILES, &config(), false).unwrap();
        let mut files = FILES;
        files[1].1 = "other";
        files[2].0 = "etc/groups";
        let other = archive(&files, &config(), false).unwrap();
        assert_ne!(image.digest, other.digest);
        assert_eq!(
            image.differences(&other),
            ["etc/group", "etc/passwd", "etc/groups"]
        );
    }

    #[test]
    fn what_is_no_image_is_an_error() {
        assert!(Archive::parse(tar(&FILES).as_slice()).is_err(), "no manifest");
        assert!(Archive::parse(&b"text"[..]).is_err());
    }
}
