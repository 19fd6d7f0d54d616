//! Importing batches of prices from files: a first pass validates every row, a second one stores all of them in one
//! transaction.

use crate::config::database::DatabaseSettings;
use crate::db::PgConnection;
use crate::db::batches::{Ingest, NewBatch, StoredBatch};
use crate::db::uploads::Owned;
use check::{Checked, MAX_REPORTED_ERRORS, check};
use outcome::{FileError, ImportError, Imported, Progress};
use row::{Entry, Row};
use source::{Content, Source};
use std::borrow::BorrowMut;
use std::collections::HashSet;
use std::io::{Error, ErrorKind, Write};
use std::path::Path;

/// The batches that were stored.
pub mod catalog;

/// The first pass: validation.
pub mod check;

/// Prices as CSV.
mod csv;

/// Legacy dumps in pg_dump's plain format.
pub mod dump;

/// What identifies a batch.
mod identity;

/// Prices as JSON.
mod json;

/// Progress, outcome and errors of an import.
pub mod outcome;

/// One row and its validation errors.
pub mod row;

/// The rows of a file, CSV or dump.
pub mod rows;

/// Lines and bytes of a file.
mod scanner;

/// Formats that are recognized by their first bytes.
pub mod signature;

/// What is imported: a file, a pipe, standard input, an upload.
pub mod source;

/// Withdrawing a stored batch.
pub mod withdrawal;

pub use catalog::{find, list};
pub use withdrawal::withdraw;

/// Imports a CSV file or a dump; `-` is standard input. The same content is stored once, whatever states it.
pub fn import(
    database: &DatabaseSettings,
    path: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Imported, ImportError> {
    let mut source = Source::open(path)?;
    let mut ingest = Ingest::connect(database)?;
    let checked = check_against(&mut ingest, &mut source, MAX_REPORTED_ERRORS, progress)?;
    let stored = store(&mut ingest, &mut source, &checked, None, progress)?;
    Ok(Imported {
        stored: stored.outcome,
        batch: stored.id,
        ports: checked.ports.len(),
        regions: checked.regions.len(),
        prices: checked.prices,
    })
}

/// Validates a content against the places of the database.
pub fn check_against<C: BorrowMut<PgConnection>>(
    ingest: &mut Ingest<C>,
    content: &mut dyn Content,
    max_errors: usize,
    progress: &mut dyn FnMut(Progress),
) -> Result<Checked, ImportError> {
    let known = (ingest.list_port_codes()?, ingest.list_region_slugs()?);
    check(&mut content.rows()?, &known.0, &known.1, max_errors, progress)
}

/// Stores a content that was checked, whole or not at all. `upload`: where it comes from, if not from a file.
pub fn store<C: BorrowMut<PgConnection>>(
    ingest: &mut Ingest<C>,
    content: &mut dyn Content,
    checked: &Checked,
    upload: Option<Owned>,
    progress: &mut dyn FnMut(Progress),
) -> Result<StoredBatch, ImportError> {
    let batch = NewBatch {
        identity: checked.identity,
        file_digest: checked.file_digest,
        price_count: i64::try_from(checked.prices).unwrap_or(i64::MAX),
        regions: &checked.regions,
        ports: &checked.ports,
        upload,
    };
    Ok(ingest.store(&batch, |id, out| send(content, checked, id, out, progress))?)
}

/// Validates a file against an empty database, without a connection, and stores nothing.
pub fn check_only(path: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Checked, ImportError> {
    let mut source = Source::open(path)?;
    let none = HashSet::new();
    check(&mut source.rows()?, &none, &none, MAX_REPORTED_ERRORS, progress)
}

/// The second pass: sends the prices in COPY's text format. A file that changed since the first pass is rejected.
fn send(
    content: &mut dyn Content,
    checked: &Checked,
    batch: i64,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Error> {
    let changed = || Error::new(ErrorKind::InvalidData, "the file changed while it was imported");
    let mut rows = content.rows().map_err(|error| match error {
        FileError::Refused(_) => changed(),
        FileError::Read(error) => error,
    })?;
    let (mut read, mut sent) = (0, 0);
    let mut chunk = Vec::with_capacity(1 << 16);
    loop {
        let price = match rows.next_entry() {
            Ok(None) => break,
            Ok(Some(Ok(Entry::Row(Row::Price(price))))) => price,
            Ok(Some(Ok(_))) => continue,
            Ok(Some(Err(_))) | Err(FileError::Refused(_)) => return Err(changed()),
            Err(FileError::Read(error)) => return Err(error),
        };
        read += 1;
        if checked.deletes(price.day, read - 1) {
            continue;
        }
        for field in [
            price.orig_code.as_str().as_bytes(),
            price.dest_code.as_str().as_bytes(),
            &price.day.to_ascii(),
        ] {
            chunk.extend_from_slice(field);
            chunk.push(b'\t');
        }
        writeln!(chunk, "{}\t{batch}", price.price)?;
        sent += 1;
        if chunk.len() > 60_000 {
            out.write_all(&chunk)?;
            chunk.clear();
            progress(Progress::Stored(sent, checked.prices));
        }
    }
    out.write_all(&chunk)?;
    if rows.file_digest() != checked.file_digest {
        return Err(changed());
    }
    progress(Progress::Committing);
    Ok(())
}
