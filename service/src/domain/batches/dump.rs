//! The plain dump format of pg_dump, as far as the originals' dumps use it: COPY blocks of ports, regions and prices.
//! Never runs any of its SQL: statements outside the blocks are passed over.
use super::row::{self, PRICE_COLUMNS, Row, RowFault};
use crate::db::batches::NewPlace;
use std::borrow::Cow;

/// pg_dump writes this at the very end: a dump without it was cut off.
const LAST_LINE: &str = "-- PostgreSQL database dump complete";

/// Where in a dump we are.
#[derive(Debug, Default)]
pub struct Dump {
    block: Option<Block>,
    complete: bool,
    blocks: u32,
}

#[derive(Clone, Debug)]
struct Block {
    table: Table,
    /// For each of the table's columns, its place in the line.
    places: Vec<usize>,
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
    /// A dump whose end has been told.
    pub fn ended() -> Self {
        Self {
            block: None,
            complete: true,
            blocks: 1,
        }
    }

    /// What a line holds: a row, a fault, or nothing of ours.
    pub fn row(&mut self, line: u64, text: &str) -> Option<Result<Row, RowFault>> {
        match &self.block {
            Some(_) if text == "\\." => {
                self.block = None;
                None
            }
            Some(block) => Some(block.row(line, text)),
            None if text.starts_with("COPY ") => {
                self.blocks += 1;
                match begin(line, text) {
                    Ok(block) => {
                        self.block = Some(block);
                        None
                    }
                    Err(fault) => Some(Err(fault)),
                }
            }
            None => {
                self.complete |= text == LAST_LINE;
                None
            }
        }
    }

    /// Whether the dump may end here.
    pub fn end(&mut self, line: u64) -> Result<(), RowFault> {
        if self.blocks == 0 {
            let reason = "is neither CSV (header orig_code,dest_code,day,price) nor a dump with COPY blocks";
            return Err(RowFault::new(1, "", reason));
        }
        if self.block.is_some() || !self.complete {
            return Err(RowFault::new(
                line,
                "",
                "the dump ends here without its closing line: it was cut off",
            ));
        }
        Ok(())
    }
}

/// `COPY public.ports (code, name, parent_slug) FROM stdin;`
fn begin(line: u64, text: &str) -> Result<Block, RowFault> {
    let wrong = |reason: &'static str| RowFault::new(line, "", reason);
    let (head, rest) = text["COPY ".len()..]
        .split_once(" (")
        .ok_or_else(|| wrong("is no COPY of a dump"))?;
    let (columns, end) = rest
        .split_once(')')
        .ok_or_else(|| wrong("is no COPY of a dump"))?;
    if end != " FROM stdin;" {
        return Err(wrong("must read FROM stdin"));
    }
    let table = match head.rsplit_once('.').map_or(head, |(_, table)| table) {
        "regions" => Table::Regions,
        "ports" => Table::Ports,
        "prices" => Table::Prices,
        _ => return Err(wrong("is a table other than regions, ports and prices")),
    };
    let given: Vec<&str> = columns.split(',').map(str::trim).collect();
    let place = |column: &&'static str| {
        let found = given.iter().position(|name| name == column);
        found.ok_or_else(|| RowFault::new(line, column, "is missing among the columns"))
    };
    let places: Vec<usize> = table.columns().iter().map(place).collect::<Result<_, _>>()?;
    if given.len() != places.len() {
        return Err(wrong("has columns that are unknown"));
    }
    Ok(Block { table, places })
}

impl Block {
    fn row(&self, line: u64, text: &str) -> Result<Row, RowFault> {
        let mut fields = [""; 4];
        let mut count = 0;
        for field in text.split('\t') {
            if let Some(slot) = fields.get_mut(count) {
                *slot = field;
            }
            count += 1;
        }
        if count != self.places.len() {
            let reason = format!("has {count} fields instead of {}", self.places.len());
            return Err(RowFault::new(line, "", reason));
        }
        let field = |n: usize| fields[self.places[n]];
        let required = |n: usize| match field(n) {
            "\\N" => Err(RowFault::new(line, self.table.columns()[n], "is missing")),
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

/// COPY's text format: a backslash and a letter for what would break a line. Names hold nothing rarer.
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
