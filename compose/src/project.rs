//! The running stack: the commands of docker's or podman's compose, and what they do not do.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use harness::ports;
use harness::process::command::{Command, EnvVars};
use image::engine::{Engine, Kind};
use tools::{find, install, table};

use crate::images::Tags;
use crate::options::Options;
use crate::ports::Ports;
use crate::state::State;

/// The parts beside the database, in the order of their start.
pub(crate) const PARTS: [&str; 8] = [
    "mailpit",
    "zipkin",
    "victoria-logs",
    "prometheus",
    "collector",
    "portcullis-1",
    "portcullis-2",
    "nginx",
];

/// The parts of [`PARTS`] that serve the API.
const REPLICAS: [&str; 2] = ["portcullis-1", "portcullis-2"];

/// nginx tries a replica again two seconds after the last connection to it that failed.
const FAIL_TIMEOUT: Duration = Duration::from_secs(3);

/// The longest time that `compose.yaml` gives a part to stop, in seconds.
pub const STOP_SECONDS: u64 = 60;

/// The first start of a part may initialise a volume, on a busy machine.
const HEALTHY_TIMEOUT: Duration = Duration::from_secs(180);

/// What compose marks the things of a project with.
const PROJECT_LABEL: &str = "com.docker.compose.project";
const SERVICE_LABEL: &str = "com.docker.compose.service";

/// A stack.
pub struct Project<'a> {
    engine: &'a Engine<'a>,
    name: String,
    /// podman's compose is a program of its own.
    podman_compose: Option<PathBuf>,
    variables: EnvVars,
    tags: Tags,
    /// Where it is reached.
    pub ports: Ports,
}

