//! What the measurements share: stages with so many prices, and the load generator; decides on no figure.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use harness::context::Context;
use harness::exit::Exit;

use super::outcome::Outcome;
use super::prices::Prices;
use super::wrk::Wrk;

/// Prices in the small stage.
pub const SMALL: u64 = 50_000;

/// Prices in the large one.
pub const LARGE: u64 = 10_000_000;

/// The place of a whole bench run.
pub struct Lab<'a> {
    pub context: &'a Context,
    /// Seconds of one round.
    pub seconds: u64,
    /// Where its files are, the report included.
    pub folder: PathBuf,
    pub wrk: Option<Wrk>,
    stages: BTreeMap<u64, Result<Prices, String>>,
}

impl<'a> Lab<'a> {
    /// Makes the folder and finds wrk.
    pub fn new(context: &'a Context, seconds: u64) -> Result<Self> {
        let folder = context.settings.target.join("bench");
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self {
            context,
            seconds,
            folder,
            wrk: Wrk::find(context)?,
            stages: BTreeMap::new(),
        })
    }

    /// Starts the stage with so many prices, unless it is there. A failure is told to the measurements that need it.
    ///
    /// # Errors
    /// Only when interrupted.
    pub fn prepare(&mut self, prices: u64) -> Result<()> {
        if self.stages.contains_key(&prices) {
            return Ok(());
        }
        let started = match Prices::start(self.context, &self.folder, prices) {
            Err(error) if error.is::<Exit>() => return Err(error),
            Err(error) => Err(format!("{error:#}")),
            Ok(started) if self.started().any(|other| other.built != started.built) => {
                Err("the service was built anew in between: its source changed".to_owned())
            }
            Ok(started) => Ok(started),
        };
        self.stages.insert(prices, started);
        Ok(())
    }

    /// The stage with so many prices.
    pub fn prices(&mut self, prices: u64) -> Result<&mut Prices> {
        match self
            .stages
            .get_mut(&prices)
            .context("a row that does not say what it needs")?
        {
            Ok(started) => {
                if let Some(serving) = started.stage.serving() {
                    serving.ensure_alive()?;
                }
                Ok(started)
            }
            Err(words) => bail!("the stage with {prices} prices did not start: {words}"),
        }
    }

    /// The stage with so many prices, and wrk, unless something is missing: then why nothing can be measured.
    pub fn tools(&mut self, prices: u64, tools: &[&str]) -> Result<Result<(&mut Prices, Wrk), Outcome>> {
        let Some(wrk) = self.wrk.clone() else {
            return Ok(Err(Outcome::without_wrk()));
        };
        let prices = self.prices(prices)?;
        let missing = tools.iter().find_map(|tool| prices.stage.tool(tool).err());
        Ok(match missing {
            Some(missing) => Err(Outcome::NotRun(missing.to_string())),
            None => Ok((prices, wrk)),
        })
    }

    /// PostgreSQL's version, once a stage has been started.
    pub fn postgres_version(&self) -> Option<String> {
        self.started()
            .find_map(|prices| Some(prices.stage.programs()?.version.clone()))
    }

    fn started(&self) -> impl Iterator<Item = &Prices> {
        self.stages.values().flatten()
    }
}
