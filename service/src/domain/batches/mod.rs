//! Importing batches of prices from files: a first pass validates every row, a second one stores all of them in one
//! transaction.

use crate::config::database::DatabaseSettings;
use crate::db::batches::{Ingest, NewBatch};
use check::{Checked, check};
use outcome::{ImportError, Imported, Progress};
use row::Row;
use rows::Rows;
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Error, ErrorKind, Write};
use std::path::Path;

/// The first pass: validation.
pub mod check;

/// Legacy dumps in pg_dump's plain format.
pub mod dump;

/// Progress, outcome and errors of an import.
pub mod outcome;

/// One row and its validation errors.
pub mod row;

/// The rows of a file, CSV or dump.
pub mod rows;

/// Imports a CSV file or a dump. The same content is stored once, whatever the file's name.
pub fn import(
    database: &DatabaseSettings,
    path: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Imported, ImportError> {
    let mut ingest = Ingest::connect(database)?;
    let known = (ingest.list_port_codes()?, ingest.list_region_slugs()?);
    let checked = check(&mut open(path)?, &known.0, &known.1, progress)?;
    let batch = NewBatch {
        digest: checked.digest,
        price_count: i64::try_from(checked.prices).unwrap_or(i64::MAX),
        regions: &checked.regions,
        ports: &checked.ports,
    };
    let stored = ingest.store(&batch, |out| send(path, &checked, out, progress))?;
    Ok(Imported {
        stored,
        ports: checked.ports.len(),
        regions: checked.regions.len(),
        prices: checked.prices,
    })
}

/// Validates a file against an empty database, without a connection, and stores nothing.
pub fn check_only(path: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Checked, ImportError> {
    check(&mut open(path)?, &HashSet::new(), &HashSet::new(), progress)
}

fn open(path: &Path) -> Result<Rows<BufReader<File>>, Error> {
    Ok(Rows::new(BufReader::with_capacity(1 << 16, File::open(path)?)))
}

/// The second pass: sends the prices in COPY's text format. A file that changed since the first pass is rejected.
fn send(
    path: &Path,
    checked: &Checked,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Error> {
    let changed = || Error::new(ErrorKind::InvalidData, "the file changed while it was imported");
    let mut rows = open(path)?;
    let mut sent = 0;
    let mut chunk = Vec::with_capacity(1 << 16);
    while let Some(row) = rows.next_row()? {
        let Row::Price(price) = row.map_err(|_| changed())? else {
            continue;
        };
        writeln!(
            chunk,
            "{}\t{}\t{}\t{}",
            price.orig_code, price.dest_code, price.day, price.price
        )?;
        sent += 1;
        if chunk.len() > 60_000 {
            out.write_all(&chunk)?;
            chunk.clear();
            progress(Progress::Stored(sent, checked.prices));
        }
    }
    out.write_all(&chunk)?;
    if rows.digest() != checked.digest {
        return Err(changed());
    }
    progress(Progress::Committing);
    Ok(())
}
