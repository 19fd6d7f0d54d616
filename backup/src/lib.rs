//! `cargo xtask backup`: fills a database, makes a backup, destroys the server, restores the backup on a new one with the
//! secrets alone, and compares everything. Writes `target/backup/drill.json`.

mod dataset;
mod figures;
mod scripts;
mod service;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use harness::context::Context;
use harness::json_file;
use harness::output::{Progress, print};
use stack::local_stack::{Load, LocalStack, Plan};
use stack::paths::StackPaths;
use stack::psql::Psql;

use crate::figures::{Drill, Figures, differences, rows};
use crate::scripts::Scripts;
use crate::service::Answers;

/// Changes one price of all, past the trigger that refuses changes.
const PLANT: &str = "BEGIN; ALTER TABLE rates.prices DISABLE TRIGGER prices_append_only; \
     UPDATE rates.prices SET price = price + 1 WHERE ctid = (SELECT ctid FROM rates.prices LIMIT 1); \
     ALTER TABLE rates.prices ENABLE TRIGGER prices_append_only; COMMIT";

/// Exact values, which an inventory of a database in use does not compare.
const SEQUENCES: &str = "SELECT schemaname || '.' || sequencename || ' ' || coalesce(last_value::text, '-') FROM pg_sequences \
     ORDER BY 1";

/// Options of `cargo xtask backup`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Number of prices
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    prices: u64,
    /// Build the service with optimisations
    #[arg(long)]
    release: bool,
    /// Where to write the figures [default: target/backup/drill.json]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Apply a script of sed to the backup's inventory: the restored database differs then, and the drill must fail
    #[arg(long, value_name = "FILE")]
    alter_inventory: Option<PathBuf>,
}

/// Runs the drill; fails unless the restored database and service equal the lost ones.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let folder = context.settings.target.join("backup");
    fs::create_dir_all(&folder)?;
    let report = options
        .report
        .clone()
        .unwrap_or_else(|| folder.join("drill.json"));
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let backups = tempfile::tempdir_in(&folder)?;
    let password = private_postgres::password::random()?;
    let plan = Plan {
        release: options.release,
        durable: true,
        load: Load::Nothing,
        ..Plan::temporary(context, "backup")?
    };
    let mut progress = Progress::of(2 * plan.steps() + 6);
    let mut lost = LocalStack::start(context, plan, &mut progress)?;
    progress.step(
        &format!(
            "loading {} prices, accounts, wishes and audit events",
            options.prices
        ),
        || dataset::load(context, &mut lost, options.prices, backups.path()).map(|()| ((), "loaded")),
    )?;
    let answers = Answers::of(&mut lost, options.prices)?;
    lost.stop_service();
    let sequences = Psql::find(context, &lost)?.run(&[SEQUENCES])?;
    let scripts = Scripts::prepare(context, &lost, &password)?;
    let begun = Instant::now();
    let backup = progress.step("making a backup", || {
        let backup = scripts.back_up(backups.path())?;
        let name = backup.display().to_string();
        Ok((backup, name))
    })?;
    let backup_s = begun.elapsed().as_secs_f64();
    if let Some(script) = &options.alter_inventory {
        scripts.alter_inventory(&backup, script)?;
    }
    let audit_log = lost.portcullis.audit(context, &["verify"])?;
    let lost = Lost {
        stack: lost,
        answers,
        sequences,
        audit_log,
        backup,
        backup_s,
    };
    match restore(context, options, lost, &password, &mut progress) {
        Ok(figures) => {
            print(&format!("{}, {}", figures.summary(), report.display()));
            json_file::write(&report, &Drill::succeeded(figures))
        }
        Err(error) => {
            json_file::write(&report, &Drill::failed(&error))?;
            Err(error)
        }
    }
}

/// A database that is about to be lost, what it contains, and its backup.
struct Lost {
    stack: LocalStack,
    answers: Answers,
    sequences: String,
    audit_log: String,
    backup: PathBuf,
    backup_s: f64,
}

