//! `cargo xtask tidy`. Its arguments are read by hand: a parser would take longer to build than all of this crate.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "Checks the repository's own rules and prints each violation as `path:line: rule: what`

Usage: cargo xtask tidy [OPTIONS]
       cargo xtask tour [ID]    A behaviour's text, documents, code, tests and scenarios; without ID, the list

Options:
      --write     First regenerate the generated part of docs/behaviours.md
      --root DIR  The tree to check [default: this repository]
  -h, --help      Print help";

fn main() -> ExitCode {
    let mut root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut args = std::env::args().skip(1);
    let (mut tour, mut id, mut write) = (false, None, false);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-h" | "--help" => {
                return code_of(tidy::print(&format!("{USAGE}\n")).map(|()| true));
            }
            "tour" => tour = true,
            "--write" if !tour => write = true,
            "--root" if args.len() > 0 => root = args.next().map(PathBuf::from).unwrap_or_default(),
            other if tour && id.is_none() && !other.starts_with('-') => id = Some(other.to_owned()),
            other => {
                eprintln!("error: unexpected argument `{other}`\n\n{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    let clean = if tour {
        tidy::print_tour(&root, id.as_deref()).map(|()| true)
    } else {
        tidy::run(&root, write)
    };
    code_of(clean)
}

fn code_of(clean: anyhow::Result<bool>) -> ExitCode {
    match clean {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
