//! `target/image/image.json`: what was built, from what, and what was found.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::json_file;
use serde::{Deserialize, Serialize};

use crate::archive::Archive;
use crate::content::{MAX_SIZE, megabytes};
use crate::engine::{Engine, IMAGE};
use crate::source::Source;
use crate::start::Started;

/// The figures of one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Its name.
    pub image: String,
    /// Its id, the digest of its configuration.
    pub digest: String,
    /// The digests of its uncompressed layers.
    pub layers: Vec<String>,
    /// Bytes of its uncompressed layers.
    pub size: u64,
    /// Its files.
    pub files: Vec<String>,
    /// The account that runs it.
    pub user: String,
    /// The commit that it was built from.
    pub commit: String,
    /// The digest of the files that the build read.
    pub source: String,
    /// The engine that built it.
    pub engine: String,
    /// The base, unless it is the one that the Dockerfile pins.
    pub base: Option<String>,
    /// Whether a second build had the same digests; `None` if there was none.
    pub reproducible: Option<bool>,
    /// What was found when it was started.
    pub start: Option<Started>,
    /// What could not be checked here.
    pub not_run: Vec<String>,
}

impl Figures {
    /// The figures of an image that was just built.
    pub fn of(engine: &Engine<'_>, base: Option<&str>, source: &Source, image: &Archive) -> Figures {
        Figures {
            image: IMAGE.to_owned(),
            digest: image.digest.clone(),
            layers: image.layers.clone(),
            size: image.size,
            files: image.files.keys().cloned().collect(),
            user: image.config.user.clone(),
            commit: source.commit.clone(),
            source: source.digest.clone(),
            engine: engine.kind.name().to_owned(),
            base: base.map(str::to_owned),
            reproducible: None,
            start: None,
            not_run: Vec::new(),
        }
    }

    /// Reads the figures of the last image, if there is one.
    pub fn read(context: &Context) -> Option<Figures> {
        json_file::read(&folder(context).join("image.json"))
    }

    /// Writes them beside the archive.
    pub fn write(&self, context: &Context) -> Result<()> {
        json_file::write(&folder(context).join("image.json"), self).context("the figures of the image")
    }

    /// One line.
    pub fn summary(&self, file: &Path) -> String {
        format!(
            "{}: {} (limit {}), {} files, user {}, {}",
            self.image,
            megabytes(self.size),
            megabytes(MAX_SIZE),
            self.files.len(),
            self.user,
            file.display()
        )
    }
}

/// The archive of the image, which the gate `trivy-image` scans.
pub fn archive_file(context: &Context) -> PathBuf {
    folder(context).join("portcullis.tar")
}

fn folder(context: &Context) -> PathBuf {
    context.settings.target.join("image")
}
