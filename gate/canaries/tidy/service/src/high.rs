//! Uses what stands above it, which is a circle by now.

use crate::low::low;

/// Top.
pub struct Top;
