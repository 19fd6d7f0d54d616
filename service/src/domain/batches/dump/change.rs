//! The statements that change rows one at a time: `INSERT … VALUES` of constants, and `DELETE FROM prices WHERE day = …`.

use super::parser::Parser;
use super::table::{Layout, MAX_COLUMNS, Table};
use super::token::Token;
use crate::domain::batches::outcome::FileError;
use crate::domain::batches::row::{Row, RowError};
use crate::types::day::Day;
use std::io::Read;

/// The INSERT whose rows are being read.
#[derive(Clone, Debug)]
pub struct Insert {
    table: Table,
    layout: Layout,
}

/// Types that a constant may be cast to: none of them changes a valid value.
const CASTS: [&str; 6] = ["date", "text", "varchar", "integer", "int", "int4"];

const NO_CONSTANT: &str = "has a value that is not a constant";
const OTHER_DELETE: &str =
    "is a DELETE of another form than DELETE FROM prices WHERE day = date '2021-01-31'";

#[derive(Debug)]
enum Value {
    Null,
    Default,
    Text(String),
    /// Invalid in the dump's encoding.
    Invalid,
}

impl<R: Read> Parser<R> {
    /// Parses the statement after `INSERT`, up to its rows.
    pub fn insert(&mut self) -> Result<Insert, FileError> {
        if !self.lexer.next_token()?.is_word("into") {
            return Err(self.lexer.refuse("is not an INSERT INTO"));
        }
        let name = self.name()?.ok_or_else(|| self.lexer.refuse("names no table"))?;
        let Some((schema, table)) = self.resolve(name)? else {
            let reason =
                "is an INSERT into an unknown table; expected regions, ports or prices (pg_dump --table)";
            return Err(self.lexer.refuse(reason));
        };
        let mut columns = None;
        let mut token = self.lexer.next_token()?;
        if token == Token::Symbol(b'(') {
            columns = Some(self.names()?);
            token = self.lexer.next_token()?;
        }
        // `OVERRIDING SYSTEM VALUE`: for identity columns, which are not imported.
        if token.is_word("overriding") {
            self.lexer.next_token()?;
            self.lexer.next_token()?;
            token = self.lexer.next_token()?;
        }
        if !token.is_word("values") {
            return Err(self.lexer.refuse("is an INSERT without a list of VALUES"));
        }
        let layout = self.layout(&schema, table, columns.as_deref())?;
        let line = self.lexer.token_line();
        self.tables
            .change(line, &schema, table)
            .map_err(FileError::Refused)?;
        Ok(Insert { table, layout })
    }

    /// Parses a row of the INSERT; the second value is whether another follows.
    pub fn inserted_row(&mut self, insert: &Insert) -> Result<(Result<Row, RowError>, bool), FileError> {
        if self.lexer.next_token()? != Token::Symbol(b'(') {
            return Err(self.lexer.refuse("has no list of values"));
        }
        let line = self.lexer.token_line();
        let mut values = Vec::with_capacity(MAX_COLUMNS);
        loop {
            let value = self.value()?;
            // More values than columns are counted, not stored.
            if values.len() <= insert.layout.width {
                values.push(value);
            }
            match self.lexer.next_token()? {
                Token::Symbol(b',') => {}
                Token::Symbol(b')') => break,
                _ => return Err(self.lexer.refuse(NO_CONSTANT)),
            }
        }
        let has_more = match self.lexer.next_token()? {
            Token::Symbol(b',') => true,
            Token::End => false,
            _ => {
                return Err(self
                    .lexer
                    .refuse("is an INSERT with another clause after its values"));
            }
        };
        Ok((insert.row(line, &values), has_more))
    }