impl<'a> Project<'a> {
    /// The stack with these options and images.
    pub(crate) fn new(
        engine: &'a Engine<'a>,
        options: &Options,
        state: &State,
        ports: &Ports,
        tags: Tags,
    ) -> Result<Project<'a>> {
        let podman_compose = match engine.kind {
            Kind::Docker => None,
            Kind::Podman => Some(podman_compose(engine)?),
            Kind::Buildah => bail!("buildah starts no containers: install podman or docker"),
        };
        let settings: [(&str, OsString); 2] = [
            ("PORTCULLIS_STATE", state.folder.clone().into()),
            ("PORTCULLIS_NETWORK", options.network.clone().into()),
        ];
        let variables = settings
            .into_iter()
            .chain(ports.variables())
            .chain(tags.variables())
            .map(|(name, value)| (name.into(), value));
        Ok(Project {
            engine,
            name: options.project.clone(),
            podman_compose,
            variables: variables.collect(),
            tags,
            ports: ports.clone(),
        })
    }

    /// Fails if compose does not run.
    pub(crate) fn ensure_compose(&self) -> Result<()> {
        let version = self.compose_program().args(["version"]).capture()?;
        ensure!(
            version.status.success(),
            "compose does not run with {} (docker needs its plugin, the package docker-compose-plugin or docker-compose-v2): {}",
            self.engine.kind.name(),
            version.stderr.lines().next().unwrap_or_default()
        );
        Ok(())
    }

    /// Fails if another program uses a port.
    pub(crate) fn ensure_ports_are_free(&self) -> Result<()> {
        for (part, port, option) in self.ports.published() {
            let label = format!("label={SERVICE_LABEL}={part}");
            let published = self.list(&["ps", "--format={{.Ports}}", "--filter", &label])?;
            let is_ours = published
                .iter()
                .any(|ports| ports.contains(&format!(":{port}->")));
            if !is_ours {
                ports::ensure_free(port, option)?;
            }
        }
        Ok(())
    }

    /// Starts parts, and does not wait.
    pub(crate) fn start(&self, parts: &[&str]) -> Result<()> {
        // The order is ours: podman before 4.6 cannot wait for a healthy container.
        let up = self.compose(&["up", "--detach", "--no-deps"]);
        up.args(parts.iter().copied()).output()?;
        Ok(())
    }

    /// Starts all parts beside the database, and waits until each is healthy. Replicas of a former image are replaced one after the other,
    /// so that one of them always serves.
    pub(crate) fn start_parts(&self) -> Result<()> {
        for replica in REPLICAS {
            if self.remove_outdated(replica)? {
                self.start(&[replica])?;
                self.wait_until_healthy(replica)?;
                self.engine.context.stop.wait_until(FAIL_TIMEOUT, || Ok(false))?;
            }
        }
        for part in PARTS {
            self.remove_outdated(part)?;
        }
        self.start(&PARTS)?;
        for part in PARTS {
            self.wait_until_healthy(part)?;
        }
        Ok(())
    }

    /// Stops and removes the container of a part if its image is a former one; false if it is not. podman-compose compares settings only,
    /// and would remove nginx together with a replica, because it depends on it.
    pub(crate) fn remove_outdated(&self, part: &str) -> Result<bool> {
        let Some(container) = self.find_container(part)? else {
            return Ok(false);
        };
        let id = |command: [&str; 4]| {
            let id = self.engine.command(command).output()?;
            anyhow::Ok(id.trim().trim_start_matches("sha256:").to_owned())
        };
        let used = id(["container", "inspect", "--format={{.Image}}", &container])?;
        let wanted = id(["image", "inspect", "--format={{.Id}}", &self.image(part)])?;
        if used == wanted {
            return Ok(false);
        }
        self.stop(&container)?;
        self.engine.command(["rm", &container]).output()?;
        Ok(true)
    }

    /// Runs a command of the service to its end, and returns what it prints.
    pub(crate) fn run(&self, task: &str, arguments: &[&str]) -> Result<String> {
        let run = self.compose(&["run", "--rm", "--no-deps", "-T", task]);
        let finished = run.args(arguments.iter().copied()).capture()?;
        ensure!(
            finished.status.success(),
            "`{task}` failed: {}",
            finished.stderr.trim_end()
        );
        Ok(finished.stdout)
    }

    /// Imports the demo data and adds the demo accounts, once.
    pub(crate) fn load(&self, state: &State) -> Result<()> {
        let list = self.run("account", &[])?;
        let accounts = state.accounts()?;
        let is_new = |email: &str| !list.split_whitespace().any(|word| word == email);
        if accounts.iter().all(|account| is_new(&account.email)) {
            self.run("import", &[])?;
        }
        for account in accounts.iter().filter(|account| is_new(&account.email)) {
            let password = format!("/run/secrets/account_{}", account.role);
            let add = ["accounts", "add", &account.email, "--role", account.role];
            let add = [&add[..], &["--name", &account.name, "--password-file", &password]].concat();
            self.run("account", &add)?;
        }
        Ok(())
    }

    /// The container of a part.
    ///
    /// # Errors
    /// When there is none.
    pub fn container(&self, part: &str) -> Result<String> {
        self.find_container(part)?
            .with_context(|| format!("there is no container `{part}`"))
    }

    fn find_container(&self, part: &str) -> Result<Option<String>> {
        let label = format!("label={SERVICE_LABEL}={part}");
        let list = self.list(&["ps", "--all", "--quiet", "--filter", &label])?;
        Ok(list.into_iter().next())
    }

    /// The tags of the images.
    pub(crate) fn tags(&self) -> &Tags {
        &self.tags
    }

    /// The image of a part.
    pub fn image(&self, part: &str) -> String {
        self.tags.image(part)
    }

    /// Waits until the health check of a part succeeds.
    ///
    /// # Errors
    /// After three minutes, with the last lines of its log.
    pub fn wait_until_healthy(&self, part: &str) -> Result<()> {
        let container = self.container(part)?;
        let healthy = self.engine.context.stop.wait_until(HEALTHY_TIMEOUT, || {
            let health = match self.engine.kind {
                // It runs the checks itself.
                Kind::Docker => {
                    self.engine
                        .command(["inspect", "--format", "{{.State.Health.Status}}", &container])
                }
                // Without systemd nothing else does.
                Kind::Podman | Kind::Buildah => self.engine.command(["healthcheck", "run", &container]),
            };
            let finished = health.capture()?;
            let is_unhealthy = self.engine.kind == Kind::Docker && finished.stdout.trim() != "healthy";
            Ok(finished.status.success() && !is_unhealthy)
        })?;
        if healthy {
            return Ok(());
        }
        let log = self
            .engine
            .command(["logs", "--tail", "12", &container])
            .capture()?;
        bail!("{part} does not become healthy:\n{}{}", log.stdout, log.stderr)
    }

    /// Stops a part as a new version would: its stop signal, and its time to end. Then starts it again.
    ///
    /// # Errors
    /// When it ends with another exit code than 0, or does not become healthy.
    pub fn restart(&self, part: &str) -> Result<()> {
        let container = self.container(part)?;
        self.stop(&container)?;
        let inspect = ["inspect", "--format", "{{.State.ExitCode}}", &container];
        let code = self.engine.command(inspect).output()?;
        let code = code.trim();
        ensure!(code == "0", "{part} was stopped and ended with exit code {code}");
        self.start_again(part)
    }

    fn stop(&self, container: &str) -> Result<()> {
        let time = STOP_SECONDS.to_string();
        self.engine.command(["stop", "-t", &time, container]).output()?;
        Ok(())
    }

    /// Starts a part that has ended.
    ///
    /// # Errors
    /// When it does not become healthy.
    pub fn start_again(&self, part: &str) -> Result<()> {
        let container = self.container(part)?;
        self.engine.command(["start", &container]).output()?;
        self.wait_until_healthy(part)
    }

    /// Ends the process of a part with SIGKILL.
    ///
    /// # Errors
    /// When there is none.
    pub fn kill(&self, part: &str) -> Result<()> {
        let container = self.container(part)?;
        self.engine
            .command(["kill", "--signal", "KILL", &container])
            .output()?;
        Ok(())
    }

    /// Stops and removes everything.
    pub(crate) fn down(&self) -> Result<()> {
        let removed = self
            .compose(&["down", "--volumes", "--remove-orphans"])
            .capture()?;
        let left = self.left()?;
        ensure!(
            left.is_empty(),
            "some of the stack is still there: {}\n{}",
            left.join(", "),
            removed.stderr.trim_end()
        );
        Ok(())
    }

    /// Fails if the project has containers, networks or volumes. Their secrets are elsewhere or lost, if the folder has none.
    pub(crate) fn ensure_absent(&self, state: &State) -> Result<()> {
        let left = self.left()?;
        ensure!(
            left.is_empty(),
            "the project `{}` has containers, networks or volumes, and {} not their secrets: remove them with {}, or name their folder \
             with `--state`: {}",
            self.name,
            state.folder.display(),
            self.engine.kind.name(),
            left.join(", ")
        );
        Ok(())
    }

    /// Containers, networks and volumes of the project.
    ///
    /// # Errors
    /// When the engine cannot list them.
    pub fn left(&self) -> Result<Vec<String>> {
        let mut left = Vec::new();
        for list in [
            ["ps", "--all", "--format", "{{.Names}}"].as_slice(),
            &["network", "ls", "--format", "{{.Name}}"],
            &["volume", "ls", "--format", "{{.Name}}"],
        ] {
            left.extend(self.list(list)?);
        }
        Ok(left)
    }

    fn list(&self, arguments: &[&str]) -> Result<Vec<String>> {
        let project = format!("label={PROJECT_LABEL}={}", self.name);
        let list = self.engine.command(arguments.iter().copied());
        let list = list.args(["--filter", &project]).output()?;
        Ok(list.lines().map(str::to_owned).collect())
    }

    fn compose_program(&self) -> Command<'a> {
        match &self.podman_compose {
            None => self.engine.command(["compose"]),
            Some(program) => self.engine.client(program),
        }
    }

    fn compose(&self, arguments: &[&str]) -> Command<'a> {
        let file = self.engine.context.settings.root.join("compose/compose.yaml");
        let command = self
            .compose_program()
            .args(["--project-name", &self.name, "--profile", "tasks", "--file"])
            .args([file]);
        command
            .args(arguments.iter().copied())
            .envs(self.variables.clone())
    }
}

