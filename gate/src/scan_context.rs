//! One look of one gate: where it looks, where it may write, and how it runs its tool; judges nothing.

use std::cell::RefCell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::context::Context;
use harness::exit::Exit;
use harness::process::command::{Bounded, Command};
use harness::process::interactive::Interactive;
use tools::find::Program;

use crate::config::Config;
use crate::env_allowlist;
use crate::outcome::Identity;
use crate::scan_result::ScanError;
use crate::shared::Shared;

/// A look at our own tree, or at a planted defect: the same code with the same settings.
pub struct ScanContext<'a> {
    /// What all gates share.
    pub shared: &'a Shared<'a>,
    /// The folder to look at.
    pub subject: PathBuf,
    /// Its files, relative paths with `/`, sorted.
    pub files: Vec<String>,
    /// Where this look may write; empty at the beginning, so that no report of yesterday is taken for today's.
    pub folder: PathBuf,
    /// The time limit of each program.
    pub timeout: Duration,
    /// Whether this is the planted defect: only for those who must start a server to look at.
    pub planted: bool,
    /// The tools that were used.
    pub used: RefCell<Vec<Identity>>,
}

/// What a program said before it ended by itself.
#[derive(Debug, Clone)]
pub struct ToolOutput {
    /// Its exit code; a signal's number is negative.
    pub code: i32,
    /// Its standard output, without secrets.
    pub stdout: String,
    /// Its standard error, without secrets.
    pub stderr: String,
}

