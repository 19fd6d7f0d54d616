//! The container engine: docker, podman or buildah, the first one that works on this machine.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use harness::context::Context;
use harness::process::command::{Command, EnvVars};
use serde::{Deserialize, Serialize};

use crate::engine_files;

/// The name of the last image that was built on this machine.
pub const IMAGE: &str = concat!("localhost/portcullis:", env!("CARGO_PKG_VERSION"));

/// The tag of the image of a source, by the source's digest. The version is the same for all images between two releases.
pub fn tag_of(source: &str) -> &str {
    source.get(..12).unwrap_or(source)
}

/// The name of the image with this tag.
pub fn name_of(source: &str) -> String {
    format!("localhost/portcullis:{}", tag_of(source))
}

/// What to install where there is no engine.
const INSTALL: &str = "install one, for example `apt-get install podman buildah runc netavark`";

/// A program that builds images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Needs its server.
    Docker,
    /// Builds and runs.
    Podman,
    /// Only builds.
    Buildah,
}

/// An engine that works.
pub struct Engine<'a> {
    /// The settings and the stop flag.
    pub context: &'a Context,
    /// Which one.
    pub kind: Kind,
    program: PathBuf,
    variables: EnvVars,
    /// Whether the machine has no systemd, so that the engine's usual settings do not work.
    pub is_bare: bool,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Docker, Kind::Podman, Kind::Buildah];

    /// The name of its program.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Docker => "docker",
            Kind::Podman => "podman",
            Kind::Buildah => "buildah",
        }
    }

    /// Arguments that make the engine report what it is; a client without a server fails, or prints nothing.
    fn probe(self) -> &'static [&'static str] {
        match self {
            Kind::Docker => &["info", "--format", "{{.ServerVersion}}"],
            Kind::Podman => &["info", "--format", "{{.Version.Version}}"],
            Kind::Buildah => &["info"],
        }
    }
}

/// What a program printed when it was probed.
#[derive(Debug, Clone, Default)]
pub struct Probe {
    /// Whether it exited with 0.
    pub succeeded: bool,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Probe {
    fn works(&self) -> bool {
        self.succeeded && !self.stdout.trim().is_empty()
    }

    /// The last line that it printed.
    fn reason(&self) -> &str {
        let last = self.stderr.trim_end().lines().next_back();
        last.or_else(|| self.stdout.trim_end().lines().next_back())
            .unwrap_or("it printed nothing")
    }
}

/// The first of these engines that works. `probe` returns `None` for a program that is not installed.
///
/// # Errors
/// One line that names each installed engine with the reason why it does not work.
pub fn choose(kinds: &[Kind], mut probe: impl FnMut(Kind) -> Result<Option<Probe>>) -> Result<Kind> {
    let mut reasons = Vec::new();
    for &kind in kinds {
        match probe(kind)? {
            Some(probe) if probe.works() => return Ok(kind),
            Some(probe) => reasons.push(format!("{} does not work ({})", kind.name(), probe.reason())),
            None => {}
        }
    }
    if reasons.is_empty() {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        bail!("no container engine ({}): {INSTALL}", names.join(", "));
    }
    bail!("no container engine works: {}: {INSTALL}", reasons.join("; "))
}

impl<'a> Engine<'a> {
    /// The first engine of this machine that works.
    pub fn find(context: &'a Context) -> Result<Engine<'a>> {
        Engine::one_of(context, &Kind::ALL)
    }

    /// This machine's engine of one kind.
    ///
    /// # Errors
    /// When it is not installed or does not work.
    pub fn of(context: &'a Context, kind: Kind) -> Result<Engine<'a>> {
        Engine::one_of(context, &[kind])
    }

    fn one_of(context: &'a Context, kinds: &[Kind]) -> Result<Engine<'a>> {
        let is_bare = !Path::new("/run/systemd/system").is_dir();
        let variables = if is_bare {
            engine_files::write(context)?
        } else {
            Vec::new()
        };
        let kind = choose(kinds, |kind| {
            let Some(program) = context.settings.find_program(kind.name()) else {
                return Ok(None);
            };
            let command = Command::new(context, program).envs(variables.clone());
            let finished = command.args(kind.probe().iter().copied()).capture()?;
            Ok(Some(Probe {
                succeeded: finished.status.success(),
                stdout: finished.stdout,
                stderr: finished.stderr,
            }))
        })?;
        Ok(Engine {
            context,
            kind,
            program: context
                .settings
                .find_program(kind.name())
                .unwrap_or_else(|| kind.name().into()),
            variables,
            is_bare,
        })
    }

    /// Whether it runs containers.
    pub fn can_run(&self) -> bool {
        self.kind != Kind::Buildah
    }

    /// Whether it is podman, which has options of its own.
    pub fn is_podman(&self) -> bool {
        self.kind == Kind::Podman
    }

    /// A command of the engine.
    pub fn command<I: IntoIterator<Item = S>, S: Into<std::ffi::OsString>>(&self, args: I) -> Command<'a> {
        let command = Command::new(self.context, &self.program).envs(self.variables.clone());
        command.args(args)
    }

    /// Another program that starts the engine.
    pub fn client(&self, program: impl Into<std::ffi::OsString>) -> Command<'a> {
        Command::new(self.context, program).envs(self.variables.clone())
    }

    /// Whether an image is on this machine.
    pub fn has_image(&self, image: &str) -> Result<bool> {
        let command = match self.kind {
            Kind::Docker | Kind::Podman => self.command(["image", "inspect", image]),
            Kind::Buildah => self.command(["inspect", "--type", "image", image]),
        };
        Ok(command.capture()?.status.success())
    }

    /// Gives an image another name, which may be that of a former image.
    pub fn tag(&self, image: &str, name: &str) -> Result<()> {
        self.command(["tag", image, name]).output()?;
        Ok(())
    }

    /// Writes an image to a file in the format of `docker save`.
    pub fn save(&self, image: &str, file: &Path) -> Result<()> {
        if file.exists() {
            // podman adds to no existing archive.
            std::fs::remove_file(file)?;
        }
        let command = match self.kind {
            Kind::Docker => self.command(["save", "--output"]).args([file]).args([image]),
            Kind::Podman => self
                .command(["save", "--quiet", "--format", "docker-archive", "--output"])
                .args([file])
                .args([image]),
            Kind::Buildah => self
                .command(["push", "--quiet", image])
                .args([format!("docker-archive:{}:{image}", file.display())]),
        };
        command.output()?;
        Ok(())
    }

    /// Replaces an image by that of an archive.
    pub fn replace(&self, image: &str, file: &Path) -> Result<()> {
        let command = match self.kind {
            Kind::Docker | Kind::Podman => self.command(["load", "--quiet", "--input"]).args([file]),
            Kind::Buildah => {
                let archive = format!("docker-archive:{}", file.display());
                self.command(["pull", "--quiet", archive.as_str()])
            }
        };
        self.command(["rmi", "--force", image]).output()?;
        command.output()?;
        Ok(())
    }
}

impl fmt::Debug for Engine<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Engine({})", self.kind.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(succeeded: bool, stdout: &str, stderr: &str) -> Option<Probe> {
        let (stdout, stderr) = (stdout.to_owned(), stderr.to_owned());
        Some(Probe {
            succeeded,
            stdout,
            stderr,
        })
    }

