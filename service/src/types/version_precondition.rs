//! Versions of things that several people may change at the same time.

/// Which version of a thing somebody has read and means to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionPrecondition {
    /// Whichever there is.
    Any,
    /// One of these.
    OneOf(Vec<i64>),
}

impl VersionPrecondition {
    /// This one.
    pub fn exactly(version: i64) -> Self {
        Self::OneOf(vec![version])
    }

    /// Whether it is the version that is there.
    pub fn matches(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}
