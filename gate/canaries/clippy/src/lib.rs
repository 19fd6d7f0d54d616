//! Wrong on purpose: the gate must find each of these.

/// Takes what may not be there, and spawns what only one file may.
pub fn planted() -> std::process::ExitStatus {
    std::process::Command::new("true").status().unwrap()
}

pub fn undocumented() {}
