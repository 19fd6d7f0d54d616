//! PostgreSQL, schema, data and service for `up`, `bdd`, `bench` and `target`, started in order and stopped in reverse.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::output::Progress;
use harness::ports;
use harness::process::command::EnvVars;
use private_postgres::{Cluster, Options, Programs, data};

use crate::paths::{StackPaths, create_private};
use crate::postgres::server::Server;
use crate::postgres::{self, Choice};
use crate::server_process::ServerProcess;
use crate::service::{Portcullis, build};

/// What is loaded before the service starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Load {
    /// Nothing.
    Nothing,
    /// The demo data.
    Demo,
    /// A legacy dump, or a CSV file.
    File(PathBuf),
}

/// What to start.
#[derive(Debug)]
pub struct Plan {
    /// The service's program; `None` builds it.
    pub program: Option<PathBuf>,
    /// Build the service with optimisations.
    pub release: bool,
    /// Data survives a power failure. Fair measurements need this too.
    pub durable: bool,
    /// Which PostgreSQL.
    pub postgres: Choice,
    /// Additional settings of PostgreSQL.
    pub postgres_settings: Vec<(String, String)>,
    /// Additional settings of the service (`PORTCULLIS_…`), which win over the defaults.
    pub service_settings: EnvVars,
    /// Create schema, keys and demo accounts; otherwise the database stays empty, for a restore.
    pub schema: bool,
    /// What to load.
    pub load: Load,
    /// Start the service at the end. [`LocalStack::serve`] does it later.
    pub serve: bool,
    /// Public and internal port; any free ones when `None`.
    pub ports: Option<(u16, u16)>,
    /// Where its files are.
    pub paths: StackPaths,
}

impl Plan {
    /// Demo data, a debug build, a cluster without durability and any free ports. Only the service's log remains,
    /// `target/xtask/NAME-service.log`.
    pub fn temporary(context: &Context, name: &str) -> Result<Plan> {
        Ok(Plan {
            program: None,
            release: false,
            durable: false,
            postgres: Choice::Any,
            postgres_settings: Vec::new(),
            service_settings: vec![("PORTCULLIS_RATE_LIMIT".into(), "100000000".into())],
            schema: true,
            load: Load::Demo,
            serve: true,
            ports: None,
            paths: StackPaths::temporary(context, name)?,
        })
    }

    /// How many steps its start prints.
    pub fn steps(&self) -> usize {
        3 + 2 * usize::from(self.schema) + usize::from(self.load != Load::Nothing) + usize::from(self.serve)
    }
}

/// A running local stack. Dropping it stops the service first and PostgreSQL last: fields are dropped in this order.
pub struct LocalStack {
    context: Context,
    serving: Option<ServerProcess>,
    internal_port: u16,
    /// The service's program with its settings, for its other commands.
    pub portcullis: Portcullis,
    /// The database server, with the admin's login.
    pub server: Server,
    cluster: Option<Cluster>,
    plan: Plan,
}

impl LocalStack {
    /// Builds the service, starts PostgreSQL, makes roles, database and schema, loads the data, starts the service.
    pub fn start(context: &Context, plan: Plan, progress: &mut Progress) -> Result<LocalStack> {
        let how = if plan.release { "release" } else { "debug" };
        let label = format!("building the service ({how})");
        let program = progress.step(&label, || match &plan.program {
            Some(program) => Ok((program.clone(), "given")),
            None => Ok((build::service(context, plan.release)?, "built")),
        })?;
        let (cluster, server) = progress.step("starting PostgreSQL", || {
            let (cluster, server) = start_postgres(context, &plan)?;
            let version = match &cluster {
                Some(cluster) => format!("PostgreSQL {}", cluster.options().programs.version),
                None => "given server".to_owned(),
            };
            let outcome = format!("{version} on {server}");
            Ok(((cluster, server), outcome))
        })?;
        let portcullis = Portcullis::new(
            program,
            server.clone(),
            &plan.paths,
            plan.service_settings.clone(),
        )?;
        progress.step("creating roles and database", || {
            Ok((portcullis.prepare(context)?, "created"))
        })?;
        create_private(&plan.paths.mail)?;
        if plan.schema {
            progress.step("migrating the schema", || {
                Ok((portcullis.migrate(context)?, "migrated"))
            })?;
            progress.step("making keys and demo accounts", || {
                portcullis.make_keys(context)?;
                Ok((portcullis.make_accounts(context)?, "made"))
            })?;
        }
        let mut stack = LocalStack {
            context: context.clone(),
            serving: None,
            internal_port: 0,
            portcullis,
            server,
            cluster,
            plan,
        };
        if stack.plan.load != Load::Nothing {
            progress.step("loading data", || Ok((stack.load()?, "loaded")))?;
        }
        if stack.plan.serve {
            progress.step("starting the service", || {
                stack.serve()?.wait_until_ready(context)?;
                Ok(((), format!("ready on {}", stack.base_url())))
            })?;
        }
        Ok(stack)
    }

