//! Tests that lack what they need on this machine. libtest decides before a test runs which ones it ignores, so such a test passes; the
//! line that it prints is that of an ignored test, and `cargo xtask test` counts it as one.

use std::io::Write;
use std::thread;

/// Reports the test of this thread as ignored, past the capture of output.
pub fn report(reason: &str) {
    let test = thread::current().name().unwrap_or("unnamed").to_owned();
    // With one thread libtest has begun a line already.
    let line = format!("\ntest {test} ... ignored at run time, {reason}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}
