//! A running release build of the service on a durable, vacuumed database with a given number of prices.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Context as _, Result};
use demo::Bulk;
use harness::context::Context;
use harness::output::{Progress, print};
use stack::local_stack::{Load as Content, LocalStack, Plan};
use stack::psql::Psql;
use stack::server_process::ServerProcess;

use crate::equal_answers::SAMPLES;
use crate::load::{Load, LoadProfile, Measured};
use crate::oha::Latency;
use crate::pgbench::{Pgbench, Script};
use crate::requests::{Days, MONTH, Requests};
use crate::statement::Statement;
use crate::wrk::Wrk;
use crate::{autovacuum, equal_answers, login_accounts, textbook};

/// The running stack and the state that its measurements share.
pub struct Dataset<'a> {
    pub context: &'a Context,
    pub stack: LocalStack,
    pub prices: u64,
    /// Its routes and days.
    bulk: Bulk,
    /// The same rows as CSV.
    csv: PathBuf,
    /// The requests of P1: every month of every route, each sent at most once.
    load: Load,
    /// The rounds of P3, which two rows share.
    pub latencies: Option<Vec<Latency>>,
    /// Instructions per request in each round of P9, and the number of requests, which two rows share.
    pub instructions: Option<(Vec<f64>, u64)>,
    /// Requests per second that P1 reached.
    pub reached: Option<f64>,
    /// Whether the textbook table is filled.
    has_textbook: bool,
    scripts: BTreeMap<Statement, Script>,
    /// The password of the accounts that log in, once they exist.
    password: Option<String>,
    /// When the program was built: figures of different programs are not comparable.
    pub built: SystemTime,
    folder: Folder,
}

/// Whether accounts log in during our rounds; the other side always runs without logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Logins {
    Without,
    During,
}

/// A folder that is removed on drop: the prices are large and can be generated again.
pub struct Folder(pub PathBuf);

impl<'a> Dataset<'a> {
    /// Builds, creates, imports, waits for autovacuum, and serves.
    pub fn start(context: &'a Context, above: &Path, prices: u64) -> Result<Self> {
        let folder = Folder::create(above.join(format!("{prices}-prices")))?;
        let plan = Plan {
            release: true,
            durable: true,
            load: Content::Nothing,
            serve: false,
            // As in `up`: with the default, index-only scans may wait a minute for the visibility map.
            postgres_settings: vec![("autovacuum_naptime".into(), "5s".into())],
            ..Plan::temporary(context, &format!("bench-{prices}"))?
        };
        let mut progress = Progress::of(plan.steps() + 4);
        let mut stack = LocalStack::start(context, plan, &mut progress)?;
        let bulk = Bulk::of(prices);
        let [csv, places] = ["dataset.csv", "places.sql"].map(|name| folder.0.join(name));
        progress.step(&format!("writing {prices} prices"), || {
            write(&places, demo::write_places_dump)?;
            write(&csv, |out| bulk.write_csv(out))?;
            Ok(((), "written".to_owned()))
        })?;
        progress.step("importing the prices", || {
            stack.portcullis.import(context, &places)?;
            let start = Instant::now();
            stack.portcullis.import(context, &csv)?;
            let rate = prices as f64 / start.elapsed().as_secs_f64();
            Ok(((), format!("{rate:.0} prices/s")))
        })?;
        // Only psql can query whether autovacuum has finished.
        if let Ok(psql) = Psql::find(context, &stack) {
            progress.step("waiting for autovacuum", || {
                Ok((autovacuum::settle(&psql)?, "settled".to_owned()))
            })?;
        }
        progress.step("starting the service", || {
            stack.serve()?.wait_until_ready(context)?;
            Ok(((), stack.base_url()))
        })?;
        let built = fs::metadata(stack.portcullis.program()).and_then(|file| file.modified())?;
        let load = Load::new(Requests::of(&bulk, MONTH), &folder.0.join("cold"))?;
        Ok(Self {
            context,
            stack,
            prices,
            bulk,
            csv,
            load,
            latencies: None,
            instructions: None,
            reached: None,
            has_textbook: false,
            scripts: BTreeMap::new(),
            password: None,
            built,
            folder,
        })
    }

    /// The textbook table, filled once.
    pub fn textbook(&mut self) -> Result<Psql> {
        let psql = Psql::find(self.context, &self.stack)?;
        if !self.has_textbook {
            print("      filling the textbook table");
            textbook::fill(&psql, &self.csv)?;
            autovacuum::settle(&psql)?;
            self.has_textbook = true;
        }
        Ok(psql)
    }

    /// A statement's script, written once, after its results were compared with our responses.
    pub fn script(&mut self, statement: Statement) -> Result<(Pgbench, Script)> {
        let pgbench = Pgbench::find(self.context, &self.stack, self.folder.0.clone())?;
        if let Some(script) = self.scripts.get(&statement) {
            return Ok((pgbench, script.clone()));
        }
        if statement == Statement::Sums {
            pgbench.psql.run(&[textbook::SCHEMA])?;
        } else {
            self.textbook()?;
        }
        let (requests, samples) = match statement {
            Statement::Textbook | Statement::Sums => (self.load.requests.clone(), SAMPLES),
            Statement::Recursive => (Requests::between_regions(&self.bulk, MONTH), SAMPLES / 10),
        };
        let port = self.serving()?.port;
        equal_answers::compare(port, &pgbench.psql, statement, &requests, samples)?;
        let script = pgbench.write(statement, &requests)?;
        self.scripts.insert(statement, script.clone());
        Ok((pgbench, script))
    }

    /// The password of the accounts that log in; creates them once.
    pub fn password(&mut self) -> Result<String> {
        if let Some(password) = &self.password {
            return Ok(password.clone());
        }
        let password = login_accounts::create(self.context, &self.stack)?;
        Ok(self.password.insert(password).clone())
    }

    /// Runs wrk with the requests of P1.
    pub fn run(&mut self, wrk: &Wrk<'_>, profile: LoadProfile) -> Result<Measured> {
        self.load.run(wrk, &self.stack.base_url(), profile)
    }

    /// The requests between ports for windows of these lengths.
    pub fn requests(&self, days: Days) -> Requests {
        Requests::of(&self.bulk, days)
    }

    /// Another supply of requests between ports.
    pub fn load_of(&self, name: &str, days: Days) -> Result<Load> {
        Load::new(self.requests(days), &self.folder.0.join(name))
    }

    /// A supply of requests between regions.
    pub fn load_between_regions(&self, name: &str, days: Days) -> Result<Load> {
        let requests = Requests::between_regions(&self.bulk, days);
        Load::new(requests, &self.folder.0.join(name))
    }

    /// The folder of its files.
    pub fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// Restarts the service with this queue capacity for password hashing.
    pub fn serve_with_queue(&mut self, capacity: u64) -> Result<()> {
        self.serve_with("PORTCULLIS_HASH_QUEUE", &capacity.to_string())
    }

    /// Restarts the service with this value of a setting.
    pub fn serve_with(&mut self, setting: &str, value: &str) -> Result<()> {
        self.stack
            .portcullis
            .extend_settings([(setting.into(), value.into())]);
        self.stack.serve()?.wait_until_ready(self.context)
    }

    /// The running service.
    pub fn serving(&mut self) -> Result<&mut ServerProcess> {
        self.stack.serving()
    }
}

impl Folder {
    /// Creates it.
    pub fn create(path: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.0);
    }
}

/// Writes a file.
pub fn write(file: &Path, content: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<()> {
    let written = File::create(file).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        content(&mut out)?;
        out.flush()
    });
    written.with_context(|| format!("cannot write {}", file.display()))
}
