//! The running stack: the commands of docker's or podman's compose, and what they do not do.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use harness::output::print;
use harness::process::command::{Command, EnvVars};
use image::engine::{Engine, Kind};
use tools::{find, install, table};

use crate::certificates;
use crate::options::Options;
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

/// The first start of a part may initialise a volume, on a busy machine.
const HEALTHY_TIMEOUT: Duration = Duration::from_secs(180);

/// What compose marks the things of a project with.
const PROJECT_LABEL: &str = "com.docker.compose.project";
const SERVICE_LABEL: &str = "com.docker.compose.service";

/// Ports on 127.0.0.1.
#[derive(Debug, Clone, clap::Args)]
pub struct Ports {
    /// The service, by nginx
    #[arg(long, default_value_t = Ports::default().port)]
    pub port: u16,
    /// Mails
    #[arg(long, default_value_t = Ports::default().mailpit_port)]
    pub mailpit_port: u16,
    /// Traces
    #[arg(long, default_value_t = Ports::default().zipkin_port)]
    pub zipkin_port: u16,
    /// Logs
    #[arg(long, default_value_t = Ports::default().logs_port)]
    pub logs_port: u16,
    /// Metrics
    #[arg(long, default_value_t = Ports::default().prometheus_port)]
    pub prometheus_port: u16,
}

/// A stack.
pub struct Project<'a> {
    engine: &'a Engine<'a>,
    name: String,
    /// podman's compose is a program of its own.
    podman_compose: Option<PathBuf>,
    variables: EnvVars,
    /// Where it is reached.
    pub ports: Ports,
}

impl Default for Ports {
    fn default() -> Ports {
        Ports {
            port: 8443,
            mailpit_port: 8025,
            zipkin_port: 9411,
            logs_port: 9428,
            prometheus_port: 9090,
        }
    }
}

impl<'a> Project<'a> {
    /// The stack with these options. `tag` is that of the images of its parts.
    pub(crate) fn new(
        engine: &'a Engine<'a>,
        options: &Options,
        state: &State,
        ports: &Ports,
        tag: &str,
    ) -> Result<Project<'a>> {
        let podman_compose = match engine.kind {
            Kind::Docker => None,
            Kind::Podman => Some(podman_compose(engine)?),
            Kind::Buildah => bail!("buildah starts no containers: install podman or docker"),
        };
        let number = |port: u16| port.to_string().into();
        let variables: [(&str, OsString); 9] = [
            ("PORTCULLIS_VERSION", env!("CARGO_PKG_VERSION").into()),
            ("PORTCULLIS_PARTS", tag.into()),
            ("PORTCULLIS_STATE", state.folder.clone().into()),
            ("PORTCULLIS_NETWORK", options.network.clone().into()),
            ("PORTCULLIS_PORT", number(ports.port)),
            ("PORTCULLIS_MAILPIT_PORT", number(ports.mailpit_port)),
            ("PORTCULLIS_ZIPKIN_PORT", number(ports.zipkin_port)),
            ("PORTCULLIS_LOGS_PORT", number(ports.logs_port)),
            ("PORTCULLIS_PROMETHEUS_PORT", number(ports.prometheus_port)),
        ];
        Ok(Project {
            engine,
            name: options.project.clone(),
            podman_compose,
            variables: variables.map(|(name, value)| (name.into(), value)).into(),
            ports: ports.clone(),
        })
    }

    /// Starts parts, and does not wait.
    pub(crate) fn start(&self, parts: &[&str]) -> Result<()> {
        // The order is ours: podman before 4.6 cannot wait for a healthy container.
        let up = self.compose(&["up", "--detach", "--no-deps"]);
        up.args(parts.iter().copied()).output()?;
        Ok(())
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
        let label = format!("label={SERVICE_LABEL}={part}");
        let list = self.list(&["ps", "--all", "--quiet", "--filter", &label])?;
        list.into_iter()
            .next()
            .with_context(|| format!("there is no container `{part}`"))
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
        self.engine
            .command(["stop", "--time", "40", &container])
            .output()?;
        let inspect = ["inspect", "--format", "{{.State.ExitCode}}", &container];
        let code = self.engine.command(inspect).output()?;
        let code = code.trim();
        ensure!(code == "0", "{part} was stopped and ended with exit code {code}");
        self.start_again(part)
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
            "the project `{}` has containers, networks or volumes, and {} not their secrets: name the folder with `--state`, or \
             remove them with {} first: {}",
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

    /// Prints where everything is.
    pub(crate) fn announce(&self, state: &State) -> Result<()> {
        let Ports {
            port,
            mailpit_port,
            zipkin_port,
            logs_port,
            prometheus_port,
        } = self.ports;
        let authority = state.secrets().join(certificates::AUTHORITY);
        print(&format!(
            "service   https://localhost:{port}/, its authority is {}",
            authority.display()
        ));
        print(&format!("mails     http://127.0.0.1:{mailpit_port}/"));
        print(&format!("traces    http://127.0.0.1:{zipkin_port}/zipkin/"));
        print(&format!("logs      http://127.0.0.1:{logs_port}/select/vmui/"));
        print(&format!("metrics   http://127.0.0.1:{prometheus_port}/"));
        for account in state.accounts()? {
            print(&format!(
                "account   {}, password {}",
                account.email, account.password
            ));
        }
        print("Stop it with `cargo xtask down --compose`.");
        Ok(())
    }

    fn list(&self, arguments: &[&str]) -> Result<Vec<String>> {
        let project = format!("label={PROJECT_LABEL}={}", self.name);
        let list = self.engine.command(arguments.iter().copied());
        let list = list.args(["--filter", &project]).output()?;
        Ok(list.lines().map(str::to_owned).collect())
    }

    fn compose(&self, arguments: &[&str]) -> Command<'a> {
        let command = match &self.podman_compose {
            None => self.engine.command(["compose"]),
            Some(program) => self.engine.client(program),
        };
        let file = self.engine.context.settings.root.join("compose/compose.yaml");
        let command = command
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