    /// As docker 28.2.2 without a server prints it.
    fn docker_without_server() -> Option<Probe> {
        let refused = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
        probe(false, "\n", refused)
    }

    /// What docker, podman and buildah print when they are probed.
    fn chosen(mut probes: [Option<Probe>; 3]) -> Result<Kind> {
        choose(&Kind::ALL, |kind| {
            Ok(match kind {
                Kind::Docker => probes[0].take(),
                Kind::Podman => probes[1].take(),
                Kind::Buildah => probes[2].take(),
            })
        })
    }

    #[test]
    fn a_client_without_a_server_is_no_engine() {
        let docker = || probe(true, "28.2.2\n", "");
        let podman = || probe(true, "4.3.1\n", "");
        let buildah = || probe(true, "{\"host\": {}}\n", "");
        assert_eq!(chosen([docker(), podman(), buildah()]).unwrap(), Kind::Docker);
        let others = chosen([docker_without_server(), podman(), buildah()]);
        assert_eq!(others.unwrap(), Kind::Podman);
        // An older docker exits with 0.
        assert_eq!(
            chosen([probe(true, "\n", ""), podman(), None]).unwrap(),
            Kind::Podman
        );
        let refused = probe(false, "", "Error: cannot clone: Operation not permitted\n");
        assert_eq!(chosen([None, refused, buildah()]).unwrap(), Kind::Buildah);
    }

    #[test]
    fn without_an_engine_one_line_names_the_reason_and_what_to_install() {
        let error = chosen([docker_without_server(), None, None])
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("no container engine works: docker does not work (Cannot connect"),
            "{error}"
        );
        assert!(
            error.contains("apt-get install podman") && !error.contains('\n'),
            "{error}"
        );
        let error = choose(&[Kind::Podman], |_| Ok(None)).unwrap_err().to_string();
        assert!(
            error.starts_with("no container engine (podman): install"),
            "{error}"
        );
        let error = chosen([None, None, None]).unwrap_err().to_string();
        assert!(
            error.starts_with("no container engine (docker, podman, buildah): install"),
            "{error}"
        );
    }
}
