//! What the tests are told from outside: the one file of theirs that reads the environment.
use std::ffi::OsString;
use std::path::PathBuf;

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one file that reads the environment"
)]
fn read(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// libpq's conninfo of an administrator, as words of `key=value`.
pub fn postgres() -> String {
    let given = read("PORTCULLIS_TEST_POSTGRES").expect(
        "PORTCULLIS_TEST_POSTGRES is not set: run `cargo xtask test`, or give `host=… port=… user=… password=…` of an administrator",
    );
    given.into_string().expect("PORTCULLIS_TEST_POSTGRES is UTF-8")
}

/// Where PostgreSQL's programs are, where not on the machine's usual places.
pub fn postgres_programs() -> Option<PathBuf> {
    read("PORTCULLIS_TEST_POSTGRES_BIN").map(PathBuf::from)
}

/// A real dump in the originals' format, beside the demo's.
pub fn real_dump() -> Option<PathBuf> {
    read("PORTCULLIS_TEST_DUMP").map(PathBuf::from)
}

/// Where logs are kept for whoever looks through them afterwards.
pub fn log_folder() -> Option<PathBuf> {
    read("PORTCULLIS_TEST_LOGS").map(PathBuf::from)
}

/// Whether documents that follow from the code are to be written anew instead of compared.
pub fn update_docs() -> bool {
    read("UPDATE_DOCS").is_some()
}

/// What the program gets of the tests' own environment: the search path, and where a build that counts what ran writes it.
pub fn handed_on() -> impl Iterator<Item = (&'static str, OsString)> {
    let names = ["PATH", "LLVM_PROFILE_FILE"].into_iter();
    names.filter_map(|name| read(name).map(|value| (name, value)))
}

/// The search path for programs.
pub fn path() -> Option<OsString> {
    read("PATH")
}
