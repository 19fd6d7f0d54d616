//! The program `portcullis`. Never does anything itself: see `cli`.
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Small answers are made of many small allocations: the system's allocator takes twice as long over them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    portcullis::cli::run()
}
