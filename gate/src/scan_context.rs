//! One scan by one gate: what to scan, where to write, and how to run tools; judges nothing.

use std::cell::RefCell;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::context::Context;
use harness::exit::Exit;
use harness::process::command::{Command, TimedOutput};
use harness::process::interactive::Interactive;
use tools::find::Program;

use crate::config::Config;
use crate::env_allowlist;
use crate::outcome::Identity;
use crate::run_state::RunState;
use crate::scan_result::ScanError;

/// A scan of the tree or of a canary: the same code with the same settings.
pub struct ScanContext<'a> {
    pub run_state: &'a RunState<'a>,
    /// The folder to scan.
    pub subject: PathBuf,
    /// Its files: sorted relative paths with `/`.
    pub files: Vec<String>,
    /// Where the scan writes. Empty at the start, so that no older report is read.
    pub folder: PathBuf,
    /// The limit of each program.
    pub timeout: Duration,
    /// Whether this is the canary: only for gates that build it or start a server.
    pub planted: bool,
    /// The tools that were used.
    pub used: RefCell<Vec<Identity>>,
}

/// The output of a program that ended by itself, with secrets redacted.
#[derive(Debug, Clone)]
pub struct ToolOutput {
    /// The exit code; the negative number of a signal.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// For [`ToolOutput::ensure`].
pub const DISAGREEMENT: &str = "exit code and report disagree";

impl<'a> ScanContext<'a> {
    pub fn context(&self) -> &'a Context {
        self.run_state.context
    }

    pub fn config(&self) -> &'a Config {
        &self.run_state.config
    }

    /// A tool without arguments yet. It starts in the subject's folder.
    pub fn tool(&self, name: &str) -> Result<Command<'a>, ScanError> {
        let program = self.run_state.program(name)?;
        let command = self.program(&program.file);
        self.record_tool(program);
        Ok(command)
    }

    /// A program that is not in the table of tools. It starts in the subject's folder.
    pub fn program(&self, program: impl Into<std::ffi::OsString>) -> Command<'a> {
        Command::new(self.context(), program).current_dir(&self.subject)
    }

    /// The cargo that runs the gate, in the subject's folder.
    pub fn cargo(&self) -> Command<'a> {
        self.program(&self.context().settings.cargo)
    }

    pub fn files_where(&self, wanted: impl Fn(&str) -> bool) -> Vec<&str> {
        let files = self.files.iter().map(String::as_str);
        files.filter(|file| wanted(file)).collect()
    }

    /// The same, and an error if there is none: `kind` says of what.
    pub fn require_files(&self, kind: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<&str>, ScanError> {
        let files = self.files_where(wanted);
        if files.is_empty() {
            return Err(ScanError::NothingToScan(format!("no {kind} in the tree")));
        }
        Ok(files)
    }

    /// Starts a program that serves until its standard input is closed. It is ready when it prints a JSON object on a line,
    /// which is returned; other output before that is ignored.
    pub fn start(&self, command: &Command<'_>, name: &str) -> Result<(Interactive, String), ScanError> {
        let log = self.folder.join(format!("{name}.err"));
        let mut started = self.without_env(command).interactive(&File::create(&log)?)?;
        let ready = loop {
            match started.line() {
                Ok(line) if !line.starts_with('{') => {}
                ready => break ready,
            }
        };
        match ready {
            Ok(line) => Ok((started, line)),
            Err(error) if error.is::<Exit>() => Err(ScanError::Stopped),
            Err(error) => {
                let log = fs::read_to_string(&log).unwrap_or_default();
                let reason = reason_in(&log);
                Err(ScanError::ToolFailed(format!("`{command}`: {error:#}: {reason}")))
            }
        }
    }

    /// Runs a program within the time limit and with the allowed part of the environment. Its output is stored, redacted,
    /// as `NAME.out` and `NAME.err`.
    pub fn run(&self, command: &Command<'_>, name: &str) -> Result<ToolOutput, ScanError> {
        let ended = self.run_with_timeout(command)?;
        let redactor = self.run_state.redactor();
        let (stdout, stderr) = (redactor.clean(&ended.stdout), redactor.clean(&ended.stderr));
        self.write_file(&format!("{name}.out"), &stdout)?;
        self.write_file(&format!("{name}.err"), &stderr)?;
        let status = ended.status.ok_or(ScanError::TimedOut(self.timeout))?;
        let signal = status.signal().map_or(-1, |signal| -signal);
        Ok(ToolOutput {
            code: status.code().unwrap_or(signal),
            stdout,
            stderr,
        })
    }

    /// The same, and an error unless the exit code is 0.
    pub fn run_ok(&self, command: &Command<'_>, name: &str) -> Result<ToolOutput, ScanError> {
        let output = self.run(command, name)?;
        output.ensure(output.code == 0, &format!("{name} failed"))?;
        Ok(output)
    }

    /// The standard output of a program that must succeed, neither redacted nor stored: input of a secret scanner.
    pub fn run_unredacted(&self, command: &Command<'_>) -> Result<String, ScanError> {
        let ended = self.run_with_timeout(command)?;
        match ended.status.ok_or(ScanError::TimedOut(self.timeout))? {
            status if status.success() => Ok(ended.stdout),
            status => Err(ScanError::ToolFailed(format!("`{command}` failed ({status})"))),
        }
    }

    /// A report that the tool wrote in this run. The stored file is redacted.
    pub fn read_report(&self, name: &str) -> Result<String, ScanError> {
        let bytes = fs::read(self.folder.join(name))
            .map_err(|_| ScanError::ToolFailed(format!("the tool wrote no {name}")))?;
        let text = self.run_state.redactor().clean(&String::from_utf8_lossy(&bytes));
        if text.trim().is_empty() {
            return Err(ScanError::ToolFailed(format!("the tool wrote an empty {name}")));
        }
        self.write_file(name, &text)?;
        Ok(text)
    }

    /// Writes a file in the scan's folder.
    pub fn write_file(&self, name: &str, text: &str) -> Result<PathBuf, ScanError> {
        let file = self.folder.join(name);
        fs::write(&file, text)
            .map_err(|error| ScanError::ToolFailed(format!("cannot write {}: {error}", file.display())))?;
        Ok(file)
    }

    /// Copies some of the subject's files into a separate folder: for tools that write beside what they read, or read
    /// settings there. Only the ledger accepts findings, so a tool's ignore comments are disabled: in each marker
    /// (`tflint-ignore`), `-` and `:` become `_`, which moves no column.
    pub fn copy(&self, wanted: impl Fn(&str) -> bool, markers: &[&str]) -> Result<PathBuf, ScanError> {
        self.copy_named(wanted, markers, str::to_owned)
    }

    /// As [`ScanContext::copy`], with other names.
    pub fn copy_named(
        &self,
        wanted: impl Fn(&str) -> bool,
        markers: &[&str],
        name: fn(&str) -> String,
    ) -> Result<PathBuf, ScanError> {
        // Not below `self.folder`, which is stored with the report.
        let scan: PathBuf = self.folder.components().rev().take(2).collect();
        let folder = self.run_state.scratch.join("copies").join(scan);
        for file in self.files_where(wanted) {
            let to = folder.join(name(file));
            fs::create_dir_all(to.parent().unwrap_or(&folder))?;
            match String::from_utf8(fs::read(self.subject.join(file))?) {
                Ok(text) => fs::write(to, without_markers(text, markers))?,
                Err(binary) => fs::write(to, binary.as_bytes())?,
            }
        }
        Ok(folder)
    }

    /// A path of the subject as the report shows it.
    pub fn relative(&self, path: &str) -> String {
        match Path::new(path).strip_prefix(&self.subject) {
            Ok(path) => path.display().to_string(),
            Err(_) => path.trim_start_matches("./").to_owned(),
        }
    }

    fn run_with_timeout(&self, command: &Command<'_>) -> Result<TimedOutput, ScanError> {
        Ok(self.without_env(command).output_with_timeout(self.timeout)?)
    }

    fn without_env<'c>(&self, command: &Command<'c>) -> Command<'c> {
        let forbidden = env_allowlist::forbidden(&self.context().settings.variables);
        command.clone().without_env(forbidden)
    }

    fn record_tool(&self, program: Program) {
        let mut used = self.used.borrow_mut();
        if !used.iter().any(|identity| identity.name == program.name) {
            used.push(Identity {
                name: program.name,
                version: program.version,
                digest: program.digest,
                source: program.source.to_owned(),
            });
        }
    }
}

