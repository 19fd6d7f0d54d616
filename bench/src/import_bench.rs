//! Imports of 1,000,000 prices, alternating with psql's `\copy` of the same rows into the textbook table with its index.

use std::fs::File;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use demo::Bulk;
use harness::context::Context;
use harness::output::Progress;
use stack::local_stack::{Load as Content, LocalStack, Plan};
use stack::psql::Psql;

use crate::dataset::{Folder, write};
use crate::figure::NotRun;
use crate::memory;
use crate::pairs::{Pairs, Side};
use crate::textbook::{SCHEMA, TABLE};

const PRICES: u64 = 1_000_000;

/// Of the 6,006 pairs of ports.
pub const ROUTES: usize = 725;

/// How often the memory of the import is read; the kernel reports its peak.
const MEMORY_INTERVAL: Duration = Duration::from_millis(5);

/// Empties the tables of prices, as only a superuser can.
const RESET: [&str; 5] = [
    "ALTER TABLE rates.prices DISABLE TRIGGER prices_append_only",
    "TRUNCATE rates.prices, rates.daily_rates, rates.routes",
    "ALTER TABLE rates.prices ENABLE TRIGGER prices_append_only",
    "DELETE FROM rates.batches",
    "CHECKPOINT",
];

/// The rounds of both sides.
pub struct ImportBench {
    /// Prices per second of the import and of `\copy`.
    pub pairs: Pairs,
    /// The most resident megabytes of an import; 0 where there is no `/proc`.
    pub peak: f64,
}

impl ImportBench {
    /// Alternates between both sides.
    pub fn run(context: &Context, above: &Path, rounds: usize) -> Result<Self> {
        let folder = Folder::create(above.join("import"))?;
        let plan = Plan {
            release: true,
            durable: true,
            load: Content::Nothing,
            serve: false,
            ..Plan::temporary(context, "bench-import")?
        };
        let mut progress = Progress::of(plan.steps() + 1);
        let stack = LocalStack::start(context, plan, &mut progress)?;
        let psql = Psql::find(context, &stack).map_err(|missing| NotRun(missing.to_string()))?;
        let [csv, places, log] = ["prices.csv", "places.sql", "import.log"].map(|name| folder.0.join(name));
        progress.step(&format!("writing {PRICES} prices"), || {
            write(&places, demo::write_places_dump)?;
            write(&csv, |out| Bulk::over_routes(PRICES, ROUTES).write_csv(out))?;
            Ok(((), "written".to_owned()))
        })?;
        let log = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        peak_of_import(context, &stack, &places, &log)?;
        psql.run(&[SCHEMA])?;
        let copy = format!("\\copy bench.prices from '{}' csv header", csv.display());
        let mut peak = 0.0_f64;
        let pairs = Pairs::measure(&context.stop, rounds, |side| {
            let start = match side {
                Side::Ours => {
                    psql.run(&RESET)?;
                    let start = Instant::now();
                    peak = peak.max(peak_of_import(context, &stack, &csv, &log)?);
                    start
                }
                Side::Theirs => {
                    psql.run(&[
                        "DROP TABLE IF EXISTS bench.prices",
                        TABLE[0],
                        TABLE[1],
                        "CHECKPOINT",
                    ])?;
                    let start = Instant::now();
                    psql.run(&[&copy])?;
                    start
                }
            };
            Ok(PRICES as f64 / start.elapsed().as_secs_f64())
        })?;
        Ok(Self { pairs, peak })
    }
}

/// Imports a file; returns the most resident megabytes of the program, 0 where there is no `/proc`.
fn peak_of_import(context: &Context, stack: &LocalStack, file: &Path, log: &File) -> Result<f64> {
    let mut child = stack.portcullis.import_command(context, file).background(log)?;
    let mut peak = 0.0_f64;
    loop {
        if let Some(status) = child.ended()? {
            ensure!(status.success(), "the import of {} failed", file.display());
            return Ok(peak);
        }
        peak = peak.max(memory::find_peak(child.pid()).unwrap_or_default());
        context.stop.check()?;
        sleep(MEMORY_INTERVAL);
    }
}
