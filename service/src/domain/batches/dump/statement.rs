//! Statements that change no row: those that pg_dump writes are skipped, settings are recorded. Any other statement is
//! refused with its line, because psql would run it.

use super::parser::Parser;
use super::session::{Session, SettingOutcome};
use super::token::{Command, Token};
use crate::domain::batches::outcome::FileError;
use std::io::Read;

/// Functions whose calls pg_dump writes and that change no row.
const FUNCTIONS: [&str; 5] = [
    "set_config",
    "setval",
    "pg_restore_relation_stats",
    "pg_restore_attribute_stats",
    "pg_restore_extended_stats",
];

const OTHER_SELECT: &str = "is a SELECT of a function that may change rows";

impl<R: Read> Parser<R> {
    /// Parses a statement after its first keyword.
    pub fn without_rows(&mut self, keyword: &str) -> Result<(), FileError> {
        match keyword {
            "set" => self.set(),
            "select" => self.select(),
            "create" => self.create(),
            "alter" => self.alter(),
            "drop" => self.drop_statement(),
            "comment" | "grant" | "revoke" | "security" | "refresh" => self.lexer.skip_statement(),
            "begin" | "start" | "commit" | "end" => self.transaction(keyword),
            "rollback" | "abort" | "savepoint" | "release" => Err(self
                .lexer
                .refuse("is a transaction that may be undone: nothing would be stored of it")),
            "update" => Err(self
                .lexer
                .refuse("is an UPDATE: statements that change rows are not executed")),
            "truncate" => Err(self
                .lexer
                .refuse("is a TRUNCATE: statements that change rows are not executed")),
            "merge" => Err(self
                .lexer
                .refuse("is a MERGE: statements that change rows are not executed")),
            "do" | "call" | "execute" | "with" => Err(self
                .lexer
                .refuse("executes code, which may change rows: nothing is executed")),
            _ => Err(self.lexer.refuse("is a statement that pg_dump does not write")),
        }
    }

    /// A backslash command of psql.
    pub fn psql_command(&mut self, command: &Command) -> Result<(), FileError> {
        match command.name.as_str() {
            _ if command.is_compound => Err(self.lexer.refuse("is more than one psql command in a line")),
            "restrict" | "unrestrict" => Ok(()),
            "connect" | "c" => {
                if self.tables.has_rows(None) || self.session.transaction.is_some() {
                    let reason = "connects to another database: import the dump of one database";
                    return Err(self.lexer.refuse(reason));
                }
                self.session = Session::default();
                self.lexer.standard_strings = true;
                Ok(())
            }
            _ => Err(self.lexer.refuse("is a psql command that pg_dump does not write")),
        }
    }

    /// `SET name = value`, and the forms without a name of their own.
    fn set(&mut self) -> Result<(), FileError> {
        let mut token = self.lexer.next_token()?;
        let mut is_local = false;
        if token.is_word("local") || token.is_word("session") {
            is_local = token.is_word("local");
            token = self.lexer.next_token()?;
        }
        let name = match token {
            Token::Word(name) => name,
            Token::Quoted(name) => name.to_ascii_lowercase(),
            _ => return Err(self.lexer.refuse("is not a setting")),
        };
        match name.as_str() {
            "authorization" | "role" | "constraints" | "time" => return self.lexer.skip_statement(),
            "transaction" | "characteristics" => {
                return Err(self
                    .lexer
                    .refuse("sets how transactions run, which pg_dump does not"));
            }
            "names" => return self.assign("client_encoding", is_local),
            _ => {}
        }
        let token = self.lexer.next_token()?;
        match token {
            Token::Symbol(b'=') => self.assign(&name, is_local),
            Token::Word(word) if word == "to" => self.assign(&name, is_local),
            // A parameter of an extension, such as `a.b`, decides nothing here.
            Token::Symbol(b'.') => self.lexer.skip_statement(),
            _ => Err(self.lexer.refuse("is not a setting")),
        }
    }

