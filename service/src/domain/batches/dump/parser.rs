//! What all statements share: the tokens, the session, the tables, and the parsing of names.

use super::completeness::Completeness;
use super::lexer::Lexer;
use super::session::Session;
use super::table::{Layout, Table, Tables};
use super::token::Token;
use crate::domain::batches::outcome::FileError;
use crate::domain::batches::row::RowError;
use crate::domain::batches::scanner::Scanner;
use std::io::Read;

/// Parses the statements of a dump; each kind has its own file.
pub struct Parser<R> {
    /// Tokens and lines.
    pub lexer: Lexer<R>,
    /// Settings in force.
    pub session: Session,
    /// Tables defined so far.
    pub tables: Tables,
    /// Start and end of each dump.
    pub completeness: Completeness,
}

/// A table's name with its schema, as written.
pub struct Name {
    /// The schema.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
}

impl<R: Read> Parser<R> {
    /// Parses the file that the scanner reads.
    pub fn new(scanner: Scanner<R>) -> Self {
        Self {
            lexer: Lexer::new(scanner),
            session: Session::default(),
            tables: Tables::default(),
            completeness: Completeness::default(),
        }
    }

    /// Parses a table's name; `None` if there is none.
    pub fn name(&mut self) -> Result<Option<Name>, FileError> {
        let mut name = Name {
            schema: None,
            table: String::new(),
        };
        loop {
            match self.lexer.next_token()? {
                Token::Word(part) | Token::Quoted(part) => name.table = part,
                _ => return Ok(None),
            }
            let token = self.lexer.next_token()?;
            if token != Token::Symbol(b'.') {
                self.lexer.push_back(token);
                return Ok(Some(name));
            }
            name.schema = Some(std::mem::take(&mut name.table));
        }
    }

    /// Parses the names of columns after an opening parenthesis.
    pub fn names(&mut self) -> Result<Vec<String>, FileError> {
        let mut names = Vec::new();
        loop {
            match self.lexer.next_token()? {
                Token::Word(name) | Token::Quoted(name) => names.push(name),
                _ => return Err(self.lexer.refuse("has no list of columns")),
            }
            match self.lexer.next_token()? {
                Token::Symbol(b',') if names.len() < 2_000 => {}
                Token::Symbol(b')') => return Ok(names),
                _ => return Err(self.lexer.refuse("has no list of columns")),
            }
        }
    }

    /// The schema and the table that a name means; `None` for a table that is not imported.
    pub fn resolve(&self, name: Name) -> Result<Option<(String, Table)>, FileError> {
        let Some(table) = Table::find(&name.table) else {
            return Ok(None);
        };
        let schema = match name.schema {
            Some(schema) => schema,
            None => self
                .session
                .schema()
                .map_err(|reason| self.lexer.refuse(reason))?,
        };
        Ok(Some((schema, table)))
    }

    /// The layout of rows with these columns or, if none are listed, of the table.
    pub fn layout(
        &self,
        schema: &str,
        table: Table,
        columns: Option<&[String]>,
    ) -> Result<Layout, FileError> {
        let line = self.lexer.token_line();
        let layout = match columns {
            Some(names) => Layout::of(table, names)
                .map_err(|column| RowError::new(line, column, "is missing from the columns")),
            None => self.tables.layout(line, schema, table),
        };
        layout.map_err(FileError::Refused)
    }
}
