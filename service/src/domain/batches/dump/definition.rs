//! `CREATE`, `ALTER` and `DROP`: skipped, unless they change which rows the three tables have. Of a table that is
//! imported the order of the columns is recorded, for statements that list none.

use super::parser::Parser;
use super::table::Table;
use super::token::Token;
use crate::domain::batches::outcome::FileError;
use std::io::Read;

/// Words that start a constraint or another element of a table that is no column.
const NO_COLUMN: [&str; 7] = [
    "constraint",
    "primary",
    "unique",
    "check",
    "foreign",
    "exclude",
    "like",
];

const CREATES_ROWS: &str = "creates a table from a query, whose rows are not in the file";
const RENAMES: &str = "renames or moves an object, which changes what later statements mean";

impl<R: Read> Parser<R> {
    /// Parses the statement after `CREATE`.
    pub fn create(&mut self) -> Result<(), FileError> {
        loop {
            let Token::Word(word) = self.lexer.next_token()? else {
                return Err(self.lexer.refuse("is not a definition"));
            };
            match word.as_str() {
                "or" | "replace" | "unlogged" | "foreign" | "materialized" | "recursive" | "constraint" => {}
                "temp" | "temporary" | "local" | "global" => {
                    return Err(self
                        .lexer
                        .refuse("creates a temporary object, which could hide a table"));
                }
                "table" => return self.create_table(),
                "view" => return self.create_view(),
                "trigger" => return self.create_trigger("on"),
                "rule" => return self.create_trigger("to"),
                "schema" => return self.create_schema(),
                _ => return self.lexer.skip_statement(),
            }
        }
    }

    fn create_table(&mut self) -> Result<(), FileError> {
        let mut token = self.lexer.next_token()?;
        if token.is_word("if") {
            // NOT EXISTS
            self.lexer.next_token()?;
            self.lexer.next_token()?;
            token = self.lexer.next_token()?;
        }
        self.lexer.push_back(token);
        let Some(name) = self.name()? else {
            return Err(self.lexer.refuse("names no table"));
        };
        let table = self.resolve(name)?;
        let token = self.lexer.next_token()?;
        let mut columns = None;
        if token == Token::Symbol(b'(') {
            columns = self.column_definitions()?;
        } else {
            self.lexer.push_back(token);
        }
        loop {
            match self.lexer.next_token()? {
                Token::End => break,
                Token::Word(word) if self.lexer.depth() == 0 => match word.as_str() {
                    "as" | "execute" => return Err(self.lexer.refuse(CREATES_ROWS)),
                    // Columns are inherited before the table's own.
                    "inherits" => columns = None,
                    _ => {}
                },
                _ => {}
            }
        }
        if let Some((schema, table)) = table {
            self.tables.define(schema, table, columns.as_deref());
        }
        Ok(())
    }

    /// The names of the columns, after the opening parenthesis; `None` if they are those of another table.
    fn column_definitions(&mut self) -> Result<Option<Vec<String>>, FileError> {
        let mut names = Some(Vec::new());
        let mut is_start = true;
        loop {
            let token = self.lexer.next_token()?;
            let is_outer = self.lexer.depth() == 1;
            match token {
                Token::Symbol(b')') if self.lexer.depth() == 0 => return Ok(names),
                Token::Symbol(b',') if is_outer => {
                    is_start = true;
                    continue;
                }
                Token::Word(word) if is_start && NO_COLUMN.contains(&word.as_str()) => {
                    names = names.filter(|_| word != "like");
                }
                Token::Word(name) | Token::Quoted(name) if is_start => {
                    if let Some(names) = names.as_mut().filter(|names| names.len() < 2_000) {
                        names.push(name);
                    }
                }
                Token::End | Token::Eof => return Err(self.lexer.refuse("is not a definition")),
                _ => {}
            }
            is_start = false;
        }
    }

    fn create_view(&mut self) -> Result<(), FileError> {
        let mut token = self.lexer.next_token()?;
        if token.is_word("if") {
            self.lexer.next_token()?;
            self.lexer.next_token()?;
            token = self.lexer.next_token()?;
        }
        self.lexer.push_back(token);
        let name = self.name()?.ok_or_else(|| self.lexer.refuse("names no view"))?;
        if Table::find(&name.table).is_some() {
            return Err(self
                .lexer
                .refuse("creates a view in place of a table that is imported"));
        }
        self.lexer.skip_statement()
    }