    /// The values of a setting, up to the statement's end.
    fn assign(&mut self, name: &str, is_local: bool) -> Result<(), FileError> {
        let mut values = Vec::new();
        loop {
            match self.lexer.next_token()? {
                Token::End => break,
                Token::Word(word) if word == "default" => values.clear(),
                Token::Word(value) | Token::Quoted(value) | Token::Number(value) => values.push(value),
                Token::Text(text) => {
                    let value = text.decode(self.session.encoding);
                    values.push(value.ok_or_else(|| self.lexer.refuse("is not a setting"))?);
                }
                Token::Symbol(b',' | b'-' | b'.') => {}
                _ if Session::records(name) => return Err(self.lexer.refuse("is not a setting")),
                _ => {}
            }
            if values.len() > 100 {
                return Err(self.lexer.refuse("sets more than 100 values"));
            }
        }
        self.record(name, &values, is_local)
    }

    fn record(&mut self, name: &str, values: &[String], is_local: bool) -> Result<(), FileError> {
        if is_local && Session::records(name) {
            let reason = "sets for one transaction what decides how the dump is read";
            return Err(self.lexer.refuse(reason));
        }
        match self.session.set(name, values) {
            Ok(SettingOutcome::Done) => Ok(()),
            Ok(SettingOutcome::StandardStrings(value)) => {
                self.lexer.standard_strings = value;
                Ok(())
            }
            Err(reason) => Err(self.lexer.refuse(reason)),
        }
    }

    /// `SELECT [* FROM] pg_catalog.function(constants)`
    fn select(&mut self) -> Result<(), FileError> {
        let mut token = self.lexer.next_token()?;
        if token == Token::Symbol(b'*') {
            let is_from = self.lexer.next_token()?.is_word("from");
            token = self.lexer.next_token()?;
            if !is_from {
                return Err(self.lexer.refuse(OTHER_SELECT));
            }
        }
        let is_catalog = token.is_word("pg_catalog") && self.lexer.next_token()? == Token::Symbol(b'.');
        let function = match self.lexer.next_token()? {
            Token::Word(name) if is_catalog && FUNCTIONS.contains(&name.as_str()) => name,
            _ => return Err(self.lexer.refuse(OTHER_SELECT)),
        };
        if self.lexer.next_token()? != Token::Symbol(b'(') {
            return Err(self.lexer.refuse(OTHER_SELECT));
        }
        let mut arguments = Vec::new();
        loop {
            match self.lexer.next_token()? {
                Token::Symbol(b')') => break,
                Token::Symbol(b'(' | b';') => return Err(self.lexer.refuse(OTHER_SELECT)),
                Token::Text(text) if arguments.len() < 3 => {
                    let text = text.decode(self.session.encoding);
                    arguments.push(text.ok_or_else(|| self.lexer.refuse(OTHER_SELECT))?);
                }
                Token::Word(word) if arguments.len() < 3 => arguments.push(word),
                _ => {}
            }
        }
        if self.lexer.next_token()? != Token::End {
            return Err(self.lexer.refuse(OTHER_SELECT));
        }
        match (function.as_str(), arguments.as_slice()) {
            ("set_config", [name, value, is_local]) => {
                let values: Vec<String> = value
                    .split(',')
                    .map(|value| value.trim().trim_matches('"').to_owned())
                    .collect();
                self.record(&name.to_ascii_lowercase(), &values, is_local != "false")
            }
            ("set_config", _) => Err(self.lexer.refuse(OTHER_SELECT)),
            _ => Ok(()),
        }
    }

    /// `BEGIN`, `START TRANSACTION`, `COMMIT` and `END` without options.
    fn transaction(&mut self, keyword: &str) -> Result<(), FileError> {
        let line = self.lexer.token_line();
        let mut token = self.lexer.next_token()?;
        if token.is_word("transaction") || token.is_word("work") {
            token = self.lexer.next_token()?;
        }
        if token != Token::End {
            return Err(self
                .lexer
                .refuse("is a transaction with options, which pg_dump does not write"));
        }
        match keyword {
            "begin" | "start" => _ = self.session.transaction.get_or_insert(line),
            _ => self.session.transaction = None,
        }
        Ok(())
    }
}
