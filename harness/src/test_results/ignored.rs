//! Tests that find out at run time that this machine lacks something. libtest decides before a test runs which ones it ignores,
//! so such a test passes; the line that it prints is that of an ignored test, and `cargo xtask test` counts it as one.

use std::thread;

use crate::output::print;
use crate::test_results::libtest::IGNORED_AT_RUN_TIME;

/// Reports the test of this thread as ignored, past the capture of output. The test returns afterwards.
pub fn report(reason: &str) {
    print(&line(thread::current().name().unwrap_or("unnamed"), reason));
}

/// libtest may have begun a line already.
fn line(test: &str, reason: &str) -> String {
    format!("\ntest {test}{IGNORED_AT_RUN_TIME}{reason}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_results::libtest::Reader;

    #[test]
    fn a_reported_test_is_read_as_ignored() {
        let mut reader = Reader::default();
        let printed = format!(
            "test a::b ... {}\ntest a::b ... ok",
            line("a::b", "nginx is not installed")
        );
        printed.lines().for_each(|line| reader.read(line));
        let outcomes = reader.tests.cases.iter().map(|case| case.outcome.as_str());
        assert_eq!(outcomes.collect::<Vec<_>>(), ["skipped"]);
        assert_eq!(reader.not_run(), ["1 tests: nginx is not installed"]);
    }

    #[test]
    fn libtest_names_the_thread_of_a_test_after_it() {
        let name = "test_results::ignored::tests::libtest_names_the_thread_of_a_test_after_it";
        assert_eq!(thread::current().name(), Some(name));
    }
}
