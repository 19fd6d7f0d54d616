//! A running release build of the service with so many prices, like a real one: durable, vacuumed; measures nothing
//! but the import.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Context as _, Result};
use demo::Bulk;
use harness::context::Context;
use harness::output::{Progress, print};
use stack::local_stack::{Load as Content, LocalStack, Plan};

use super::load::{Load, Measured};
use super::people::People;
use super::psql::Psql;
use super::requests::Requests;
use super::samples;
use super::textbook::Textbook;

/// Days of a request of P1 and P3: a month, as in the original's example.
pub const DAYS: u32 = 31;

/// The stage and what belongs to it.
pub struct Prices {
    pub stage: LocalStack,
    /// Which routes and days there are.
    pub bulk: Bulk,
    /// The same rows as CSV.
    pub csv: PathBuf,
    /// The requests of P1 and P3: every month of every route, each asked once.
    pub cold: Load,
    /// What they measured, when they have run.
    pub rounds: Vec<Measured>,
    /// What they measured while people logged in.
    pub crowded: Vec<Measured>,
    /// The other side of P1, once it is filled.
    pub textbook: Option<Textbook>,
    /// Who logs in, once they have accounts.
    pub people: Option<People>,
    /// When the program was built: two stages with different programs have nothing to say about each other.
    pub built: SystemTime,
    pub folder: Folder,
}

/// A folder that goes with its owner: the prices are large and can be written again.
pub struct Folder(pub PathBuf);

impl Prices {
    /// Builds, creates, imports, waits until PostgreSQL has tidied up, and serves.
    pub fn start(context: &Context, above: &Path, prices: u64) -> Result<Self> {
        let folder = Folder(above.join(format!("{prices}-prices")));
        fs::create_dir_all(&folder.0).with_context(|| format!("cannot create {}", folder.0.display()))?;
        let plan = Plan {
            release: true,
            durable: true,
            load: Content::Nothing,
            serve: false,
            // `up` has it too: without it the new table's visibility map, and index-only scans, may wait a minute.
            postgres_settings: vec![("autovacuum_naptime".into(), "5s".into())],
            ..Plan::temporary(context, &format!("bench-{prices}"))?
        };
        let mut progress = Progress::of(plan.steps() + 4);
        let mut stage = LocalStack::start(context, plan, &mut progress)?;
        let (bulk, csv, places) = (
            Bulk::of(prices),
            folder.0.join("prices.csv"),
            folder.0.join("places.sql"),
        );
        progress.step(&format!("writing {prices} prices"), || {
            write(&places, demo::write_places_dump)?;
            write(&csv, |out| bulk.write_csv(out))?;
            Ok(((), "written".to_owned()))
        })?;
        progress.step("importing them", || {
            stage.portcullis.import(context, &places)?;
            let since = Instant::now();
            stage.portcullis.import(context, &csv)?;
            let rate = prices as f64 / since.elapsed().as_secs_f64();
            Ok(((), format!("{rate:.0} prices/s")))
        })?;
        // Without psql nobody can ask PostgreSQL whether it is done.
        if let Ok(psql) = Psql::find(&stage) {
            progress.step("waiting for autovacuum", || {
                Ok((psql.settle(context)?, "settled".to_owned()))
            })?;
        }
        progress.step("starting the service", || {
            stage.serve()?.wait_until_ready(context)?;
            Ok(((), stage.base_url()))
        })?;
        let built = fs::metadata(stage.portcullis.program()).and_then(|file| file.modified())?;
        let cold = Load::new(Requests::of(&bulk, DAYS, DAYS), &folder.0.join("cold"))?;
        Ok(Self {
            stage,
            bulk,
            csv,
            cold,
            rounds: Vec::new(),
            crowded: Vec::new(),
            textbook: None,
            people: None,
            built,
            folder,
        })
    }

    /// The other side of P1, filled and asked for the same answers as ours, once.
    pub fn textbook(&mut self, context: &Context) -> Result<Textbook> {
        if let Some(textbook) = &self.textbook {
            return Ok(textbook.clone());
        }
        let textbook = Textbook::find(&self.stage, &self.folder.0)?;
        print("      filling the textbook table");
        textbook.fill(context, &self.csv)?;
        textbook.write_script(context, self.cold.requests(), DAYS)?;
        textbook.settle(context)?;
        let port = self.port()?;
        samples::compare(context, port, &textbook, self.cold.requests())?;
        Ok(self.textbook.insert(textbook).clone())
    }

    /// Who logs in, each with an account, made once.
    pub fn people(&mut self, context: &Context) -> Result<People> {
        if let Some(people) = &self.people {
            return Ok(people.clone());
        }
        let people = People::make(context, &self.stage)?;
        Ok(self.people.insert(people).clone())
    }

    /// Starts the service anew with so much room for passwords that wait to be hashed.
    pub fn serve_with_queue(&mut self, context: &Context, places: u64) -> Result<()> {
        self.stage
            .portcullis
            .set("PORTCULLIS_HASH_QUEUE", places.to_string());
        self.stage.serve()?.wait_until_ready(context)
    }

    /// Where the service listens.
    pub fn port(&mut self) -> Result<u16> {
        Ok(self.stage.serving().context("the service was stopped")?.port)
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
