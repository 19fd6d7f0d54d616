//! A private PostgreSQL with the login that issues logins, which can be stopped and suspended.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use private_postgres::{Cluster, Programs, Search, Stop};
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

/// The first password of the login that issues logins.
pub const FIRST_PASSWORD: &str = "first-secret-0001";

/// The functions that issue logins, with privileges that the server's login does not have.
const FUNCTIONS: &str = include_str!("vault_api.sql");

pub struct Postgres {
    cluster: Cluster,
    runtime: Runtime,
    pub major: u32,
}

/// The programs given by the harness, or those of the machine.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment selects the programs for tests"
)]
fn programs() -> Programs {
    let explicit = std::env::var_os("PORTCULLIS_TEST_POSTGRES_BIN").map(PathBuf::from);
    let path = std::env::var_os("PATH");
    Programs::find(&Search {
        explicit,
        path,
        ..Search::default()
    })
    .unwrap()
}

impl Postgres {
    pub fn start() -> Postgres {
        let programs = programs();
        let settings = [("lc_messages".to_owned(), "C".to_owned())];
        let cluster = Cluster::temporary(&programs, false, &settings, &Stop::default()).unwrap();
        let runtime = Runtime::new().unwrap();
        let postgres = Postgres {
            cluster,
            runtime,
            major: programs.major,
        };
        postgres.execute("postgres", "CREATE DATABASE app");
        postgres.execute("app", &FUNCTIONS.replace("first-password", FIRST_PASSWORD));
        postgres
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.cluster.port()))
    }

    /// Runs statements as the superuser.
    pub fn execute(&self, database: &str, statements: &str) {
        let conninfo = format!("{} dbname={database}", self.cluster.conninfo());
        self.runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&conninfo, NoTls).await.unwrap();
            let task = tokio::spawn(connection);
            client.batch_execute(statements).await.unwrap();
            task.abort();
        });
    }

    /// The names of the roles that begin so.
    pub fn roles(&self, start: &str) -> Vec<String> {
        let conninfo = format!("{} dbname=app", self.cluster.conninfo());
        self.runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&conninfo, NoTls).await.unwrap();
            let task = tokio::spawn(connection);
            let query = "SELECT rolname::text FROM pg_roles WHERE starts_with(rolname, $1)";
            let rows = client.query(query, &[&start]).await.unwrap();
            task.abort();
            rows.iter().map(|row| row.get(0)).collect()
        })
    }

    /// Logs in and runs a statement.
    pub fn login(&self, user: &str, password: &str) -> Result<(), String> {
        let address = self.address();
        let mut config = tokio_postgres::Config::new();
        config
            .host("127.0.0.1")
            .port(address.port())
            .dbname("app")
            .user(user)
            .password(password);
        self.runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await.map_err(|error| error.to_string())?;
            let task = tokio::spawn(connection);
            let result = client.batch_execute("SELECT session_user").await;
            task.abort();
            result.map_err(|error| error.to_string())
        })
    }

    pub fn stop(&mut self) {
        self.cluster.stop().unwrap();
    }

    pub fn resume(&mut self) {
        self.cluster.resume().unwrap();
    }

    /// Sends a signal to all processes of the server.
    pub fn signal(&self, signal: Signal) {
        let main = self.cluster.pid().unwrap();
        let parent = |pid: i32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            stat.rsplit_once(')')?
                .1
                .split_whitespace()
                .nth(1)?
                .parse::<i32>()
                .ok()
        };
        let names = fs::read_dir("/proc").unwrap().flatten();
        let pids = names.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let children: Vec<i32> = pids.filter(|pid| parent(*pid) == Some(main)).collect();
        for pid in children.into_iter().chain([main]) {
            // A process that has ended since needs no signal.
            let _ended = kill_process(Pid::from_raw(pid).unwrap(), signal);
        }
    }
}
