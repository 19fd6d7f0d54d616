//! `COPY … FROM stdin` and the lines of its block.

use super::encoding::ClientEncoding;
use super::escapes::{Syntax, unescape};
use super::parser::Parser;
use super::table::{Layout, MAX_COLUMNS, Table};
use super::token::Token;
use crate::domain::batches::outcome::FileError;
use crate::domain::batches::row::{Row, RowError};
use crate::domain::batches::scanner::Line;
use memchr::memchr;
use std::borrow::Cow;
use std::io::Read;

/// The line that ends a block.
const END_OF_DATA: &[u8] = b"\\.";

/// The block that is being read.
#[derive(Debug)]
pub struct Block {
    table: Table,
    layout: Layout,
    encoding: ClientEncoding,
    /// Whether the lines end in CR LF: PostgreSQL requires all of a block to end like its first.
    has_cr: Option<bool>,
}

impl<R: Read> Parser<R> {
    /// Parses the statement after `COPY`; `None` for an empty block.
    pub fn copy(&mut self) -> Result<Option<Block>, FileError> {
        let name = self
            .name()?
            .ok_or_else(|| self.lexer.refuse("is not a COPY statement of a dump"))?;
        let mut columns = None;
        let mut token = self.lexer.next_token()?;
        if token == Token::Symbol(b'(') {
            columns = Some(self.names()?);
            token = self.lexer.next_token()?;
        }
        let is_from_stdin = token.is_word("from") && self.lexer.next_token()?.is_word("stdin");
        if !is_from_stdin {
            return Err(self.lexer.refuse("must read FROM stdin"));
        }
        if self.lexer.next_token()? != Token::End {
            return Err(self
                .lexer
                .refuse("is a COPY with options: only pg_dump's text format is imported"));
        }
        let line = self.lexer.token_line();
        // psql would run what follows in this line after the block.
        if !self.lexer.ends_line()? {
            return Err(FileError::refused(
                line,
                "the data must start in the line after FROM stdin;",
            ));
        }
        // pg_dump writes a block for every empty table.
        if self.lexer.skips_line(END_OF_DATA)? {
            self.completeness.add_empty_block();
            return Ok(None);
        }
        let Some((schema, table)) = self.resolve(name)? else {
            let reason = "is a COPY of an unknown table; expected regions, ports or prices (pg_dump --table)";
            return Err(self.lexer.refuse(reason));
        };
        let layout = self.layout(&schema, table, columns.as_deref())?;
        if layout.has_unknown_columns() {
            return Err(self.lexer.refuse("has unknown columns"));
        }
        self.tables
            .change(line, &schema, table)
            .map_err(FileError::Refused)?;
        self.completeness.open_block(line);
        Ok(Some(Block {
            table,
            layout,
            encoding: self.session.encoding,
            has_cr: None,
        }))
    }
}

impl Block {
    /// Parses a line; `None` at the end of the block.
    pub fn row(&mut self, line: &Line<'_>) -> Result<Option<Result<Row, RowError>>, FileError> {
        let number = line.number;
        let is_end = line.bytes == END_OF_DATA;
        if *self.has_cr.get_or_insert(line.has_cr) != line.has_cr {
            let error = RowError::new(number, "", "has another line end than the block's first line");
            return if is_end {
                Err(FileError::Refused(error))
            } else {
                Ok(Some(Err(error)))
            };
        }
        if is_end {
            return Ok(None);
        }
        let Some(text) = self.encoding.decode(line.bytes) else {
            return Ok(Some(Err(RowError::new(number, "", self.encoding.error()))));
        };
        Ok(Some(self.parse(number, &text)))
    }

    fn parse(&self, line: u64, text: &str) -> Result<Row, RowError> {
        let mut fields = [""; MAX_COLUMNS];
        let mut count = 0;
        for field in text.split('\t') {
            if let Some(slot) = fields.get_mut(count) {
                *slot = field;
            }
            count += 1;
        }
        if count != self.layout.width {
            let reason = format!("has {count} fields instead of {}", self.layout.width);
            return Err(RowError::new(line, "", reason));
        }
        if memchr(b'\\', text.as_bytes()).is_none() {
            let mut values = [None; MAX_COLUMNS];
            for (value, index) in values.iter_mut().zip(&self.layout.indices) {
                *value = Some(fields[*index]);
            }
            return self.table.row(line, values);
        }
        let mut values: [Option<Cow<'_, str>>; MAX_COLUMNS] = Default::default();
        for ((value, index), column) in values
            .iter_mut()
            .zip(&self.layout.indices)
            .zip(self.table.columns())
        {
            *value = match fields[*index] {
                "\\N" => None,
                plain if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
                escaped => {
                    let text = unescape(escaped, Syntax::Copy);
                    Some(
                        text.ok_or_else(|| RowError::new(line, column, "has an invalid escape"))?
                            .into(),
                    )
                }
            };
        }
        self.table
            .row(line, values.each_ref().map(|value| value.as_deref()))
    }
}
