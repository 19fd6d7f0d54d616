//! Legacy dumps in pg_dump's plain format: COPY blocks of ports, regions and prices. No SQL is executed: statements
//! outside the blocks are ignored.

use super::row::{self, PRICE_COLUMNS, Row, RowError};
use crate::db::batches::NewPlace;
use std::borrow::Cow;

/// pg_dump's last line: a dump without it is truncated.
const LAST_LINE: &str = "-- PostgreSQL database dump complete";

/// The state of the parser.
#[derive(Debug, Default)]
pub struct Dump {
    block: Option<Block>,
    complete: bool,
    blocks: u32,
}

#[derive(Clone, Debug)]
struct Block {
    table: Table,
    /// For each of the table's columns, its index in the line.
    indices: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Table {
    Regions,
    Ports,
    Prices,
}

impl Table {
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Regions => &["slug", "name", "parent_slug"],
            Self::Ports => &["code", "name", "parent_slug"],
            Self::Prices => &PRICE_COLUMNS,
        }
    }
}

impl Dump {
    /// The state after the end of the file was reported.
    pub fn ended() -> Self {
        Self {
            block: None,
            complete: true,
            blocks: 1,
        }
    }

    /// Parses a line: a row, an error, or `None` for anything else.
    pub fn row(&mut self, line: u64, text: &str) -> Option<Result<Row, RowError>> {
        match &self.block {
            Some(_) if text == "\\." => {
                self.block = None;
                None
            }
            Some(block) => Some(block.row(line, text)),
            None if text.starts_with("COPY ") => {
                self.blocks += 1;
                match parse_copy(line, text) {
                    Ok(block) => {
                        self.block = Some(block);
                        None
                    }
                    Err(error) => Some(Err(error)),
                }
            }
            None => {
                self.complete |= text == LAST_LINE;
                None
            }
        }
    }

    /// Whether the dump may end here.
    pub fn end(&mut self, line: u64) -> Result<(), RowError> {
        if self.blocks == 0 {
            let reason = "is neither CSV (header orig_code,dest_code,day,price) nor a dump with COPY blocks";
            return Err(RowError::new(1, "", reason));
        }
        if self.block.is_some() || !self.complete {
            return Err(RowError::new(
                line,
                "",
                "the dump ends without its closing line: it is truncated",
            ));
        }
        Ok(())
    }
}

/// `COPY public.ports (code, name, parent_slug) FROM stdin;`
fn parse_copy(line: u64, text: &str) -> Result<Block, RowError> {
    let error = |reason: &'static str| RowError::new(line, "", reason);
    let (head, rest) = text["COPY ".len()..]
        .split_once(" (")
        .ok_or_else(|| error("is not a COPY statement of a dump"))?;
    let (columns, end) = rest
        .split_once(')')
        .ok_or_else(|| error("is not a COPY statement of a dump"))?;
    if end != " FROM stdin;" {
        return Err(error("must read FROM stdin"));
    }
    let table = match head.rsplit_once('.').map_or(head, |(_, table)| table) {
        "regions" => Table::Regions,
        "ports" => Table::Ports,
        "prices" => Table::Prices,
        _ => {
            return Err(error(
                "is a COPY of an unknown table; expected regions, ports or prices",
            ));
        }
    };
    let given: Vec<&str> = columns.split(',').map(str::trim).collect();
    let index_of = |column: &&'static str| {
        let found = given.iter().position(|name| name == column);
        found.ok_or_else(|| RowError::new(line, column, "is missing from the columns"))
    };
    let indices: Vec<usize> = table.columns().iter().map(index_of).collect::<Result<_, _>>()?;
    if given.len() != indices.len() {
        return Err(error("has unknown columns"));
    }
    Ok(Block { table, indices })
}

impl Block {
    fn row(&self, line: u64, text: &str) -> Result<Row, RowError> {
        let mut fields = [""; 4];
        let mut count = 0;
        for field in text.split('\t') {
            if let Some(slot) = fields.get_mut(count) {
                *slot = field;
            }
            count += 1;
        }
        if count != self.indices.len() {
            let reason = format!("has {count} fields instead of {}", self.indices.len());
            return Err(RowError::new(line, "", reason));
        }
        let field = |n: usize| fields[self.indices[n]];
        let required = |n: usize| match field(n) {
            "\\N" => Err(RowError::new(line, self.table.columns()[n], "is missing")),
            text => Ok(unescape(text)),
        };
        match self.table {
            Table::Prices => row::price(line, [field(0), field(1), field(2), field(3)]).map(Row::Price),
            Table::Regions => {
                let parent_slug = match field(2) {
                    "\\N" => None,
                    text => Some(row::key(line, "parent_slug", text)?),
                };
                let (key, name) = (
                    row::key(line, "slug", &required(0)?)?,
                    row::name(line, &required(1)?)?,
                );
                Ok(Row::Region(
                    line,
                    NewPlace {
                        key,
                        name,
                        parent_slug,
                    },
                ))
            }
            Table::Ports => {
                let parent_slug = Some(row::key(line, "parent_slug", &required(2)?)?);
                let (key, name) = (
                    row::key(line, "code", &required(0)?)?,
                    row::name(line, &required(1)?)?,
                );
                Ok(Row::Port(
                    line,
                    NewPlace {
                        key,
                        name,
                        parent_slug,
                    },
                ))
            }
        }
    }
}

/// Decodes the backslash escapes of COPY's text format, except octal and hexadecimal ones, which pg_dump does not
/// write.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('v') => '\u{b}',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    Cow::Owned(plain)
}
