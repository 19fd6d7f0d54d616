//! P9: instructions per request, counted by valgrind's callgrind: unlike times they hardly depend on other load on the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use harness::context::Context;
use harness::ports;
use harness::process::command::Command;
use stack::server_process::ServerProcess;

use crate::bench_env::{BenchEnv, Size};
use crate::dataset::Dataset;
use crate::figure::{Figure, NotRun};
use crate::load::LoadProfile;
use crate::requests::INSTRUCTIONS;

/// The figure of P9 when it was last accepted; `P9-budget` fails at 3 % more. Lower it with the figure. Raise it only with the
/// reason in the commit.
const BUDGET: f64 = 113_000.0;

/// As many as P1 has: how many lookups share a batch depends on it.
const CONNECTIONS: u64 = 16;

/// Most rounds: their figures differ little.
const MAX_ROUNDS: usize = 5;

/// A round takes this many times as long as others, because valgrind slows the service down.
const SLOW: u64 = 3;

/// Until the last responses and log lines are written.
const QUIET: Duration = Duration::from_millis(500);

/// Instructions of the whole process per uncached request.
pub fn per_request(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (rounds, count) = counted(env)?;
    let note = format!("{count} requests, {CONNECTIONS} connections");
    Ok(Figure::of_rounds(&rounds, note))
}

/// The same ÷ the budget.
pub fn against_budget(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (rounds, _) = counted(env)?;
    let ratios: Vec<f64> = rounds.iter().map(|instructions| instructions / BUDGET).collect();
    Ok(Figure::of_rounds(&ratios, format!("the budget is {BUDGET}")))
}

/// Instructions per request in each round, counted once for both rows, and the number of requests.
fn counted(env: &mut BenchEnv<'_>) -> Result<(Vec<f64>, u64)> {
    let (context, seconds) = (env.context, env.seconds);
    let tool = |name| context.settings.find_program(name);
    let (Some(valgrind), Some(control)) = (tool("valgrind"), tool("callgrind_control")) else {
        return Err(NotRun("install valgrind".into()).into());
    };
    let rounds = env.rounds.min(MAX_ROUNDS);
    let (dataset, wrk) = env.tools(Size::Small, &[])?;
    if let Some(counted) = &dataset.instructions {
        return Ok(counted.clone());
    }
    let mut load = dataset.load_of("instructions", INSTRUCTIONS)?;
    let service = Counted::start(context, dataset, valgrind, control)?;
    let profile = LoadProfile {
        connections: CONNECTIONS,
        threads: 1,
        seconds: seconds * SLOW,
    };
    let (mut found, mut all) = (Vec::new(), 0);
    // The first round warms up.
    for round in 0..=rounds {
        service.zero()?;
        let answered = load.run(&wrk, &service.base_url(), profile)?.requests;
        context.stop.wait_until(QUIET, || Ok(false))?;
        // wrk leaves without its last responses: one on each connection.
        let requests = answered + CONNECTIONS;
        if round > 0 {
            found.push(service.dump()? / requests as f64);
            all += requests;
        }
    }
    drop(service);
    dataset.instructions = Some((found.clone(), all));
    Ok((found, all))
}

/// The service under callgrind.
struct Counted<'a> {
    context: &'a Context,
    serving: ServerProcess,
    control: PathBuf,
    /// Prefix of the files that callgrind writes.
    output: PathBuf,
}

impl<'a> Counted<'a> {
    /// Starts it beside the one that is not counted, which is idle meanwhile.
    fn start(
        context: &'a Context,
        dataset: &Dataset<'_>,
        valgrind: PathBuf,
        control: PathBuf,
    ) -> Result<Self> {
        let output = dataset.folder().join("callgrind.out");
        let (port, internal) = (ports::any_free()?, ports::any_free()?);
        let mut file = std::ffi::OsString::from("--callgrind-out-file=");
        file.push(&output);
        let portcullis = &dataset.stack.portcullis;
        let command = Command::new(context, valgrind)
            .args(["--tool=callgrind".into(), file])
            .args([portcullis.program().as_os_str(), "serve".as_ref()])
            .envs(portcullis.serve_settings(port, internal));
        let log = dataset.folder().join("callgrind.log");
        let name = "the service under valgrind";
        let mut serving = ServerProcess::start(name, &command, port, "/health/ready", &log)?;
        serving.wait_until_ready(context)?;
        Ok(Self {
            context,
            serving,
            control,
            output,
        })
    }

    fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.serving.port)
    }

    /// Starts to count at zero.
    fn zero(&self) -> Result<()> {
        self.control("--zero")
    }

    /// The instructions since then.
    fn dump(&self) -> Result<f64> {
        self.control("--dump")?;
        let newest = newest(&self.output)?;
        let text = fs::read_to_string(&newest).with_context(|| format!("no {}", newest.display()))?;
        total(&text)
    }

    fn control(&self, action: &str) -> Result<()> {
        let pid = self.serving.pid().to_string();
        Command::new(self.context, &self.control)
            .args([action, &pid])
            .output()?;
        Ok(())
    }
}

/// The last of the numbered files.
fn newest(output: &Path) -> Result<PathBuf> {
    let numbered = (1..).map(|number| output.with_extension(format!("out.{number}")));
    let newest = numbered.take_while(|file| file.is_file()).last();
    newest.with_context(|| format!("callgrind wrote no {}.1", output.display()))
}

/// The sum of all costs in a file of callgrind.
fn total(text: &str) -> Result<f64> {
    let totals = text.lines().rev().find_map(|line| line.strip_prefix("totals: "));
    let total: f64 = totals.context("callgrind wrote no totals")?.trim().parse()?;
    ensure!(total > 0.0, "callgrind counted nothing");
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_as_callgrind_writes_it() {
        assert!((total(include_str!("recorded/callgrind.out")).unwrap() - 127_675.0).abs() < 0.5);
        assert!(total("summary: 12\n").is_err());
        assert!(total("totals: 0\n").is_err());
    }
}