    fn value(&mut self) -> Result<Value, FileError> {
        let encoding = self.session.encoding;
        let mut token = self.lexer.next_token()?;
        let is_typed = token.is_word("date");
        if is_typed {
            token = self.lexer.next_token()?;
        }
        let value = match token {
            Token::Text(text) => text.decode(encoding).map_or(Value::Invalid, Value::Text),
            _ if is_typed => return Err(self.lexer.refuse(NO_CONSTANT)),
            Token::Number(number) => Value::Text(number),
            Token::Symbol(b'-') => match self.lexer.next_token()? {
                Token::Number(number) => Value::Text(format!("-{number}")),
                _ => return Err(self.lexer.refuse(NO_CONSTANT)),
            },
            Token::Word(word) if word == "null" => Value::Null,
            Token::Word(word) if word == "default" => Value::Default,
            _ => return Err(self.lexer.refuse(NO_CONSTANT)),
        };
        let token = self.lexer.next_token()?;
        if token != Token::Symbol(b':') {
            self.lexer.push_back(token);
            return Ok(value);
        }
        let is_cast = self.lexer.next_token()? == Token::Symbol(b':');
        match self.lexer.next_token()? {
            Token::Word(name) if is_cast && CASTS.contains(&name.as_str()) => Ok(value),
            _ => Err(self.lexer.refuse(NO_CONSTANT)),
        }
    }

    /// Parses the statement after `DELETE`.
    pub fn delete(&mut self) -> Result<Day, FileError> {
        if !self.lexer.next_token()?.is_word("from") {
            return Err(self.lexer.refuse(OTHER_DELETE));
        }
        let token = self.lexer.next_token()?;
        if !token.is_word("only") {
            self.lexer.push_back(token);
        }
        let name = self.name()?.ok_or_else(|| self.lexer.refuse(OTHER_DELETE))?;
        let Some((schema, Table::Prices)) = self.resolve(name)? else {
            return Err(self.lexer.refuse(OTHER_DELETE));
        };
        if !self.lexer.next_token()?.is_word("where") {
            return Err(self.lexer.refuse(OTHER_DELETE));
        }
        let column = self.lexer.next_token()?;
        let is_day = column.is_word("day") || column == Token::Quoted("day".to_owned());
        if !is_day || self.lexer.next_token()? != Token::Symbol(b'=') {
            return Err(self.lexer.refuse(OTHER_DELETE));
        }
        let value = self.value()?;
        if self.lexer.next_token()? != Token::End {
            return Err(self.lexer.refuse(OTHER_DELETE));
        }
        let Value::Text(text) = value else {
            return Err(self.lexer.refuse(OTHER_DELETE));
        };
        let day = Day::parse(&text).ok_or_else(|| {
            self.lexer
                .refuse("deletes the prices of something that is not a day, such as 2021-01-31")
        })?;
        let line = self.lexer.token_line();
        self.tables
            .change(line, &schema, Table::Prices)
            .map_err(FileError::Refused)?;
        Ok(day)
    }
}

impl Insert {
    fn row(&self, line: u64, values: &[Value]) -> Result<Row, RowError> {
        let layout = &self.layout;
        if values.len() != layout.width {
            let count = if values.len() > layout.width {
                "more"
            } else {
                "fewer"
            };
            let reason = format!("has {count} values than the {} columns", layout.width);
            return Err(RowError::new(line, "", reason));
        }
        let mut known = [None; MAX_COLUMNS];
        for (index, value) in values.iter().enumerate() {
            let column = layout.indices.iter().position(|known| *known == index);
            match (column, value) {
                // Generated columns are written as DEFAULT.
                (None, Value::Default) | (Some(_), Value::Null) => {}
                (None, _) => return Err(RowError::new(line, "", "has a value for an unknown column")),
                (Some(column), Value::Text(text)) => known[column] = Some(text.as_str()),
                (Some(column), Value::Default) => {
                    let reason = "is DEFAULT: the value is not in the file";
                    return Err(RowError::new(line, self.table.columns()[column], reason));
                }
                (Some(column), Value::Invalid) => {
                    let reason = "is not text of the declared client_encoding";
                    return Err(RowError::new(line, self.table.columns()[column], reason));
                }
            }
        }
        self.table.row(line, known)
    }
}
