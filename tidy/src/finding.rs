//! What a law found, where; prints itself as `path:line: law: what`.

use std::fmt;

/// One breach of one law.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    /// From the root of the repository, with `/`.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// The law's short name.
    pub law: &'static str,
    /// What is wrong, and what to do where that is not plain.
    pub what: String,
}

impl Finding {
    pub(super) fn new(law: &'static str, path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            law,
            what: what.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.law, self.what)
    }
}
