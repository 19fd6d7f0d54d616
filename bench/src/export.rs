//! P10: an export of all sums compared with psql's `\copy (…) TO` of the same rows, and the memory that it takes.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use stack::psql::Psql;

use crate::bench_env::{BenchEnv, Size};
use crate::dataset::Dataset;
use crate::figure::{Figure, NotRun};
use crate::memory;
use crate::pairs::{Pairs, Side};

/// More days than there are with prices: all rows are exported at once.
const MAX_DAYS: &str = "36600";

const TARGET: &str = "/rates/export?date_from=2021-01-01&date_to=2029-12-31";

/// The same rows and columns. Not in the order of ours: that is in psql's favour.
const ROWS: &str = "SELECT r.orig_code, r.dest_code, d.day, d.price_sum, d.price_count, d.price_sum::float8 / d.price_count \
                    FROM rates.routes r JOIN rates.daily_rates d ON d.origin = r.orig_code AND d.destination = r.dest_code";

/// What an export was.
struct Exported {
    rows: u64,
    seconds: f64,
    /// The most memory meanwhile, in MB.
    memory: f64,
}

/// P10: rows per second of ours ÷ psql's, alternating, both into a file.
pub fn against_copy(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (folder, rounds) = (env.folder.clone(), env.rounds);
    let context = env.context;
    let dataset = env.dataset(Size::Large)?;
    let found = dataset.stack.tool("psql");
    found.map_err(|missing| NotRun(missing.to_string()))?;
    let psql = Psql::find(context, &dataset.stack)?;
    serve(dataset)?;
    let [ours_file, theirs_file] = ["ours.csv", "theirs.csv"].map(|name| folder.join(name));
    let copy = format!("\\copy ({ROWS}) TO '{}' csv header", theirs_file.display());
    let expected: u64 = psql
        .run(&[&format!("SELECT count(*) FROM ({ROWS}) AS rows")])?
        .trim()
        .parse()?;
    let pairs = Pairs::measure(&context.stop, rounds, |side| {
        let seconds = match side {
            Side::Ours => {
                let exported = export(dataset, &ours_file)?;
                let rows = exported.rows;
                ensure!(rows == expected, "{rows} of {expected} rows were exported");
                exported.seconds
            }
            Side::Theirs => {
                let start = Instant::now();
                psql.run(&[&copy])?;
                start.elapsed().as_secs_f64()
            }
        };
        Ok(expected as f64 / seconds)
    })?;
    Ok(pairs.figure("rows/s", 0, &format!("{expected} rows")))
}

/// P10: megabytes (10^6) of memory during exports beyond the memory before.
pub fn memory_growth(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let file = env.folder.join("ours.csv");
    let dataset = env.dataset(Size::Large)?;
    serve(dataset)?;
    let before = memory::resident(dataset.serving()?.pid())?;
    let (mut most, mut rows) = (before, 0);
    for _ in 0..3 {
        let exported = export(dataset, &file)?;
        most = most.max(exported.memory);
        rows = exported.rows;
    }
    let note = format!("from {before:.0} MB to {most:.0} MB, {rows} rows, without compression");
    Ok(Figure::once(most - before, note))
}

/// Serves with a range of days that includes all.
fn serve(dataset: &mut Dataset<'_>) -> Result<()> {
    dataset.serve_with("PORTCULLIS_RATES_MAX_DAYS", MAX_DAYS)?;
    dataset.serve_with("PORTCULLIS_RATE_LIMIT", "1000000")
}

/// Downloads an export into a file.
fn export(dataset: &mut Dataset<'_>, file: &Path) -> Result<Exported> {
    let serving = dataset.serving()?;
    let (port, pid) = (serving.port, serving.pid());
    let start = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    write!(
        stream,
        "GET {TARGET} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )?;
    let mut response = BufReader::with_capacity(1 << 17, stream);
    let mut line = String::new();
    response.read_line(&mut line)?;
    ensure!(line.starts_with("HTTP/1.1 200"), "the export was answered {line}");
    while line != "\r\n" {
        line.clear();
        ensure!(response.read_line(&mut line)? > 0, "the head is incomplete");
    }
    let file = File::create(file).with_context(|| format!("cannot create {}", file.display()))?;
    let mut file = BufWriter::with_capacity(1 << 17, file);
    let (mut lines, mut memory, mut buffer) = (0, 0_f64, Vec::new());
    loop {
        line.clear();
        ensure!(response.read_line(&mut line)? > 0, "the export was aborted");
        let size = u64::from_str_radix(line.trim_end(), 16).context("no chunk")?;
        buffer.clear();
        let received = (&mut response).take(size + 2).read_to_end(&mut buffer)?;
        if received as u64 != size + 2 {
            bail!("the export was aborted");
        }
        if size == 0 {
            break;
        }
        let data = &buffer[..buffer.len() - 2];
        lines += data.iter().filter(|byte| **byte == b'\n').count() as u64;
        file.write_all(data)?;
        memory = memory.max(memory::find_resident(pid).unwrap_or_default());
    }
    file.flush()?;
    Ok(Exported {
        rows: lines - 1,
        seconds: start.elapsed().as_secs_f64(),
        memory,
    })
}
