//! A running release build of the service on a durable, vacuumed database with a given number of prices.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Context as _, Result};
use demo::Bulk;
use harness::context::Context;
use harness::output::{Progress, print};
use stack::local_stack::{Load as Content, LocalStack, Plan};

use super::equal_answers;
use super::load::{Load, Measured};
use super::login_accounts::LoginAccounts;
use super::psql::Psql;
use super::requests::Requests;
use super::textbook::Textbook;

/// Days in a request of P1 and P3: a month, as in B1's example.
pub const DAYS: u32 = 31;

/// The running stack and the state that its measurements share.
pub struct Dataset {
    pub stack: LocalStack,
    /// Its routes and days.
    pub bulk: Bulk,
    /// The same rows as CSV.
    pub csv: PathBuf,
    /// The requests of P1 and P3: every month of every route, each sent at most once.
    pub load: Load,
    /// Rounds measured without log-ins.
    pub rounds: Vec<Measured>,
    /// Rounds measured during log-ins.
    pub rounds_with_logins: Vec<Measured>,
    /// The baseline of P1, once it is filled.
    pub textbook: Option<Textbook>,
    /// The accounts that log in, once they exist.
    pub login_accounts: Option<LoginAccounts>,
    /// When the program was built: figures of different programs are not comparable.
    pub built: SystemTime,
    pub folder: Folder,
}

/// A folder that is removed on drop: the prices are large and can be generated again.
pub struct Folder(pub PathBuf);

impl Dataset {
    /// Builds, creates, imports, waits for autovacuum, and serves.
    pub fn start(context: &Context, above: &Path, prices: u64) -> Result<Self> {
        let folder = Folder(above.join(format!("{prices}-prices")));
        fs::create_dir_all(&folder.0).with_context(|| format!("cannot create {}", folder.0.display()))?;
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
        let (bulk, csv, places) = (
            Bulk::of(prices),
            folder.0.join("dataset.csv"),
            folder.0.join("places.sql"),
        );
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
        if let Ok(psql) = Psql::find(&stack) {
            progress.step("waiting for autovacuum", || {
                Ok((psql.settle(context)?, "settled".to_owned()))
            })?;
        }
        progress.step("starting the service", || {
            stack.serve()?.wait_until_ready(context)?;
            Ok(((), stack.base_url()))
        })?;
        let built = fs::metadata(stack.portcullis.program()).and_then(|file| file.modified())?;
        let load = Load::new(Requests::of(&bulk, DAYS, DAYS), &folder.0.join("cold"))?;
        Ok(Self {
            stack,
            bulk,
            csv,
            load,
            rounds: Vec::new(),
            rounds_with_logins: Vec::new(),
            textbook: None,
            login_accounts: None,
            built,
            folder,
        })
    }

    /// The baseline of P1, filled and compared with our responses once.
    pub fn textbook(&mut self, context: &Context) -> Result<Textbook> {
        if let Some(textbook) = &self.textbook {
            return Ok(textbook.clone());
        }
        let textbook = Textbook::find(&self.stack, &self.folder.0)?;
        print("      filling the textbook table");
        textbook.fill(context, &self.csv)?;
        textbook.write_script(context, self.load.requests(), DAYS)?;
        textbook.settle(context)?;
        let port = self.port()?;
        equal_answers::compare(context, port, &textbook, self.load.requests())?;
        Ok(self.textbook.insert(textbook).clone())
    }

    /// The accounts that log in, created once.
    pub fn login_accounts(&mut self, context: &Context) -> Result<LoginAccounts> {
        if let Some(accounts) = &self.login_accounts {
            return Ok(accounts.clone());
        }
        let accounts = LoginAccounts::create(context, &self.stack)?;
        Ok(self.login_accounts.insert(accounts).clone())
    }

    /// Restarts the service with this queue capacity for password hashing.
    pub fn serve_with_queue(&mut self, context: &Context, capacity: u64) -> Result<()> {
        self.stack
            .portcullis
            .set("PORTCULLIS_HASH_QUEUE", capacity.to_string());
        self.stack.serve()?.wait_until_ready(context)
    }

    /// The port of the service.
    pub fn port(&mut self) -> Result<u16> {
        Ok(self.stack.serving().context("the service was stopped")?.port)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.0);
    }
}

fn write(file: &Path, content: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<()> {
    let written = File::create(file).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        content(&mut out)?;
        out.flush()
    });
    written.with_context(|| format!("cannot write {}", file.display()))
}
