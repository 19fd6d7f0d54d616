//! Builds the image with the engine, and saves it as an archive.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use harness::output::Progress;
use harness::process::command::Command;
use harness::settings::PROXY_VARIABLES;

use crate::archive::Archive;
use crate::cargo_settings::CargoSettings;
use crate::engine::{Engine, IMAGE, Kind};
use crate::normalize;
use crate::source::{self, Source};

/// The version of the program and of the image.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is built, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Build<'a> {
    /// The engine.
    pub engine: &'a Engine<'a>,
    /// The base, unless it is the one that the Dockerfile pins.
    pub base: Option<&'a str>,
    /// The source.
    pub source: &'a Source,
}

impl Build<'_> {
    /// Pulls the base unless it is on this machine.
    ///
    /// # Errors
    /// Names what to do where no registry can be reached.
    pub fn pull_base(&self) -> Result<()> {
        let image = match self.base {
            Some(base) => base.to_owned(),
            None => source::base(&self.engine.context.settings.root)?.image,
        };
        pull(self.engine, &image)
    }

    /// Builds the image of the tree in `folder`, saves it to `file` and reads it.
    pub fn image(&self, progress: &mut Progress, folder: &Path, file: &Path) -> Result<Archive> {
        let label = format!("building the image with {}", self.engine.kind.name());
        progress.step(&label, || Ok((self.run(folder)?, "built")))?;
        progress.step("saving the image", || {
            let parent = file.parent().context("a file has a folder")?;
            std::fs::create_dir_all(parent)?;
            self.engine.save(IMAGE, file)?;
            if normalize::file(file)? {
                self.engine.replace(IMAGE, file)?;
            }
            let archive = Archive::read(file)?;
            let digest = archive.digest.clone();
            Ok((archive, digest))
        })
    }

    fn run(&self, folder: &Path) -> Result<()> {
        let secrets = CargoSettings::read(self.engine.context)?;
        let mut command = self.command();
        for secret in secrets.secrets() {
            command = command.args(["--secret".to_owned(), secret]);
        }
        let build = command.args(["."]).current_dir(folder);
        build.stream().context("the image does not build")
    }

    fn command(&self) -> Command<'_> {
        let epoch = self.source.epoch.to_string();
        let command = self
            .engine
            .command(["build", "--file", "Dockerfile", "--tag", IMAGE]);
        // A second build from a cache would prove nothing.
        let mut command = command.args(["--no-cache"]);
        if self.engine.kind == Kind::Docker {
            let variables = &self.engine.context.settings.variables;
            let is_given = |name: &str| variables.iter().any(|variable| variable == name);
            // docker passes proxies on only when they are named. The engines do not record them in the image.
            for name in PROXY_VARIABLES.into_iter().filter(|name| is_given(name)) {
                command = command.args(["--build-arg", name]);
            }
        } else {
            // OCI's format has no HEALTHCHECK. The label would be the engine's version.
            command = command.args([
                "--format",
                "docker",
                "--timestamp",
                &epoch,
                "--identity-label=false",
            ]);
        }
        if self.engine.is_bare && self.engine.kind != Kind::Docker {
            // Without layers the build folder is copied once less for each instruction.
            command = command.args(["--isolation", "chroot", "--layers=false"]);
        }
        let arguments = [
            ("SOURCE_COMMIT", Some(self.source.commit.as_str())),
            ("SOURCE_DATE_EPOCH", Some(&epoch)),
            ("VERSION", Some(VERSION)),
            ("RUST_IMAGE", self.base),
        ];
        for (name, value) in arguments {
            if let Some(value) = value {
                command = command.args(["--build-arg".to_owned(), format!("{name}={value}")]);
            }
        }
        command
    }
}

/// Pulls an image unless it is on this machine.
pub fn pull(engine: &Engine<'_>, image: &str) -> Result<()> {
    if engine.has_image(image)? {
        return Ok(());
    }
    let pull = engine.command(["pull", "--quiet", image]).capture()?;
    if pull.status.success() {
        return Ok(());
    }
    let reason = pull
        .stderr
        .trim_end()
        .lines()
        .next_back()
        .unwrap_or_default()
        .trim();
    bail!(
        "cannot pull {image} ({reason}): `--rust-image` names a mirror's; where no registry can be reached, `--bases` makes \
         one with debootstrap"
    )
}
