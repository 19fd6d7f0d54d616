//! `cargo xtask soak migrations`: the program of the previous release serves under load while each later step of the schema runs, and
//! afterwards. A planted change that it does not know must fail requests, or the count proves nothing.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use harness::context::Context;
use harness::json_file;
use harness::output::{Progress, print};
use serde::Serialize;
use stack::local_stack::{LocalStack, Plan};
use stack::psql::Psql;
use stack::service::build;

use crate::load::{Load, User};
use crate::previous;
use crate::samples::reasons;

/// The load before and after a change.
const AROUND: Duration = Duration::from_secs(4);

/// How long the planted change lasts.
const PLANTED: Duration = Duration::from_secs(1);

/// What the previous release reads and writes has another name.
const PLANT: &str = "ALTER TABLE wishes.wishes RENAME COLUMN title TO planted";
const REMOVE_PLANT: &str = "ALTER TABLE wishes.wishes RENAME COLUMN planted TO title";

/// Options of `cargo xtask soak migrations`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    #[command(flatten)]
    previous: previous::Options,
}

/// `target/soak/migrations.json`.
#[derive(Debug, Serialize)]
struct Report {
    /// The commit or the file of the previous program.
    previous: String,
    parts: Vec<Part>,
    control: Part,
}

/// One change under load.
#[derive(Debug, Serialize)]
struct Part {
    name: String,
    /// Of the change alone.
    seconds: f64,
    requests: usize,
    failed: usize,
    reasons: String,
    p99_ms: Option<f64>,
    slowest_ms: f64,
}

/// Applies each step, prints a line for each, and writes the report.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let previous = previous::find(context, &options.previous)?;
    // After the previous one, which is built in the same folder.
    let current = build::service(context, false)?;
    let plan = Plan {
        program: Some(previous.program),
        ..Plan::temporary(context, "migrations")?
    };
    print(&format!("previous release: {}", previous.name));
    let mut progress = Progress::of(plan.steps());
    let mut stack = LocalStack::start(context, plan, &mut progress)?;
    let current = stack.portcullis.with_program(current);
    let psql = Psql::find(context, &stack)?;
    let run = Run::of(context, &mut stack)?;

    let mut parts = vec![run.measure(|| Ok("no change".to_owned()))?];
    parts.push(run.measure(|| current.prepare(context).map(|()| "migrate prepare".to_owned()))?);
    let mut steps = 0;
    loop {
        let mut applied = None;
        let part = run.measure(|| {
            applied = current.migrate_one(context)?;
            Ok(applied.clone().unwrap_or_default())
        })?;
        if applied.is_none() {
            break;
        }
        steps += 1;
        parts.push(part);
    }
    let control = run.measure(|| {
        psql.run(&[PLANT])?;
        let interrupted = context.stop.wait_until(PLANTED, || Ok(false));
        psql.run(&[REMOVE_PLANT])?;
        interrupted.map(|_| "control: a column with another name".to_owned())
    })?;
    stack.stop()?;

    let report = Report {
        previous: previous.name,
        parts,
        control,
    };
    let folder = context.settings.target.join("soak");
    fs::create_dir_all(&folder)?;
    let file = folder.join("migrations.json");
    json_file::write(&file, &report)?;
    match report.problem() {
        Some(problem) => bail!("soak: {problem}"),
        None => {
            print(&format!(
                "soak: no request failed while {steps} steps ran, {}",
                file.display()
            ));
            Ok(())
        }
    }
}

/// The load on the running service.
struct Run<'a> {
    context: &'a Context,
    port: u16,
    user: User,
}

impl<'a> Run<'a> {
    fn of(context: &'a Context, stack: &mut LocalStack) -> Result<Run<'a>> {
        let accounts = stack.portcullis.accounts()?;
        let user = accounts.into_iter().find(|account| account.role == "user");
        let user = user.context("the demo has no user")?;
        Ok(Run {
            context,
            port: stack.serving()?.port,
            user: User {
                email: user.email,
                password: user.password,
            },
        })
    }

    /// The load before, during and after a change, which returns its name.
    fn measure(&self, change: impl FnOnce() -> Result<String>) -> Result<Part> {
        let load = Load::begin(&self.context.stop, self.port, &self.user)?;
        self.context.stop.wait_until(AROUND, || Ok(false))?;
        let begun = Instant::now();
        let name = change()?;
        let seconds = begun.elapsed().as_secs_f64();
        self.context.stop.wait_until(AROUND, || Ok(false))?;
        let samples = load.end()?;
        let part = Part {
            name,
            seconds,
            requests: samples.requests(),
            failed: samples.failures.len(),
            reasons: reasons(&samples.failures),
            p99_ms: samples.p99(),
            slowest_ms: samples.slowest(),
        };
        if !part.name.is_empty() {
            print(&format!(
                "{}: {seconds:.2} s, {} requests, {} failed ({}); p99 of rates {}, slowest {:.1} ms",
                part.name,
                part.requests,
                part.failed,
                part.reasons,
                samples.p99_text(),
                part.slowest_ms,
            ));
        }
        Ok(part)
    }
}

impl Report {
    /// Why it fails; `None` when it holds.
    fn problem(&self) -> Option<String> {
        if self.control.failed == 0 {
            return Some("untrusted: a column with another name failed no request".to_owned());
        }
        let failed = self.parts.iter().filter(|part| part.failed > 0);
        let failed = failed.map(|part| {
            format!(
                "{}: {} requests failed ({})",
                part.name, part.failed, part.reasons
            )
        });
        let problems: Vec<String> = failed.collect();
        (!problems.is_empty()).then(|| problems.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(failed: usize) -> Part {
        Part {
            name: "20261130000010".to_owned(),
            seconds: 0.1,
            requests: 10,
            failed,
            reasons: "GET: status 503".to_owned(),
            p99_ms: None,
            slowest_ms: 0.0,
        }
    }

    #[test]
    fn a_run_holds_without_failures_and_with_a_control_that_fails() {
        let problem = |failed: &[usize], control| {
            let report = Report {
                previous: "0123456789ab".to_owned(),
                parts: failed.iter().copied().map(part).collect(),
                control: part(control),
            };
            report.problem()
        };
        assert_eq!(problem(&[0, 0], 1), None);
        assert!(problem(&[0, 0], 0).unwrap().starts_with("untrusted"));
        let failed = problem(&[0, 2], 1).unwrap();
        assert_eq!(failed, "20261130000010: 2 requests failed (GET: status 503)");
    }
}
