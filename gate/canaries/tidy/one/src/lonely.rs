//! No `mod` declares it.
