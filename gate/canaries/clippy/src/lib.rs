//! Wrong on purpose: the gate must find each of these.

/// Unwraps a result, and spawns a process outside the one file that may.
pub fn planted() -> std::process::ExitStatus {
    std::process::Command::new("true").status().unwrap()
}

pub fn undocumented() {}