    /// Records a trigger or rule of a table that is imported: later rows of it may be changed.
    fn create_trigger(&mut self, before_table: &str) -> Result<(), FileError> {
        let line = self.lexer.token_line();
        while !self.lexer.next_token()?.is_word(before_table) {}
        let name = self.name()?.ok_or_else(|| self.lexer.refuse("names no table"))?;
        if let Some(table) = Table::find(&name.table) {
            self.tables.add_trigger(table, line);
        }
        self.lexer.skip_statement()
    }

    /// `CREATE SCHEMA` without the definitions that it may contain.
    fn create_schema(&mut self) -> Result<(), FileError> {
        loop {
            match self.lexer.next_token()? {
                Token::End => return Ok(()),
                token if token.is_word("create") => {
                    return Err(self
                        .lexer
                        .refuse("creates objects in one statement with their schema"));
                }
                _ => {}
            }
        }
    }

    /// Parses the statement after `ALTER`.
    pub fn alter(&mut self) -> Result<(), FileError> {
        let mut is_set = false;
        let kind = self.lexer.next_token()?;
        if kind.is_word("table") {
            return self.alter_table();
        }
        loop {
            match self.lexer.next_token()? {
                Token::End => return Ok(()),
                Token::Word(word) if self.lexer.depth() == 0 => {
                    if word == "rename" || is_set && word == "schema" {
                        return Err(self.lexer.refuse(RENAMES));
                    }
                    is_set = word == "set";
                }
                _ => is_set = false,
            }
        }
    }

    fn alter_table(&mut self) -> Result<(), FileError> {
        let mut token = self.lexer.next_token()?;
        if token.is_word("all") {
            // ALL IN TABLESPACE
            return self.lexer.skip_statement();
        }
        if token.is_word("if") {
            self.lexer.next_token()?;
            token = self.lexer.next_token()?;
        }
        if !token.is_word("only") {
            self.lexer.push_back(token);
        }
        if self.name()?.is_none() {
            return Err(self.lexer.refuse("names no table"));
        }
        let token = self.lexer.next_token()?;
        if token != Token::Symbol(b'*') {
            self.lexer.push_back(token);
        }
        loop {
            self.alter_action()?;
            loop {
                match self.lexer.next_token()? {
                    Token::End => return Ok(()),
                    Token::Symbol(b',') if self.lexer.depth() == 0 => break,
                    _ => {}
                }
            }
        }
    }

    /// The first words of an action of `ALTER TABLE`.
    fn alter_action(&mut self) -> Result<(), FileError> {
        let changes = "changes a table in a way that pg_dump does not write";
        let Token::Word(action) = self.lexer.next_token()? else {
            return Err(self.lexer.refuse(changes));
        };
        let constraints = ["constraint", "primary", "unique", "check", "foreign", "exclude"];
        match action.as_str() {
            "owner" | "enable" | "disable" | "force" | "no" | "replica" | "cluster" | "validate"
            | "attach" | "inherit" | "reset" => Ok(()),
            "set" => {
                let token = self.lexer.next_token()?;
                if token.is_word("schema") {
                    return Err(self.lexer.refuse(RENAMES));
                }
                self.lexer.push_back(token);
                Ok(())
            }
            "add" | "drop" => match self.lexer.next_token()? {
                Token::Word(what) if constraints.contains(&what.as_str()) => Ok(()),
                _ => Err(self.lexer.refuse(changes)),
            },
            "alter" => {
                let token = self.lexer.next_token()?;
                if token.is_word("column") {
                    self.lexer.next_token()?;
                }
                let change = self.lexer.next_token()?;
                let what = self.lexer.next_token()?;
                let is_type = change.is_word("type")
                    || change.is_word("set") && (what.is_word("data") || what.is_word("expression"));
                if is_type {
                    return Err(self.lexer.refuse(changes));
                }
                self.lexer.push_back(what);
                Ok(())
            }
            "rename" => Err(self.lexer.refuse(RENAMES)),
            _ => Err(self.lexer.refuse(changes)),
        }
    }

    /// Parses the statement after `DROP`, as `pg_dump --clean` writes it. Before the first row it drops none.
    pub fn drop_statement(&mut self) -> Result<(), FileError> {
        if !self.tables.has_rows(None) {
            return self.lexer.skip_statement();
        }
        let drops = "drops objects after the first rows, which may drop rows";
        let is_table = self.lexer.next_token()?.is_word("table");
        loop {
            match self.lexer.next_token()? {
                Token::End => return Ok(()),
                Token::Word(word) if word == "cascade" => return Err(self.lexer.refuse(drops)),
                Token::Word(name) | Token::Quoted(name)
                    if is_table
                        && Table::find(&name).is_some_and(|table| self.tables.has_rows(Some(table))) =>
                {
                    return Err(self.lexer.refuse(drops));
                }
                _ => {}
            }
        }
    }
}
