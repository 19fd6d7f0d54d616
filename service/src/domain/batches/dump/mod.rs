//! Legacy dumps in pg_dump's plain format. No SQL is executed: the rows of COPY blocks and simple INSERTs are read, simple
//! DELETEs are applied, statements that change no row are skipped, and all others are refused with their line.

/// `INSERT` and `DELETE`.
mod change;

/// Start and end of each dump.
mod completeness;

/// COPY blocks.
mod copy;

/// `CREATE`, `ALTER` and `DROP`.
mod definition;

/// The declared encoding.
pub mod encoding;

/// Backslash escapes.
mod escapes;

/// Tokens and statements.
mod lexer;

/// Nesting of statements.
mod nesting;

/// What all statements share.
mod parser;

/// Settings that decide what later statements mean.
mod session;

/// Statements that change no row.
mod statement;

/// The three tables.
mod table;

/// Tokens.
mod token;

/// Whole dumps.
#[cfg(test)]
mod tests;

use super::outcome::{FileError, NO_FORMAT};
use super::row::{Entry, RowError};
use super::scanner::Scanner;
use change::Insert;
use copy::Block;
use parser::Parser;
use std::io::Read;
use token::Token;

/// A dump that is being read.
pub struct Dump<R> {
    parser: Parser<R>,
    state: State,
}

/// What the next bytes are.
#[derive(Debug)]
enum State {
    Statement,
    Block(Block),
    Values(Insert),
    End,
}

impl<R: Read> Dump<R> {
    /// Reads a dump.
    pub fn new(scanner: Scanner<R>) -> Self {
        Self {
            parser: Parser::new(scanner),
            state: State::Statement,
        }
    }

    /// The reader of the file.
    pub fn scanner(&self) -> &Scanner<R> {
        self.parser.lexer.scanner()
    }

    /// The next entry or its validation error; `None` at the end. The outer error ends the file.
    pub fn next_entry(&mut self) -> Result<Option<Result<Entry, RowError>>, FileError> {
        loop {
            match &mut self.state {
                State::Block(block) => {
                    let Some(line) = self.parser.lexer.next_line()? else {
                        return Err(self.truncated());
                    };
                    if let Some(row) = block.row(&line)? {
                        return Ok(Some(row.map(Entry::Row)));
                    }
                    self.state = State::Statement;
                }
                State::Values(insert) => {
                    let insert = insert.clone();
                    let (row, has_more) = self.parser.inserted_row(&insert)?;
                    if !has_more {
                        self.state = State::Statement;
                    }
                    return Ok(Some(row.map(Entry::Row)));
                }
                State::Statement => {
                    if let Some(entry) = self.statement()? {
                        return Ok(Some(Ok(entry)));
                    }
                }
                State::End => return Ok(None),
            }
        }
    }

    /// Reads a statement or a marker.
    fn statement(&mut self) -> Result<Option<Entry>, FileError> {
        match self.parser.lexer.first_token()? {
            Token::End => {}
            Token::Eof => {
                self.check_end()?;
                self.state = State::End;
            }
            Token::Marker(marker) => {
                let line = self.parser.lexer.token_line();
                self.parser
                    .completeness
                    .mark(line, marker)
                    .map_err(FileError::Refused)?;
            }
            Token::Command(command) => self.parser.psql_command(&command)?,
            Token::Word(word) => match word.as_str() {
                "copy" => self.state = self.parser.copy()?.map_or(State::Statement, State::Block),
                "insert" => self.state = State::Values(self.parser.insert()?),
                "delete" => return self.parser.delete().map(|day| Some(Entry::Delete(day))),
                keyword => self.parser.without_rows(keyword)?,
            },
            _ => return Err(self.parser.lexer.refuse("is not a statement")),
        }
        Ok(None)
    }

    /// Whether the file may end here.
    fn check_end(&mut self) -> Result<(), FileError> {
        let has_rows = self.parser.tables.has_rows(None) || self.parser.completeness.has_empty_block();
        if !has_rows && !self.parser.completeness.has_marker() {
            return Err(FileError::refused(1, NO_FORMAT));
        }
        if !self.parser.completeness.is_complete() {
            return Err(self.truncated());
        }
        if let Some(line) = self.parser.session.transaction {
            return Err(FileError::refused(
                line,
                "the transaction that starts here is not committed",
            ));
        }
        if !has_rows {
            return Err(FileError::refused(
                1,
                "the dump has no rows of regions, ports or prices",
            ));
        }
        Ok(())
    }

    fn truncated(&self) -> FileError {
        let line = self.parser.lexer.scanner().last_line();
        FileError::refused(line, "the dump ends without its closing line: it is truncated")
    }
}
