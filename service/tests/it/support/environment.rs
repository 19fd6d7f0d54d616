//! The environment of the test process; no other test file reads it.

use std::ffi::OsString;
use std::path::PathBuf;

#[expect(
    clippy::disallowed_methods,
    reason = "the only test file that reads the environment"
)]
fn read(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// libpq connection string of a database superuser, as `key=value` pairs.
pub fn postgres() -> String {
    let given = read("PORTCULLIS_TEST_POSTGRES").expect(
        "PORTCULLIS_TEST_POSTGRES is not set: run `cargo xtask test`, or set it to `host=… port=… user=… password=…` of a superuser",
    );
    given.into_string().expect("PORTCULLIS_TEST_POSTGRES is UTF-8")
}

/// The folder of PostgreSQL's programs, if not in a standard location.
pub fn postgres_programs() -> Option<PathBuf> {
    read("PORTCULLIS_TEST_POSTGRES_BIN").map(PathBuf::from)
}

/// A real legacy dump to test with, besides the generated one.
pub fn real_dump() -> Option<PathBuf> {
    read("PORTCULLIS_TEST_DUMP").map(PathBuf::from)
}

/// The folder for the logs that `cargo xtask test` searches for secrets afterwards.
pub fn log_folder() -> Option<PathBuf> {
    read("PORTCULLIS_TEST_LOGS").map(PathBuf::from)
}

/// Whether to write generated documents instead of comparing them.
pub fn update_docs() -> bool {
    read("UPDATE_DOCS").is_some()
}

/// The variables that a started program inherits: the search path, and the path of coverage profiles.
pub fn inherited() -> impl Iterator<Item = (&'static str, OsString)> {
    let names = ["PATH", "LLVM_PROFILE_FILE"].into_iter();
    names.filter_map(|name| read(name).map(|value| (name, value)))
}

/// The search path for programs.
pub fn path() -> Option<OsString> {
    read("PATH")
}
