//! What came of a measurement that did not fail: a figure, or why there is none; judges nothing.

/// A measurement's end.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The figure, and how it came about.
    Figure { value: f64, note: String },
    /// Why there is none, and what would help.
    NotRun(String),
}

impl Outcome {
    /// For want of the load generator.
    pub fn without_wrk() -> Self {
        Self::NotRun("install wrk".to_owned())
    }

    /// For want of the kernel's word on memory.
    pub fn without_proc() -> Self {
        Self::NotRun("this system has no /proc/PID/status".to_owned())
    }
}
