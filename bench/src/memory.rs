//! The resident memory of a process, from `/proc`.

use std::fs;

use anyhow::Result;

use crate::figure::NotRun;

/// As [`find_resident`], or the error [`NotRun`].
pub fn resident(pid: i32) -> Result<f64> {
    let found = find_resident(pid);
    found.ok_or_else(|| NotRun("this system has no /proc/PID/status".into()).into())
}

/// Megabytes (10^6); `None` where there is no `/proc`, or no such process.
pub fn find_resident(pid: i32) -> Option<f64> {
    find(pid, "VmRSS:")
}

/// The most resident megabytes so far; `None` as above.
pub fn find_peak(pid: i32) -> Option<f64> {
    find(pid, "VmHWM:")
}

fn find(pid: i32, field: &str) -> Option<f64> {
    megabytes(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, field)
}

fn megabytes(status: &str, field: &str) -> Option<f64> {
    let kibibytes = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: f64 = kibibytes.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::megabytes;

    #[test]
    fn the_resident_size_is_read() {
        let status = "Name:\tportcullis\nVmRSS:\t   20000 kB\nRssAnon:\t 1 kB\n";
        assert!((megabytes(status, "VmRSS:").unwrap() - 20.48).abs() < 1e-9);
        assert_eq!(megabytes("Name:\tx\n", "VmRSS:"), None);
    }
}
