//! Nobody declares it.
