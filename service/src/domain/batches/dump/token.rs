//! Tokens of SQL.

use super::encoding::ClientEncoding;
use super::escapes::{Syntax, unescape};

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// An identifier or keyword without quotes, in lower case.
    Word(String),
    /// An identifier in quotes.
    Quoted(String),
    /// A string constant, `'…'` or `E'…'`.
    Text(Constant),
    /// A quoted token of another kind: dollar quotes, bit strings, Unicode escapes.
    Opaque,
    /// A numeric constant without sign.
    Number(String),
    /// Any other character.
    Symbol(u8),
    /// The `;` that ends a statement.
    End,
    /// A backslash command of psql, which extends to the end of its line.
    Command(Command),
    /// A line by which pg_dump marks the start or the end of a dump.
    Marker(Marker),
    /// The end of the file.
    Eof,
}

/// A string constant as written, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constant {
    /// Its bytes; doubled quotes are single.
    pub raw: Vec<u8>,
    /// Whether a backslash starts an escape.
    pub has_escapes: bool,
}

/// A backslash command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its name without the backslash.
    pub name: String,
    /// Whether its arguments contain a backslash or a backtick, which may start further commands.
    pub is_compound: bool,
}

/// A comment line by which pg_dump or pg_dumpall marks the start or the end of its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// The start of a dump.
    Start,
    /// The end of a dump.
    Complete,
    /// The start of pg_dumpall's output.
    ClusterStart,
    /// The end of pg_dumpall's output.
    ClusterComplete,
}

impl Token {
    /// Whether it is this keyword.
    pub fn is_word(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word == keyword)
    }
}

impl Constant {
    /// Its value; `None` if it is invalid in this encoding.
    pub fn decode(&self, encoding: ClientEncoding) -> Option<String> {
        let text = encoding.decode(&self.raw)?;
        if self.has_escapes && text.contains('\\') {
            return unescape(&text, Syntax::Constant);
        }
        Some(text.into_owned())
    }
}

impl Marker {
    /// Recognizes a comment by its text after `--`.
    pub fn of_comment(text: &[u8]) -> Option<Self> {
        match text {
            b" PostgreSQL database dump" => Some(Self::Start),
            b" PostgreSQL database dump complete" => Some(Self::Complete),
            b" PostgreSQL database cluster dump" => Some(Self::ClusterStart),
            b" PostgreSQL database cluster dump complete" => Some(Self::ClusterComplete),
            _ => None,
        }
    }
}
