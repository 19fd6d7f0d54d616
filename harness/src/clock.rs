//! The wall clock: read here and nowhere else in xtask; who decides by it is given the time.

use chrono::{DateTime, SubsecRound as _, Utc};

/// Now, to the second.
#[expect(
    clippy::disallowed_methods,
    reason = "the one file of xtask that reads the wall clock"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}