impl<'a> ScanContext<'a> {
    /// The settings and the stop flag.
    pub fn context(&self) -> &'a Context {
        self.shared.context
    }

    /// What must be known of the repository.
    pub fn config(&self) -> &'a Config {
        &self.shared.config
    }

    /// A tool, ready for arguments; it starts in the subject's folder.
    pub fn tool(&self, name: &str) -> Result<Command<'a>, ScanError> {
        let program = self.shared.program(name)?;
        let command = Command::new(self.context(), &program.file).current_dir(&self.subject);
        self.record_tool(program);
        Ok(command)
    }

    /// The cargo that runs us, in the subject's folder.
    pub fn cargo(&self) -> Command<'a> {
        Command::cargo(self.context()).current_dir(&self.subject)
    }

    /// Files of the subject that this is true of.
    pub fn files_where(&self, wanted: impl Fn(&str) -> bool) -> Vec<&str> {
        let files = self.files.iter().map(String::as_str);
        files.filter(|file| wanted(file)).collect()
    }

    /// Runs a call within the limit, without what the caller's environment would tell it; keeps what it wrote as
    /// `NAME.out` and `NAME.err`, without secrets.
    pub fn run(&self, command: &Command<'_>, name: &str) -> Result<ToolOutput, ScanError> {
        use std::os::unix::process::ExitStatusExt as _;
        let ended = self.ended(command)?;
        let redactor = self.shared.redactor();
        let (stdout, stderr) = (redactor.clean(&ended.stdout), redactor.clean(&ended.stderr));
        for (ending, text) in [("out", &stdout), ("err", &stderr)] {
            self.write_file(&format!("{name}.{ending}"), text)?;
        }
        let status = ended.status.ok_or(ScanError::TimedOut(self.timeout))?;
        let signal = status.signal().map_or(-1, |signal| -signal);
        Ok(ToolOutput {
            code: status.code().unwrap_or(signal),
            stdout,
            stderr,
        })
    }

    /// Starts a program that serves until its standard input is closed. It is ready when it prints a JSON object on a line,
    /// which is returned; other output before that is ignored.
    pub fn start(&self, command: &Command<'_>, name: &str) -> Result<(Interactive, String), ScanError> {
        let log = self.folder.join(format!("{name}.err"));
        let refused = env_allowlist::refused(&self.context().settings.variables);
        let mut started = command
            .clone()
            .without_env(refused)
            .interactive(&File::create(&log)?)?;
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
                let last = log.trim_end().lines().next_back().unwrap_or_default();
                Err(ScanError::ToolFailed(format!("`{command}`: {error:#}: {last}")))
            }
        }
    }

    /// The standard output of a call that succeeds, as it is and kept nowhere: for what a scanner is to look at.
    pub fn run_unredacted(&self, command: &Command<'_>) -> Result<String, ScanError> {
        let ended = self.ended(command)?;
        match ended.status.ok_or(ScanError::TimedOut(self.timeout))? {
            status if status.success() => Ok(ended.stdout),
            status => Err(ScanError::ToolFailed(format!("`{command}` failed ({status})"))),
        }
    }

    /// A report that the tool wrote in this run; what is kept of it is without secrets.
    pub fn read_report(&self, name: &str) -> Result<String, ScanError> {
        let file = self.folder.join(name);
        let bytes = fs::read(&file).map_err(|_| ScanError::ToolFailed(format!("it wrote no {name}")))?;
        let text = self.shared.redactor().clean(&String::from_utf8_lossy(&bytes));
        if text.trim().is_empty() {
            return Err(ScanError::ToolFailed(format!("it wrote an empty {name}")));
        }
        self.write_file(name, &text)?;
        Ok(text)
    }

    /// A file in this look's folder.
    pub fn write_file(&self, name: &str, text: &str) -> Result<PathBuf, ScanError> {
        let file = self.folder.join(name);
        fs::write(&file, text)
            .map_err(|error| ScanError::ToolFailed(format!("cannot write {}: {error}", file.display())))?;
        Ok(file)
    }

    /// Some of the subject's files in a folder of their own: for tools that write beside what they read, or that take
    /// settings from files beside it. A tool's ignore comments are made ordinary ones, since only the ledger accepts
    /// findings: of each marker (`tflint-ignore`) the `-` and `:` become `_`, so that nothing moves.
    pub fn copy(&self, wanted: impl Fn(&str) -> bool, markers: &[&str]) -> Result<PathBuf, ScanError> {
        self.copy_named(wanted, markers, str::to_owned)
    }

    /// As [`ScanContext::copy`], under other names.
    pub fn copy_named(
        &self,
        wanted: impl Fn(&str) -> bool,
        markers: &[&str],
        name: fn(&str) -> String,
    ) -> Result<PathBuf, ScanError> {
        // Not below `self.folder`, which is kept.
        let look = self.folder.components().rev().take(2).collect::<PathBuf>();
        let folder = self.shared.scratch.join("copies").join(look);
        for file in self.files_where(wanted) {
            let to = folder.join(name(file));
            fs::create_dir_all(to.parent().unwrap_or(&folder))?;
            let bytes = fs::read(self.subject.join(file))?;
            match String::from_utf8(bytes) {
                Ok(text) => fs::write(to, without_markers(text, markers))?,
                Err(binary) => fs::write(to, binary.as_bytes())?,
            }
        }
        Ok(folder)
    }

    /// A path of the subject as the report names it.
    pub fn relative(&self, path: &str) -> String {
        let below = Path::new(path).strip_prefix(&self.subject);
        below.map_or_else(
            |_| path.trim_start_matches("./").to_owned(),
            |path| path.display().to_string(),
        )
    }

    fn ended(&self, command: &Command<'_>) -> Result<Bounded, ScanError> {
        let refused = env_allowlist::refused(&self.context().settings.variables);
        Ok(command.clone().without_env(refused).bounded(self.timeout)?)
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

    /// It broke: with the exit code and the last line that it wrote to standard error.
    pub fn failed(&self, how: &str) -> ScanError {
        let last = self.stderr.trim_end().lines().next_back().unwrap_or_default();
        let last: String = last.chars().take(200).collect();
        ScanError::ToolFailed(format!("{how}, exit code {}: {last}", self.code))
    }
}

fn without_markers(text: String, markers: &[&str]) -> String {
    markers.iter().fold(text, |text, marker| {
        text.replace(marker, &marker.replace([':', '-'], "_"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignore_comments_are_made_ordinary_ones_of_the_same_length() {
        let text = "# tflint-ignore a\nx = 1 # trivy:ignore b\n";
        let clean = without_markers(text.to_owned(), &["tflint-ignore", "trivy:ignore"]);
        assert_eq!(clean, "# tflint_ignore a\nx = 1 # trivy_ignore b\n");
    }
}