/// Installs podman-compose, if it is missing.
fn podman_compose(engine: &Engine<'_>) -> Result<PathBuf> {
    let tool = table::get("podman-compose")?;
    if find::find(engine.context, &tool)?.is_err() {
        install::install(engine.context, &tool, false)?;
    }
    let found = find::find(engine.context, &tool)?;
    found
        .map(|program| program.file)
        .map_err(|why| anyhow::anyhow!("{why}: `cargo xtask tools install podman-compose`"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use harness::context::Context;
    use harness::process::script;
    use harness::process::shutdown::Stop;
    use harness::settings::Settings;

    use super::*;

    /// podman with one container `c` of a replica, whose image is `used`; the image of its name is `wanted`. nginx publishes `port`.
    fn podman(folder: &std::path::Path, used: &str, wanted: &str, port: u16) -> Context {
        let program = folder.join("podman");
        let log = folder.join("log").display().to_string();
        let text = format!(
            "#!/bin/sh\ncase \"$*\" in\n\
             info*) echo 4.3.1 ;;\n\
             ps*Ports*service=nginx*) echo '127.0.0.1:{port}->8443/tcp' ;;\n\
             ps*Ports*) ;;\n\
             ps*service=portcullis-1*) echo c ;;\n\
             ps*) ;;\n\
             'container inspect --format={{{{.Image}}}} c') echo {used} ;;\n\
             'image inspect --format={{{{.Id}}}} localhost/portcullis:none') echo {wanted} ;;\n\
             *) echo \"$*\" >>{log} ;;\nesac\n"
        );
        script::write(&program, &text).unwrap();
        Context {
            settings: Settings {
                path: folder.into(),
                cache: Some(folder.to_owned()),
                ..Settings::read()
            },
            stop: Stop::default(),
        }
    }

    fn project<'a>(engine: &'a Engine<'a>, ports: Ports) -> Project<'a> {
        Project {
            engine,
            name: "test".to_owned(),
            podman_compose: None,
            variables: Vec::new(),
            tags: Tags::none(),
            ports,
        }
    }

    fn removed(part: &str, used: &str, wanted: &str) -> (bool, String) {
        let folder = tempfile::tempdir().unwrap();
        let context = podman(folder.path(), used, wanted, 0);
        let engine = Engine::of(&context, Kind::Podman).unwrap();
        let removed = project(&engine, Ports::default()).remove_outdated(part).unwrap();
        let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        (removed, log)
    }

    /// L1: After a change of the code, `up` replaces the replicas.
    #[test]
    fn a_container_of_a_former_image_is_stopped_and_removed() {
        let stopped = "stop -t 60 c\nrm c\n".to_owned();
        assert_eq!(removed("portcullis-1", "a", "b"), (true, stopped));
        // docker names the algorithm in one place or both.
        assert_eq!(removed("portcullis-1", "sha256:a", "a"), (false, String::new()));
        assert_eq!(removed("portcullis-2", "a", "b"), (false, String::new()));
    }

    /// L1: A port in use is found before anything is built, with the option that chooses another.
    #[test]
    fn a_port_in_use_is_an_error_unless_it_is_that_of_the_stack() {
        let folder = tempfile::tempdir().unwrap();
        let holder = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let used = holder.local_addr().unwrap().port();
        let context = podman(folder.path(), "a", "a", used);
        let engine = Engine::of(&context, Kind::Podman).unwrap();
        let free = || ports::any_free().unwrap();
        let project = project(
            &engine,
            Ports {
                port: used,
                mailpit_port: free(),
                zipkin_port: free(),
                logs_port: used,
                prometheus_port: free(),
            },
        );
        // nginx publishes its port already.
        let error = project.ensure_ports_are_free().unwrap_err().to_string();
        assert!(error.contains("`--logs-port`"), "{error}");
    }

    /// L1: An engine without compose is an error before anything is built.
    #[test]
    fn a_missing_compose_plugin_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let context = podman(folder.path(), "a", "a", 0);
        let engine = Engine::of(&context, Kind::Podman).unwrap();
        let project = project(&engine, Ports::default());
        project.ensure_compose().unwrap();
        script::write(
            &folder.path().join("podman"),
            "#!/bin/sh\necho unknown command >&2\nexit 1\n",
        )
        .unwrap();
        let error = project.ensure_compose().unwrap_err().to_string();
        assert!(error.ends_with("unknown command"), "{error}");
    }
}
