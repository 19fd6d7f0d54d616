//! Reads the ledger's text entry by entry, so that a malformed one is named and the others still count.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use toml::Spanned;

use crate::waivers::entry::{FILE, Waiver};
use crate::waivers::ledger::Ledger;
use crate::waivers::violation::{MALFORMED, Violation};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    waiver: Vec<Spanned<toml::Table>>,
}

/// Reads it; none is an empty one.
pub fn read(root: &Path) -> Result<Ledger> {
    match std::fs::read_to_string(root.join(FILE)) {
        Ok(text) => Ok(ledger(&text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Ledger::default()),
        Err(error) => Err(error).context(FILE),
    }
}

/// The entries, and what is no entry.
pub fn ledger(text: &str) -> Ledger {
    let raw: Raw = match toml::from_str(text) {
        Ok(raw) => raw,
        Err(error) => {
            let line = error.span().map(|span| line_of(text, span.start));
            return Ledger {
                waiver: Vec::new(),
                malformed: vec![Violation {
                    rule: MALFORMED,
                    what: format!("no ledger: {}", error.message()),
                    path: FILE.to_owned(),
                    line,
                }],
            };
        }
    };
    let mut ledger = Ledger::default();
    for raw in raw.waiver {
        let line = line_of(text, raw.span().start);
        let table = raw.into_inner();
        let id = table.get("id").and_then(toml::Value::as_str).map(str::to_owned);
        match entry(table) {
            Ok(waiver) => ledger.waiver.push(Waiver { line, ..waiver }),
            Err(why) => ledger.malformed.push(Violation {
                rule: MALFORMED,
                what: format!(
                    "{}: {why}",
                    id.unwrap_or_else(|| format!("the entry at line {line}"))
                ),
                path: FILE.to_owned(),
                line: Some(line),
            }),
        }
    }
    ledger
}

fn entry(table: toml::Table) -> Result<Waiver, String> {
    for date in ["created", "expires"] {
        let Some(value) = table.get(date) else { continue };
        let text = value.as_str().ok_or(format!("{date} is no text"))?;
        let _valid: chrono::NaiveDate = text
            .parse()
            .map_err(|_| format!("{date} is {text:?}, no date as 2026-12-31"))?;
    }
    table
        .try_into()
        .map_err(|error: toml::de::Error| error.message().to_owned())
}

fn line_of(text: &str, byte: usize) -> u64 {
    let before = text.get(..byte).unwrap_or_default();
    before.matches('\n').count() as u64 + 1
}
