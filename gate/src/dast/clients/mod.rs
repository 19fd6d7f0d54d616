//! Gates `client-…`: a client generated from the running service's OpenAPI document compiles, and a program that uses it works.
//! Each language has a gate, so that a machine without its tools still checks the others.

pub mod go;
pub mod python;
pub mod settings;
pub mod typescript;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use harness::process::command::Command;

use crate::config::{self, Config};
use crate::dast;
use crate::dast::target::Target;
use crate::definition::{Gate, minutes};
use crate::finding::{Finding, Severity};
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

/// The document, in the folder of the program.
const DOCUMENT: &str = "openapi.json";

/// A planted program that does not compile, and one whose check fails because the server contradicts its document.
const PLANTED: [&str; 2] = ["check", "run"];

/// The only check of a planted program.
const PLANTED_CHECK: &str = "planted";

/// What the gates have in common.
const BASE: Gate = Gate {
    timeout: minutes(5),
    inputs: |config: &Config, path: &str| {
        let clients = config.clients.as_ref();
        dast::is_input(config, path) || clients.is_some_and(|clients| path.starts_with(&clients.folder))
    },
    canary: Some("clients"),
    ..Gate::DEFAULT
};

/// How a client in one language is generated and compiled.
struct Language {
    /// The folder of its program.
    name: &'static str,
    /// The program's main file.
    main: &'static str,
    /// The generator, in the table of tools.
    generator: &'static str,
    /// Another program that must be on `PATH`.
    needs: &'static str,
    /// Generates and compiles in this folder; the command that runs the program.
    build: for<'a> fn(&ScanContext<'a>, &Path) -> Result<Command<'a>, BuildError>,
}

/// Why there is no program to run.
enum BuildError {
    /// The scan cannot continue.
    Scan(ScanError),
    /// The generator or the compiler rejected its input: a finding.
    Rejected { step: &'static str, output: ToolOutput },
}

impl<E: Into<ScanError>> From<E> for BuildError {
    fn from(error: E) -> Self {
        BuildError::Scan(error.into())
    }
}

/// Runs the generator or the compiler; an exit code other than 0 is a finding. A success is believed because the program that
/// it made runs afterwards.
fn step(ctx: &ScanContext<'_>, command: &Command<'_>, step: &'static str) -> Result<(), BuildError> {
    let output = ctx.run(command, step)?;
    if output.code == 0 {
        Ok(())
    } else {
        Err(BuildError::Rejected { step, output })
    }
}

/// A program on `PATH` that is not in the table of tools.
fn on_path(ctx: &ScanContext<'_>, name: &str) -> Result<PathBuf, ScanError> {
    let found = ctx.context().settings.find_program(name);
    found.ok_or_else(|| ScanError::ToolMissing(format!("{name} is missing")))
}

fn scan(ctx: &ScanContext<'_>, language: &Language) -> ScanOutcome {
    // Before the service is started for nothing.
    on_path(ctx, language.needs)?;
    ctx.tool(language.generator)?;
    let config = config::needed(ctx.config().clients.as_ref(), "clients")?;
    let target = Target::start(ctx, &format!("client-{}", language.name), &[])?;
    let Language { name, main, .. } = language;
    if ctx.planted {
        let mut findings = Vec::new();
        for case in PLANTED {
            let program = Program {
                folder: format!("{case}/{name}/"),
                checks: &[PLANTED_CHECK.to_owned()],
                environment: Vec::new(),
            };
            findings.extend(program.run(ctx, language, &target)?.0);
        }
        return Ok(ScanResult::of(findings).with_work(1, "planted programs", 1));
    }
    let account = target.account(&config.role)?;
    let checks = config.checks_of(name);
    let program = Program {
        folder: format!("{}{name}/", config.folder),
        checks: &checks,
        environment: vec![
            ("EMAIL", account.email.clone()),
            ("PASSWORD", account.password.clone()),
        ],
    };
    ctx.require_files(main, |file| file == format!("{}{main}", program.folder))?;
    let (findings, shown) = program.run(ctx, language, &target)?;
    let min = checks.len() as u64;
    Ok(ScanResult::of(findings).with_work(shown, "checks by a generated client", min))
}

/// A program that uses a generated client.
struct Program<'c> {
    folder: String,
    /// It prints `ok NAME` for each.
    checks: &'c [String],
    environment: Vec<(&'static str, String)>,
}

impl Program<'_> {
    /// Its findings, and how many of the checks it showed.
    fn run(
        &self,
        ctx: &ScanContext<'_>,
        language: &Language,
        target: &Target<'_>,
    ) -> Result<(Vec<Finding>, u64), ScanError> {
        let folder = ctx.copy(|file| file.starts_with(&self.folder), &[])?;
        let folder = folder.join(&self.folder);
        fs::write(folder.join(DOCUMENT), &target.document.text)?;
        let finding = |step: &str, message: String| {
            let finding = Finding::new(language.generator, format!("{}-{step}", language.name), message);
            let main = format!("{}{}", self.folder, language.main);
            vec![finding.rated(Severity::High).at(main, None)]
        };
        let command = match (language.build)(ctx, &folder) {
            Ok(command) => command,
            Err(BuildError::Scan(error)) => return Err(error),
            Err(BuildError::Rejected { step, output }) => {
                return Ok((finding(step, first_lines(&output)), 0));
            }
        };
        let command = command
            .current_dir(&folder)
            .envs([("BASE_URL", target.url())])
            .envs(self.environment.iter().map(|(name, value)| (*name, value)));
        let output = ctx.run(&command, "run")?;
        let shown = shown(&output.stdout, self.checks);
        let missing = self.checks.iter().filter(|check| !shown.contains(check.as_str()));
        let missing: Vec<&str> = missing.map(String::as_str).collect();
        let findings = if missing.is_empty() && output.code == 0 {
            Vec::new()
        } else {
            let failed = output.failed(&format!("did not show: {}", missing.join(", ")));
            finding("run", failed.to_string())
        };
        Ok((findings, shown.len() as u64))
    }
}

/// The checks that the program says it made.
fn shown<'o>(output: &'o str, checks: &[String]) -> BTreeSet<&'o str> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("ok "));
    lines
        .filter(|line| checks.iter().any(|check| check == line))
        .collect()
}

/// What a generator or a compiler says first.
fn first_lines(output: &ToolOutput) -> String {
    let lines = output.stdout.lines().chain(output.stderr.lines());
    let lines: Vec<&str> = lines
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(3)
        .collect();
    lines.join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_expected_checks_count_and_each_once() {
        let checks = ["a", "b c"].map(str::to_owned);
        assert_eq!(shown("ok a\nok a\nok x\nnot ok b c\nok b c\n", &checks).len(), 2);
        assert_eq!(shown("a\nok  a\nok a.\n", &checks).len(), 0);
    }

    #[test]
    fn a_compiler_is_quoted_from_its_first_line() {
        let output = ToolOutput::of(1, "\nmain.py:1: error: x\n\nFound 1 error\n", "more\nand more\n");
        assert_eq!(first_lines(&output), "main.py:1: error: x Found 1 error more");
    }
}
