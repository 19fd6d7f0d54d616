//! The environment that measurements share: datasets of different sizes and the load generator.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use harness::context::Context;
use harness::exit::Exit;

use crate::dataset::Dataset;
use crate::figure::NotRun;
use crate::import_bench::ImportBench;
use crate::options::{Options, SMALL};
use crate::rotation_bench::RotationBench;
use crate::wrk::Wrk;

/// A dataset that rows measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    Small,
    Large,
}

/// The environment of one bench run.
pub struct BenchEnv<'a> {
    pub context: &'a Context,
    /// Rounds of each side.
    pub rounds: usize,
    /// Duration of a round, in seconds.
    pub seconds: u64,
    /// Folder of all files that the run writes, the report included.
    pub folder: PathBuf,
    /// Prices in the large dataset.
    large: u64,
    /// Searched for by the first row that needs it, because that may install it.
    wrk: Option<Option<Wrk<'a>>>,
    datasets: BTreeMap<Size, Result<Dataset<'a>, String>>,
    rotation: Option<RotationBench>,
    import: Option<ImportBench>,
}

impl<'a> BenchEnv<'a> {
    /// Creates the folder.
    pub fn new(context: &'a Context, options: &Options) -> Result<Self> {
        let folder = context.settings.target.join("bench");
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self {
            context,
            rounds: usize::try_from(options.rounds)?,
            seconds: options.seconds,
            folder,
            large: options.prices,
            wrk: None,
            datasets: BTreeMap::new(),
            rotation: None,
            import: None,
        })
    }

    /// How many prices there are in a dataset.
    pub fn prices(&self, size: Size) -> u64 {
        match size {
            Size::Small => SMALL,
            Size::Large => self.large,
        }
    }

    /// Starts a dataset. A failure is reported by the measurements that need it.
    ///
    /// # Errors
    /// Only when interrupted.
    pub fn prepare(&mut self, size: Size) -> Result<()> {
        let started = match Dataset::start(self.context, &self.folder, self.prices(size)) {
            Err(error) if error.is::<Exit>() => return Err(error),
            Err(error) => Err(format!("{error:#}")),
            Ok(started) if self.started().any(|other| other.built != started.built) => {
                Err("the service was rebuilt in between because its source changed".to_owned())
            }
            Ok(started) => Ok(started),
        };
        self.datasets.insert(size, started);
        Ok(())
    }

    /// The stack with Vault; started by the first row that needs it.
    pub fn rotation(&mut self) -> Result<&mut RotationBench> {
        let started = match self.rotation.take() {
            Some(started) => started,
            None => RotationBench::start(self.context)?,
        };
        Ok(self.rotation.insert(started))
    }

    /// The rounds of P5; measured for the first row that needs them.
    pub fn import(&mut self) -> Result<&ImportBench> {
        let measured = match self.import.take() {
            Some(measured) => measured,
            None => ImportBench::run(self.context, &self.folder, self.rounds)?,
        };
        Ok(self.import.insert(measured))
    }

    /// A dataset whose service is running.
    pub fn dataset(&mut self, size: Size) -> Result<&mut Dataset<'a>> {
        let prices = self.prices(size);
        let dataset = self.datasets.get_mut(&size);
        match dataset.context("the row does not list this dataset in `needs`")? {
            Ok(started) => {
                if let Ok(serving) = started.stack.serving() {
                    serving.ensure_alive()?;
                }
                Ok(started)
            }
            Err(error) => bail!("the dataset with {prices} prices did not start: {error}"),
        }
    }

    /// The load generator, or the error [`NotRun`].
    pub fn wrk(&mut self) -> Result<Wrk<'a>> {
        let found = match self.wrk.take() {
            Some(found) => found,
            None => Wrk::find(self.context)?,
        };
        let wrk = self.wrk.insert(found).clone();
        wrk.ok_or_else(|| NotRun("install wrk".into()).into())
    }

    /// The dataset and wrk, or the error [`NotRun`] when wrk or one of the programs in `tools` is missing.
    pub fn tools(&mut self, size: Size, tools: &[&str]) -> Result<(&mut Dataset<'a>, Wrk<'a>)> {
        let wrk = self.wrk()?;
        let dataset = self.dataset(size)?;
        for tool in tools {
            let found = dataset.stack.tool(tool);
            found.map_err(|missing| NotRun(missing.to_string()))?;
        }
        Ok((dataset, wrk))
    }

    /// PostgreSQL's version, once a dataset is running.
    pub fn postgres_version(&self) -> Option<String> {
        self.started()
            .find_map(|dataset| Some(dataset.stack.programs()?.version.clone()))
    }

    fn started(&self) -> impl Iterator<Item = &Dataset<'a>> {
        self.datasets.values().flatten()
    }
}
