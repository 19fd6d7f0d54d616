//! Versions of things that several people may change at the same time.

/// Which version of a thing somebody has read and means to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whichever there is.
    Any,
    /// One of these.
    OneOf(Vec<i64>),
}

impl Expected {
    /// This one.
    pub fn version(version: i64) -> Self {
        Self::OneOf(vec![version])
    }

    /// Whether it is the version that is there.
    pub fn holds(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}
