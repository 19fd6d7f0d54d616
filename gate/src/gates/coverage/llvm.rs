//! LLVM's programs that read coverage: they must be of the compiler's own LLVM, whose format changes with each version.

use std::path::PathBuf;

use harness::process::command::Command;

use crate::gates::workspace;
use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// Variables that tell cargo-llvm-cov where they are.
pub fn variables(ctx: &ScanContext<'_>) -> Result<Vec<(&'static str, PathBuf)>, ScanError> {
    let (major, components) = compiler(ctx)?;
    let find = |name: &str| -> Result<PathBuf, ScanError> {
        let settings = &ctx.context().settings;
        let by_version = settings.find_program(format!("{name}-{major}"));
        let candidates = [
            Some(components.join(name)),
            by_version,
            settings.find_program(name),
        ];
        for file in candidates.into_iter().flatten().filter(|file| file.is_file()) {
            let command = Command::new(ctx.context(), &file).args(["--version"]);
            if llvm_major(&ctx.run(&command, name)?.stdout) == Some(major) {
                return Ok(file);
            }
        }
        Err(ScanError::ToolMissing(format!(
            "no {name} of LLVM {major}, the compiler's: `rustup component add llvm-tools`, or Debian's llvm-{major}"
        )))
    };
    Ok(vec![
        ("LLVM_COV", find("llvm-cov")?),
        ("LLVM_PROFDATA", find("llvm-profdata")?),
    ])
}

/// The compiler's LLVM, and where rustup puts its programs.
fn compiler(ctx: &ScanContext<'_>) -> Result<(u32, PathBuf), ScanError> {
    let rustc = |args: &[&str]| {
        let command = Command::new(ctx.context(), "rustc").current_dir(workspace::root(ctx));
        ctx.run(&command.args(args), "rustc")
    };
    let told = rustc(&["--version", "--verbose"])?;
    let host = told.stdout.lines().find_map(|line| line.strip_prefix("host: "));
    let (Some(major), Some(host)) = (llvm_major(&told.stdout), host) else {
        return Err(told.failed("rustc does not tell its LLVM"));
    };
    let sysroot = rustc(&["--print=sysroot"])?;
    let library = PathBuf::from(sysroot.stdout.trim()).join("lib").join("rustlib");
    Ok((major, library.join(host).join("bin")))
}

/// From `LLVM version: 22.1.2` (rustc) or `LLVM version 22.1.8` (LLVM's own, Debian's with its name before).
fn llvm_major(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("LLVM version")?;
    let version = rest.trim_start_matches(':').split_whitespace().next()?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_are_told() {
        assert_eq!(llvm_major("release: 1.95.0\nLLVM version: 22.1.2\n"), Some(22));
        assert_eq!(
            llvm_major("Debian LLVM version 22.1.8\n  Optimized build.\n"),
            Some(22)
        );
        assert_eq!(llvm_major("no such words"), None);
    }
}