/// Destroys the server, restores the backup on a new one, and compares.
fn restore(
    context: &Context,
    options: &Options,
    lost: Lost,
    password: &str,
    progress: &mut Progress,
) -> Result<Figures> {
    let backup = &lost.backup;
    // What an operator stores apart from the backup: passwords of logins and keys.
    let paths = StackPaths::temporary(context, "restored")?;
    copy_files(lost.stack.portcullis.secrets_directory(), &paths.secrets)?;
    let program = lost.stack.portcullis.program().to_owned();
    progress.step("destroying the server with its data", || {
        Ok((lost.stack.stop()?, "destroyed"))
    })?;

    let loss = Instant::now();
    let plan = Plan {
        program: Some(program),
        durable: true,
        load: Load::Nothing,
        schema: false,
        serve: false,
        paths,
        ..Plan::temporary(context, "restored")?
    };
    let mut restored = LocalStack::start(context, plan, progress)?;
    let scripts = Scripts::prepare(context, &restored, password)?;
    let begun = Instant::now();
    let output = progress.step("restoring the backup", || {
        Ok((scripts.restore(backup)?, "restored"))
    })?;
    let restore_s = begun.elapsed().as_secs_f64();
    let again = restored.portcullis.audit(context, &["verify"])?;
    ensure!(
        again == lost.audit_log,
        "the audit log differs: {again} instead of {}",
        lost.audit_log
    );
    // Before the service is used.
    let psql = Psql::find(context, &restored)?;
    let now = psql.run(&[SEQUENCES])?;
    ensure!(
        now == lost.sequences,
        "sequences differ: {now} instead of {}",
        lost.sequences
    );
    let record: Vec<&str> = output
        .lines()
        .last()
        .unwrap_or_default()
        .split(' ')
        .skip(2)
        .collect();
    progress.step("recording the restore in the audit log", || {
        let recorded = restored.portcullis.audit(context, &record)?;
        Ok(((), recorded.trim().to_owned()))
    })?;
    progress.step("starting the service", || {
        restored.serve()?.wait_until_ready(context)?;
        Ok(((), "ready"))
    })?;
    let outage_s = loss.elapsed().as_secs_f64();

    let after = Answers::of(&mut restored, options.prices)?;
    ensure!(
        after.rates == lost.answers.rates,
        "the rates differ after the restore"
    );
    restored.stop_service();
    let name = backup
        .file_name()
        .context("the backup has no name")?
        .to_string_lossy()
        .into_owned();
    let recorded = psql.run(&["SELECT subject FROM audit.events WHERE action = 'database.restored'"])?;
    ensure!(
        recorded.trim() == format!("backup:{name}"),
        "the audit log has {recorded:?}"
    );
    let reason = scripts.restore_refused(backup)?;
    ensure!(
        reason.contains("is not empty"),
        "refused for another reason: {reason}"
    );
    let inventory = fs::read_to_string(backup.with_file_name(format!("{name}.inventory")))?;
    let unchanged = scripts.inventory()?;
    psql.run(&[PLANT])?;
    let control_lines = differences(&unchanged, &scripts.inventory()?);
    ensure!(
        control_lines > 0,
        "untrusted: a changed price does not show in the inventory"
    );
    restored.stop()?;

    let dump = backup.with_file_name(format!("{name}.dump"));
    let figures = Figures {
        prices: rows(&inventory, Some("rates.prices")),
        rows: rows(&inventory, None),
        compared_lines: inventory.lines().count(),
        audit_events: rows(&inventory, Some("audit.events")),
        dump_bytes: fs::metadata(dump)?.len(),
        backup_s: lost.backup_s,
        restore_s,
        outage_s,
        control_lines,
    };
    ensure!(
        figures.prices == options.prices,
        "{} prices in the backup",
        figures.prices
    );
    Ok(figures)
}

/// Both folders exist; only their owner reads them.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
