//! The outcome of a measurement that did not fail: a figure, or the reason why there is none.

/// The outcome.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The figure and its context.
    Figure { value: f64, note: String },
    /// Why there is none, and how to get one.
    NotRun(String),
}

impl Outcome {
    /// The load generator is missing.
    pub fn without_wrk() -> Self {
        Self::NotRun("install wrk".to_owned())
    }

    /// The kernel does not report memory.
    pub fn without_proc() -> Self {
        Self::NotRun("this system has no /proc/PID/status".to_owned())
    }
}
