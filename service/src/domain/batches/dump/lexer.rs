//! Splits a dump into tokens and statements as psql does (`psqlscan.l`): strings, quoted identifiers, dollar quotes,
//! nested comments, parentheses and SQL function bodies, so that text in them is never taken for a statement. Memory is
//! bounded: of a long token only the start is stored.

use super::nesting::Nesting;
use super::token::{Command, Constant, Marker, Token};
use crate::domain::batches::outcome::FileError;
use crate::domain::batches::scanner::{Line, Scanner};
use std::io::{Error, Read};

/// Bytes that are stored of a token. No name or value that is imported is as long.
const MAX_TOKEN: usize = 8_192;

/// Splits a file into tokens.
pub struct Lexer<R> {
    scanner: Scanner<R>,
    /// `standard_conforming_strings`: whether a backslash in `'…'` is an ordinary character.
    pub standard_strings: bool,
    pushed_back: Option<Token>,
    /// Whether the current statement has ended.
    has_ended: bool,
    /// The line of the last token.
    token_line: u64,
    /// The line of the current statement's first token.
    statement_line: u64,
    statement: Option<Nesting>,
    /// Whether the last token was a string, and whether it had escapes.
    continued: Option<bool>,
}

impl<R: Read> Lexer<R> {
    /// Splits the file that the scanner reads.
    pub fn new(scanner: Scanner<R>) -> Self {
        Self {
            scanner,
            standard_strings: true,
            pushed_back: None,
            has_ended: false,
            token_line: 1,
            statement_line: 1,
            statement: None,
            continued: None,
        }
    }

    /// The scanner, for reading the lines between statements.
    pub fn scanner(&self) -> &Scanner<R> {
        &self.scanner
    }