impl ToolOutput {
    /// The standard output as JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, ScanError> {
        serde_json::from_str(&self.stdout).map_err(|error| self.failed(&format!("no JSON ({error})")))
    }

    /// An error with the exit code and the last line of standard error, or of the output of a program that only writes there.
    pub fn failed(&self, how: &str) -> ScanError {
        let last = |text: &'_ str| text.trim_end().lines().next_back().map(str::to_owned);
        let last = last(&self.stderr)
            .or_else(|| last(&self.stdout))
            .unwrap_or_default();
        let last: String = last.chars().take(200).collect();
        ScanError::ToolFailed(format!("{how}, exit code {}: {last}", self.code))
    }

    /// Fails unless `holds`.
    pub fn ensure(&self, holds: bool, otherwise: &str) -> Result<(), ScanError> {
        if holds {
            Ok(())
        } else {
            Err(self.failed(otherwise))
        }
    }

    /// The lines of standard error that contain `text`.
    pub fn log_lines(&self, text: &str) -> impl Iterator<Item = &str> {
        self.stderr.lines().filter(move |line| line.contains(text))
    }

    #[cfg(test)]
    pub fn of(code: i32, stdout: &str, stderr: &str) -> ToolOutput {
        let (stdout, stderr) = (stdout.to_owned(), stderr.to_owned());
        ToolOutput { code, stdout, stderr }
    }
}

/// The error of a program that could not start: the last line that begins with `error`, since lines of another program's log
/// may follow it, or else the last line.
fn reason_in(log: &str) -> &str {
    let mut lines = log.trim_end().lines().rev();
    let last = lines.clone().next().unwrap_or_default();
    lines.find(|line| line.starts_with("error")).unwrap_or(last)
}

/// Disables ignore comments, see [`ScanContext::copy`].
pub fn without_markers(text: String, markers: &[&str]) -> String {
    let disabled = |marker: &str| marker.replace([':', '-'], "_");
    markers
        .iter()
        .fold(text, |text, marker| text.replace(marker, &disabled(marker)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_a_failed_start_is_its_error_and_not_the_log_below_it() {
        let log = "sent 2143 of 85935 prices\nerror: the service is not ready; its last log lines:\n    {\"level\":\"INFO\"}\n";
        assert_eq!(
            reason_in(log),
            "error: the service is not ready; its last log lines:"
        );
        assert_eq!(reason_in("a\nno such command\n\n"), "no such command");
        assert_eq!(reason_in(""), "");
    }

    #[test]
    fn ignore_comments_are_disabled_in_place() {
        let text = "# tflint-ignore a\nx = 1 # trivy:ignore b\n";
        let clean = without_markers(text.to_owned(), &["tflint-ignore", "trivy:ignore"]);
        assert_eq!(clean, "# tflint_ignore a\nx = 1 # trivy_ignore b\n");
    }
}
