//! LLVM's coverage programs. Their format changes with each major version, so they must match the compiler's LLVM.

use std::path::PathBuf;

use crate::cargo::workspace;
use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// The variables by which cargo-llvm-cov finds them.
pub fn variables(ctx: &ScanContext<'_>) -> Result<Vec<(&'static str, PathBuf)>, ScanError> {
    let (major, components) = compiler(ctx)?;
    let find = |name: &str| -> Result<PathBuf, ScanError> {
        let settings = &ctx.context().settings;
        let by_version = settings.find_program(format!("{name}-{major}"));
        let by_name = settings.find_program(name);
        let candidates = [Some(components.join(name)), by_version, by_name];
        for file in candidates.into_iter().flatten().filter(|file| file.is_file()) {
            let command = ctx.program(&file).args(["--version"]);
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

/// The major version of the compiler's LLVM, and the folder in which rustup installs LLVM's programs.
fn compiler(ctx: &ScanContext<'_>) -> Result<(u32, PathBuf), ScanError> {
    let compiler = workspace::compiler(ctx)?;
    let major = llvm_major(&compiler.version);
    let major = major.ok_or_else(|| ScanError::ToolFailed("rustc does not report its LLVM".to_owned()))?;
    let command = ctx.program("rustc").current_dir(workspace::root(ctx));
    let sysroot = ctx.run(&command.args(["--print=sysroot"]), "rustc")?.stdout;
    let library = PathBuf::from(sysroot.trim()).join("lib").join("rustlib");
    Ok((major, library.join(compiler.host).join("bin")))
}

/// From `LLVM version: 22.1.2` (rustc) or `LLVM version 22.1.8` (LLVM's programs; Debian's have its name before).
fn llvm_major(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("LLVM version")?;
    let version = rest.trim_start_matches(':').split_whitespace().next()?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_the_compiler_and_of_llvm_are_read() {
        assert_eq!(llvm_major("release: 1.95.0\nLLVM version: 22.1.2\n"), Some(22));
        let debian = "Debian LLVM version 22.1.8\n  Optimized build.\n";
        assert_eq!(llvm_major(debian), Some(22));
        assert_eq!(llvm_major("no version"), None);
    }
}
