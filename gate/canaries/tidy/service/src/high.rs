//! Uses a module above it, which closes a cycle.

use crate::low::low;

/// Told by a messenger.
pub struct Top;