    /// Starts the service and does not wait for it ([`ServerProcess::wait_until_ready`] does).
    pub fn serve(&mut self) -> Result<&mut ServerProcess> {
        self.stop_service();
        let (port, internal) = match self.plan.ports {
            Some(ports) => ports,
            None => (ports::any_free()?, ports::any_free()?),
        };
        self.internal_port = internal;
        let command = self.portcullis.serve(&self.context, port, internal);
        let log = &self.plan.paths.service_log;
        let serving = ServerProcess::start("the service", &command, port, "/health/ready", log)?;
        Ok(self.serving.insert(serving))
    }

    /// Stops the service and leaves PostgreSQL running.
    pub fn stop_service(&mut self) {
        if let Some(mut serving) = self.serving.take() {
            serving.stop(&self.context);
        }
    }

    /// The running service; fails when it was not started or was stopped.
    pub fn serving(&mut self) -> Result<&mut ServerProcess> {
        self.serving.as_mut().context("the service does not run")
    }

    /// The private cluster; `None` on a given server.
    pub fn cluster(&mut self) -> Option<&mut Cluster> {
        self.cluster.as_mut()
    }

    /// The private cluster's programs; `None` on a given server.
    pub fn programs(&self) -> Option<&Programs> {
        self.cluster.as_ref().map(|cluster| &cluster.options().programs)
    }

    /// `http://127.0.0.1:PORT`; without a running service the port is 0.
    pub fn base_url(&self) -> String {
        let port = self.serving.as_ref().map_or(0, |serving| serving.port);
        format!("http://127.0.0.1:{port}")
    }

    /// `http://127.0.0.1:PORT` of the internal listener: metrics.
    pub fn internal_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.internal_port)
    }

    /// Of the internal listener.
    pub fn internal_port(&self) -> u16 {
        self.internal_port
    }

    /// A client program (`psql`, `pgbench`): beside the server's programs, else on `PATH`.
    pub fn tool(&self, name: &str) -> Result<PathBuf> {
        let beside = self.programs().and_then(|programs| programs.tool(name));
        let found = beside.or_else(|| self.context.settings.find_program(name));
        found.with_context(|| {
            format!("`{name}` is not installed (it comes with PostgreSQL's client programs)")
        })
    }

    /// Stops the service, then PostgreSQL.
    pub fn stop(mut self) -> Result<()> {
        self.stop_service();
        self.cluster.as_mut().map_or(Ok(()), Cluster::stop)?;
        Ok(())
    }

    /// Lets all of it outlive this process; returns the process ids of the service and of PostgreSQL.
    pub fn detach(mut self) -> (Option<i32>, Option<i32>) {
        let service = self.serving.take().map(ServerProcess::detach);
        (service, self.cluster.take().and_then(Cluster::detach))
    }

    fn load(&self) -> Result<()> {
        let file = match &self.plan.load {
            Load::Nothing => return Ok(()),
            Load::File(file) => file,
            Load::Demo => {
                write_demo(&self.plan.paths.demo)?;
                &self.plan.paths.demo
            }
        };
        self.portcullis.import(&self.context, file)
    }
}

/// Writes the demo data, which is deterministic.
pub fn write_demo(file: &Path) -> Result<()> {
    let write = || {
        let mut out = BufWriter::new(File::create(file)?);
        demo::write_dump(&mut out)?;
        out.flush()
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}

fn start_postgres(context: &Context, plan: &Plan) -> Result<(Option<Cluster>, Server)> {
    if let Choice::Given(server) = &plan.postgres {
        return Ok((None, server.clone()));
    }
    let made_by = plan.paths.data.as_deref().and_then(data::major);
    let programs = postgres::programs(context, plan.postgres.major(made_by)?)?;
    let stop = private_postgres::Stop::when(context.stop.flag());
    let cluster = match &plan.paths.data {
        None => Cluster::temporary(&programs, plan.durable, &plan.postgres_settings, &stop),
        Some(data) => Cluster::start(Options {
            programs,
            data: data.clone(),
            password_file: plan.paths.secrets.join("postgres"),
            log: plan.paths.postgres_log.clone(),
            port: None,
            durable: plan.durable,
            settings: plan.postgres_settings.clone(),
            stop,
        }),
    };
    context.stop.check()?;
    let cluster = cluster?;
    let server = Server::from(&cluster);
    Ok((Some(cluster), server))
}
