//! P8: what is usually picked instead: FastAPI, asyncpg and uvicorn with the textbook statement and its index, one process per core.

use std::thread::available_parallelism;

use anyhow::Result;
use harness::ports;
use harness::process::command::Command;
use stack::server_process::ServerProcess;

use crate::bench_env::{BenchEnv, Size};
use crate::dataset::Dataset;
use crate::equal_answers::{self, SAMPLES};
use crate::figure::Figure;
use crate::load::repeat;
use crate::pairs::{Pairs, Side};
use crate::requests::MONTH;
use crate::statement::Statement;
use crate::tool;
use crate::uncached::{CONNECTIONS, profile};

/// Requests per second without a repeated request ÷ the competitor's with the same requests.
pub fn uncached(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (stop, rounds, seconds) = (&env.context.stop, env.rounds, env.seconds);
    let (dataset, wrk) = env.tools(Size::Large, &["psql"])?;
    let competitor = start(dataset)?;
    let mut theirs = dataset.load_of("competitor", MONTH)?;
    let base_url = base_url(&competitor);
    let pairs = Pairs::measure(stop, rounds, |side| {
        let measured = match side {
            Side::Ours => dataset.run(&wrk, profile(seconds))?,
            Side::Theirs => theirs.run(&wrk, &base_url, profile(seconds))?,
        };
        Ok(measured.rate)
    })?;
    Ok(pairs.figure("requests/s", 0, &note(dataset, seconds)))
}

/// The same with one request that is repeated.
pub fn hot(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (stop, rounds, seconds) = (&env.context.stop, env.rounds, env.seconds);
    let (dataset, wrk) = env.tools(Size::Large, &["psql"])?;
    let competitor = start(dataset)?;
    let target = dataset.requests(MONTH).nth(0).target();
    let urls = [dataset.stack.base_url(), base_url(&competitor)].map(|base_url| base_url + &target);
    let pairs = Pairs::measure(stop, rounds, |side| {
        let url = match side {
            Side::Ours => &urls[0],
            Side::Theirs => &urls[1],
        };
        Ok(repeat(&wrk, dataset.folder(), url, profile(seconds))?.rate)
    })?;
    Ok(pairs.figure("requests/s", 0, &note(dataset, seconds)))
}

/// Starts it, and compares its responses with the results of the textbook statement, as ours were compared.
fn start(dataset: &mut Dataset<'_>) -> Result<ServerProcess> {
    let context = dataset.context;
    let uvicorn = tool::find(context, "uvicorn")?;
    let psql = dataset.textbook()?;
    let requests = dataset.requests(MONTH);
    let port = ports::any_free()?;
    let command = Command::new(context, uvicorn)
        .args(["--app-dir".into(), context.settings.root.join("bench/competitor")])
        .args(["app:app", "--host", "127.0.0.1", "--loop", "uvloop"])
        .args(["--http", "httptools", "--no-access-log", "--log-level", "warning"])
        .args(["--port", &port.to_string(), "--workers", &cores().to_string()])
        .envs(psql.variables.clone())
        .envs([
            ("POOL_SIZE", (CONNECTIONS / cores()).max(1).to_string()),
            // It leaves no files beside the source.
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ]);
    let log = dataset.folder().join("competitor.log");
    let mut serving = ServerProcess::start("the competitor", &command, port, "/openapi.json", &log)?;
    serving.wait_until_ready(context)?;
    for port in [port, dataset.serving()?.port] {
        equal_answers::compare(port, &psql, Statement::Textbook, &requests, SAMPLES)?;
    }
    Ok(serving)
}

fn cores() -> u64 {
    available_parallelism().map_or(1, |cores| cores.get() as u64)
}

fn base_url(competitor: &ServerProcess) -> String {
    format!("http://127.0.0.1:{}", competitor.port)
}

fn note(dataset: &Dataset<'_>, seconds: u64) -> String {
    format!(
        "{} processes of uvicorn, {} prices, {CONNECTIONS} connections, rounds of {seconds} s",
        cores(),
        dataset.prices
    )
}