    /// The next line. Only after the end of a statement's line.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, Error> {
        self.scanner.next_line()
    }

    /// The line of the last token.
    pub fn token_line(&self) -> u64 {
        self.token_line
    }

    /// Refuses the current statement.
    pub fn refuse(&self, reason: impl Into<std::borrow::Cow<'static, str>>) -> FileError {
        FileError::refused(self.statement_line, reason)
    }

    /// Returns the token to be the next one.
    pub fn push_back(&mut self, token: Token) {
        self.has_ended = false;
        self.pushed_back = Some(token);
    }

    /// The number of open parentheses of the current statement.
    pub fn depth(&self) -> u32 {
        self.statement
            .as_ref()
            .map_or(0, |statement| statement.parentheses)
    }

    /// Skips to the end of the statement.
    pub fn skip_statement(&mut self) -> Result<(), FileError> {
        while self.next_token()? != Token::End {}
        Ok(())
    }

    /// Whether the remaining line after a statement is empty; consumes it.
    pub fn ends_line(&mut self) -> Result<bool, Error> {
        let line = self.scanner.next_line()?;
        Ok(line.is_none_or(|line| line.bytes.iter().all(|byte| matches!(byte, b' ' | b'\t'))))
    }

    /// Skips the next line if it is this one.
    pub fn skips_line(&mut self, line: &[u8]) -> Result<bool, Error> {
        let is_next = self.scanner.starts_with_line(line)?;
        if is_next {
            self.scanner.next_line()?;
        }
        Ok(is_next)
    }

    /// The first token of the next statement, or what is between statements.
    pub fn first_token(&mut self) -> Result<Token, FileError> {
        self.has_ended = false;
        self.next_token()
    }

    /// The next token of the statement. A statement that ends where more of it is expected is refused: what follows it would
    /// otherwise be taken for its rest, and skipped.
    pub fn next_token(&mut self) -> Result<Token, FileError> {
        if self.has_ended {
            return Err(self.refuse("is incomplete"));
        }
        let token = self.lex()?;
        self.has_ended = token == Token::End;
        Ok(token)
    }

    fn lex(&mut self) -> Result<Token, FileError> {
        if let Some(token) = self.pushed_back.take() {
            return Ok(token);
        }
        let mut continued = self.continued.take();
        let mut is_new_line = false;
        loop {
            self.token_line = self.scanner.line();
            let is_line_start = self.scanner.is_line_start();
            let Some(byte) = self.bump()? else {
                return match self.statement {
                    None => Ok(Token::Eof),
                    Some(_) => {
                        Err(self.refuse("the dump ends in the statement that starts here: it is truncated"))
                    }
                };
            };
            match byte {
                b'\n' | b'\r' => is_new_line = true,
                b' ' | b'\t' | 0xb | 0xc => {}
                b'-' if self.peek()? == Some(b'-') => {
                    let marker = self.line_comment()?;
                    if let (Some(marker), true, None) = (marker, is_line_start, &self.statement) {
                        return Ok(Token::Marker(marker));
                    }
                }
                b'/' if self.peek()? == Some(b'*') => {
                    self.block_comment()?;
                    continued = None;
                }
                b'\'' => {
                    let has_escapes = !self.standard_strings;
                    // The server continues the string before, psql does not, and they differ about a backslash.
                    if is_new_line && continued.is_some_and(|before| before != has_escapes) {
                        return Err(self.refuse("continues a string of another kind after a line end"));
                    }
                    return self.string(has_escapes).map(Token::Text);
                }
                b'\\' if self.statement.is_none() => return self.command().map(Token::Command),
                b'\\' => return Err(self.refuse("contains a backslash outside quotes")),
                _ => {
                    self.start_statement();
                    return self.token(byte);
                }
            }
        }
    }

    fn start_statement(&mut self) {
        if self.statement.is_none() {
            self.statement_line = self.token_line;
            self.statement = Some(Nesting::default());
        }
    }

    fn token(&mut self, byte: u8) -> Result<Token, FileError> {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(byte),
            b'0'..=b'9' => {
                Ok(Token::Number(self.take_while(byte, |b| {
                    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')
                })?))
            }
            b'"' => {
                let name = self.quoted(b'"', false, "a quoted identifier")?;
                Ok(Token::Quoted(String::from_utf8_lossy(&name).into_owned()))
            }
            b'$' => self.dollar(),
            b';' => {
                let is_nested = self
                    .statement
                    .as_ref()
                    .is_some_and(|s| s.parentheses > 0 || s.blocks > 0);
                if is_nested {
                    return Ok(Token::Symbol(b';'));
                }
                self.statement = None;
                Ok(Token::End)
            }
            symbol => {
                if let Some(statement) = &mut self.statement {
                    match symbol {
                        b'(' => statement.parentheses += 1,
                        b')' => statement.parentheses = statement.parentheses.saturating_sub(1),
                        _ => {}
                    }
                }
                Ok(Token::Symbol(symbol))
            }
        }
    }

    fn word(&mut self, first: u8) -> Result<Token, FileError> {
        let word = self
            .take_while(first, |b| is_word_byte(b) || b == b'$')?
            .to_ascii_lowercase();
        match (word.as_str(), self.peek()?) {
            ("e", Some(b'\'')) => {
                self.bump()?;
                return self.string(true).map(Token::Text);
            }
            ("n", Some(b'\'')) => {
                self.bump()?;
                return self.string(!self.standard_strings).map(Token::Text);
            }
            ("b" | "x", Some(b'\'')) => {
                self.bump()?;
                self.string(false)?;
                self.continued = Some(false);
                return Ok(Token::Opaque);
            }
            ("u", Some(b'&')) => {
                self.bump()?;
                match self.peek()? {
                    Some(quote @ (b'\'' | b'"')) => {
                        self.bump()?;
                        self.quoted(quote, false, "a string")?;
                        self.continued = (quote == b'\'').then_some(false);
                        return Ok(Token::Opaque);
                    }
                    _ => self.push_back(Token::Symbol(b'&')),
                }
            }
            _ => {}
        }
        if let Some(statement) = &mut self.statement {
            statement.word(&word);
        }
        Ok(Token::Word(word))
    }

    /// A string constant after its opening quote.
    fn string(&mut self, has_escapes: bool) -> Result<Constant, FileError> {
        let raw = self.quoted(b'\'', has_escapes, "a string")?;
        self.continued = Some(has_escapes);
        Ok(Constant { raw, has_escapes })
    }

    fn quoted(&mut self, quote: u8, has_escapes: bool, what: &str) -> Result<Vec<u8>, FileError> {
        let start = self.token_line;
        let mut raw = Vec::new();
        loop {
            let byte = self.bump_in(start, what)?;
            if byte == quote {
                if self.peek()? != Some(quote) {
                    return Ok(raw);
                }
                self.bump()?;
            }
            store(&mut raw, byte);
            if byte == b'\\' && has_escapes {
                let escaped = self.bump_in(start, what)?;
                store(&mut raw, escaped);
            }
        }
    }

    /// A dollar-quoted string after its first `$`, a parameter, or a single `$`.
    fn dollar(&mut self) -> Result<Token, FileError> {
        let mut end = vec![b'$'];
        match self.peek()? {
            Some(first) if is_word_byte(first) && !first.is_ascii_digit() => {
                self.bump()?;
                let tag = self.take_while(first, is_word_byte)?;
                if self.peek()? != Some(b'$') || tag.len() >= MAX_TOKEN {
                    self.push_back(Token::Word(tag.to_ascii_lowercase()));
                    return Ok(Token::Symbol(b'$'));
                }
                end.extend_from_slice(tag.as_bytes());
            }
            Some(b'$') => {}
            _ => return Ok(Token::Symbol(b'$')),
        }
        self.bump()?;
        end.push(b'$');
        let start = self.token_line;
        let mut matched = 0;
        while matched < end.len() {
            let byte = self.bump_in(start, "a dollar-quoted string")?;
            // `$` occurs only at both ends of the delimiter, so after a mismatch only a `$` can start it again.
            matched = if byte == end[matched] {
                matched + 1
            } else {
                usize::from(byte == b'$')
            };
        }
        Ok(Token::Opaque)
    }

    /// A backslash command after its backslash, with the remaining line.
    fn command(&mut self) -> Result<Command, FileError> {
        let mut line = Vec::new();
        self.statement_line = self.token_line;
        while let Some(byte) = self.bump()?.filter(|byte| *byte != b'\n') {
            store(&mut line, byte);
        }
        let end = line
            .iter()
            .position(|b| b.is_ascii_whitespace() || *b == b'\\')
            .unwrap_or(line.len());
        let (name, arguments) = line.split_at(end);
        Ok(Command {
            name: String::from_utf8_lossy(name).into_owned(),
            is_compound: arguments.iter().any(|byte| matches!(byte, b'\\' | b'`')) || line.len() >= MAX_TOKEN,
        })
    }

    /// A comment up to the line end, after its first `-`.
    fn line_comment(&mut self) -> Result<Option<Marker>, FileError> {
        self.bump()?;
        let mut text = Vec::new();
        // A carriage return ends a comment as well: PostgreSQL reads the characters after it.
        while self.peek()?.is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) {
            if let Some(byte) = self.bump()? {
                store(&mut text, byte);
            }
        }
        Ok(Marker::of_comment(&text))
    }

    /// A comment that may contain comments, after its first `/`.
    fn block_comment(&mut self) -> Result<(), FileError> {
        let start = self.token_line;
        self.bump()?;
        let (mut depth, mut previous) = (1, 0);
        while depth > 0 {
            let byte = self.bump_in(start, "a comment")?;
            (depth, previous) = match (previous, byte) {
                (b'/', b'*') => (depth + 1, 0),
                (b'*', b'/') => (depth - 1, 0),
                _ => (depth, byte),
            };
        }
        Ok(())
    }

    fn take_while(&mut self, first: u8, belongs: impl Fn(u8) -> bool) -> Result<String, FileError> {
        let mut text = vec![first];
        while let Some(byte) = self.peek()?.filter(|byte| belongs(*byte)) {
            self.bump()?;
            store(&mut text, byte);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn peek(&mut self) -> Result<Option<u8>, FileError> {
        Ok(self.scanner.peek()?)
    }

    /// The next byte. psql drops what follows a NUL byte in its line, so none is accepted.
    fn bump(&mut self) -> Result<Option<u8>, FileError> {
        let line = self.scanner.line();
        match self.scanner.next_byte()? {
            Some(0) => Err(FileError::refused(line, "contains a NUL byte")),
            byte => Ok(byte),
        }
    }

    /// The next byte of a token that must not end with the file.
    fn bump_in(&mut self, start: u64, what: &str) -> Result<u8, FileError> {
        self.bump()?.ok_or_else(|| {
            FileError::refused(
                start,
                format!("the dump ends in {what} that starts here: it is truncated"),
            )
        })
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn store(token: &mut Vec<u8>, byte: u8) {
    if token.len() < MAX_TOKEN {
        token.push(byte);
    }
}
