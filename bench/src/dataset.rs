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

use crate::load::{Load, LoadProfile, Measured};
use crate::requests::Requests;
use crate::textbook::Textbook;
use crate::wrk::Wrk;
use crate::{autovacuum, equal_answers, login_accounts};

/// Days in a request of P1 and P3: a month, as in B1's example.
pub const DAYS: u32 = 31;

/// The running stack and the state that its measurements share.
pub struct Dataset<'a> {
    pub context: &'a Context,
    pub stack: LocalStack,
    /// Its routes and days.
    bulk: Bulk,
    /// The same rows as CSV.
    csv: PathBuf,
    /// The requests of P1 and P3: every month of every route, each sent at most once.
    load: Load,
    rounds: BTreeMap<Logins, Vec<Measured>>,
    /// The baseline of P1, once it is filled.
    textbook: Option<Textbook>,
    /// The password of the accounts that log in, once they exist.
    password: Option<String>,
    /// When the program was built: figures of different programs are not comparable.
    pub built: SystemTime,
    folder: Folder,
}

/// Whether accounts log in during our rounds; pgbench always runs without logins.
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
        let load = Load::new(Requests::of(&bulk, DAYS, DAYS), &folder.0.join("cold"))?;
        Ok(Self {
            context,
            stack,
            bulk,
            csv,
            load,
            rounds: BTreeMap::new(),
            textbook: None,
            password: None,
            built,
            folder,
        })
    }

    /// The baseline of P1, filled and compared with our responses once.
    pub fn textbook(&mut self) -> Result<Textbook> {
        if let Some(textbook) = &self.textbook {
            return Ok(textbook.clone());
        }
        let textbook = Textbook::find(self.context, &self.stack, &self.folder.0)?;
        print("      filling the textbook table");
        textbook.fill(&self.csv)?;
        textbook.write_script(&self.load.requests, DAYS)?;
        autovacuum::settle(&textbook.psql)?;
        let port = self.serving()?.port;
        equal_answers::compare(port, &textbook, &self.load.requests)?;
        Ok(self.textbook.insert(textbook).clone())
    }

    /// The password of the accounts that log in; creates them once.
    pub fn password(&mut self) -> Result<String> {
        if let Some(password) = &self.password {
            return Ok(password.clone());
        }
        let password = login_accounts::create(self.context, &self.stack)?;
        Ok(self.password.insert(password).clone())
    }

    /// The rounds of P1 and P3.
    pub fn rounds(&mut self, logins: Logins) -> &mut Vec<Measured> {
        self.rounds.entry(logins).or_default()
    }

    /// Runs wrk with the requests of P1 and P3.
    pub fn run(&mut self, wrk: &Wrk<'_>, profile: LoadProfile) -> Result<Measured> {
        self.load.run(wrk, &self.stack.base_url(), profile)
    }

    /// Another supply of requests, for windows of `shortest` to `longest` days.
    pub fn load_of(&self, name: &str, shortest: u32, longest: u32) -> Result<Load> {
        let requests = Requests::of(&self.bulk, shortest, longest);
        Load::new(requests, &self.folder.0.join(name))
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
