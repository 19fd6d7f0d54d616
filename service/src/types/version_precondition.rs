//! Preconditions on the version of a resource, for optimistic concurrency control (`If-Match`, RFC 9110 §13.1.1).

/// The versions to which a change applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionPrecondition {
    /// Any version.
    Any,
    /// One of these versions.
    OneOf(Vec<i64>),
}

impl VersionPrecondition {
    /// Exactly this version.
    pub fn exactly(version: i64) -> Self {
        Self::OneOf(vec![version])
    }

    /// Whether the current version meets the precondition.
    pub fn matches(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}
