//! Whole dumps, read as `import` reads them. Each file has the tests of the module with its name.

/// `INSERT` and `DELETE`.
mod change;

/// Start and end of each dump.
mod completeness;

/// COPY blocks.
mod copy;

/// The declared encoding.
mod encoding;

/// Tokens and text between them.
mod lexer;

/// Statements that are skipped or refused.
mod statement;

use crate::domain::batches::row::{Entry, Row};
use crate::domain::batches::rows::Rows;

/// Reads a file; each entry as a line of text, or the first error.
fn read(text: impl AsRef<[u8]>) -> Result<Vec<String>, String> {
    let mut rows = Rows::new(text.as_ref());
    let mut entries = Vec::new();
    loop {
        match rows.next_entry().map_err(|error| error.to_string())? {
            None => return Ok(entries),
            Some(entry) => entries.push(match entry.map_err(|error| error.to_string())? {
                Entry::Row(Row::Price(p)) => {
                    format!("{}>{} {} {}", p.orig_code, p.dest_code, p.day, p.price)
                }
                Entry::Row(Row::Port(_, place) | Row::Region(_, place)) => {
                    format!(
                        "{} {} {}",
                        place.key,
                        place.name,
                        place.parent_slug.unwrap_or_default()
                    )
                }
                Entry::Delete(day) => format!("delete {day}"),
            }),
        }
    }
}

/// Reads statements in a complete dump.
fn statements(text: &str) -> Result<Vec<String>, String> {
    read(format!(
        "--\n-- PostgreSQL database dump\n--\n\n{text}\n--\n-- PostgreSQL database dump complete\n--\n\n"
    ))
}

const BLOCK: &str =
    "COPY public.prices (orig_code, dest_code, day, price) FROM stdin;\nCNGGZ\tEETLL\t2021-01-01\t5\n\\.\n";
const PRICE: &str = "CNGGZ>EETLL 2021-01-01 5";
