//! The program `portcullis`; see `cli`.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Responses take many small allocations, for which the system's allocator needs twice the time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    portcullis::cli::run()
}
