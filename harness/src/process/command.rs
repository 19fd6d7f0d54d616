//! Starts programs. No other file does, so that every child is stopped. A command's environment is never printed.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, ExitStatus, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::context::Context;
use crate::process::child::{ChildProcess, Collected};
use crate::process::interactive::Interactive;
use crate::process::lines::Lines;

/// Bytes of standard output, and of standard error, that are captured.
const MAX_OUTPUT: u64 = 64 << 20;

/// Environment variables: names and values.
pub type EnvVars = Vec<(OsString, OsString)>;

/// A program with its arguments, not started yet. It runs in its own process group: a Ctrl-C in the terminal reaches only
/// this process, which then stops the others in order.
#[derive(Clone)]
pub struct Command<'a> {
    context: &'a Context,
    program: OsString,
    args: Vec<OsString>,
    env: EnvVars,
    removed: Vec<OsString>,
    dir: PathBuf,
    stdin: Option<&'a File>,
}

/// The output of a program that ended.
#[derive(Debug)]
pub struct Finished<Status = ExitStatus> {
    /// How it ended.
    pub status: Status,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// The output of a program that had a timeout: the status is `None` after it.
pub type TimedOutput = Finished<Option<ExitStatus>>;

impl<'a> Command<'a> {
    /// A program, by path or by name on `PATH`. It starts in the repository's root.
    pub fn new(context: &'a Context, program: impl Into<OsString>) -> Command<'a> {
        let dir = context.settings.root.clone();
        Command {
            context,
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            removed: Vec::new(),
            dir,
            stdin: None,
        }
    }

    /// The cargo that started this program.
    pub fn cargo(context: &'a Context) -> Command<'a> {
        Command::new(context, &context.settings.cargo)
    }

    /// Adds arguments.
    pub fn args<I: IntoIterator<Item = S>, S: Into<OsString>>(mut self, args: I) -> Command<'a> {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Runs it in another directory.
    pub fn current_dir(mut self, dir: impl Into<PathBuf>) -> Command<'a> {
        self.dir = dir.into();
        self
    }

    /// Gives it this file as standard input, which is empty otherwise. The open file belongs to it as well, with its lock.
    pub fn stdin(mut self, file: &'a File) -> Command<'a> {
        self.stdin = Some(file);
        self
    }

    /// Adds environment variables. They are never printed, so they may hold secrets.
    pub fn envs<K: Into<OsString>, V: Into<OsString>>(
        mut self,
        env: impl IntoIterator<Item = (K, V)>,
    ) -> Command<'a> {
        self.env
            .extend(env.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Does not inherit these variables; those set by [`Command::envs`] stay.
    pub fn without_env(mut self, names: impl IntoIterator<Item = OsString>) -> Command<'a> {
        self.removed.extend(names);
        self
    }

    /// Runs it to its end with inherited standard output and error; fails unless it succeeds.
    pub fn stream(&self) -> Result<()> {
        let mut running = self.spawn(self.input()?, Stdio::inherit(), Stdio::inherit())?;
        let status = running.wait(self.context)?;
        ensure!(status.success(), "`{self}` failed ({status})");
        Ok(())
    }

    /// Runs it to its end and captures its output.
    pub fn capture(&self) -> Result<Finished> {
        let ended = self.output_with_timeout(Duration::MAX)?;
        Ok(Finished {
            status: ended.status.context("it did not end")?,
            stdout: ended.stdout,
            stderr: ended.stderr,
        })
    }

    /// As [`Command::capture`], and fails with its standard error unless it succeeds; returns its standard output.
    pub fn output(&self) -> Result<String> {
        let ended = self.capture()?;
        ensure!(
            ended.status.success(),
            "`{self}` failed ({}): {}",
            ended.status,
            ended.stderr.trim()
        );
        Ok(ended.stdout)
    }

    /// As [`Command::capture`], with a timeout, after which it is stopped.
    pub fn output_with_timeout(&self, timeout: Duration) -> Result<TimedOutput> {
        let mut running = self.spawn(self.input()?, Stdio::piped(), Stdio::piped())?;
        let (out, err) = (
            Collected::from(running.child.stdout.take(), MAX_OUTPUT),
            Collected::from(running.child.stderr.take(), MAX_OUTPUT),
        );
        let status = running.wait_for(self.context, timeout)?;
        Ok(TimedOutput {
            status,
            stdout: out.text(),
            stderr: err.text(),
        })
    }

    /// Runs it to its end and calls `each` for each line of its standard output; standard error is inherited.
    pub fn lines(&self, each: impl FnMut(&str)) -> Result<ExitStatus> {
        let (out, writer) = std::io::pipe()?;
        let running = self.spawn(self.input()?, writer.into(), Stdio::inherit())?;
        self.read_lines(running, out, each)
    }

    /// As [`Command::lines`], with the lines of standard error in between, in the order in which they are written.
    pub fn all_lines(&self, each: impl FnMut(&str)) -> Result<ExitStatus> {
        let (out, writer) = std::io::pipe()?;
        let running = self.spawn(self.input()?, writer.try_clone()?.into(), writer.into())?;
        self.read_lines(running, out, each)
    }

    fn read_lines(
        &self,
        mut running: ChildProcess,
        out: impl Read + Send + 'static,
        mut each: impl FnMut(&str),
    ) -> Result<ExitStatus> {
        let lines = Lines::read(out);
        let mut ended = None;
        loop {
            match lines.next_within_tick() {
                Ok(line) => each(&line),
                Err(RecvTimeoutError::Timeout) if !self.context.stop.is_set() => {
                    // A grandchild that holds the pipe open must not block us.
                    let since = ended.get_or_insert_with(Instant::now);
                    if running.child.try_wait()?.is_none() {
                        ended = None;
                    } else if since.elapsed() > Duration::from_secs(2) {
                        return running.wait(self.context);
                    }
                }
                Err(_) => return running.wait(self.context),
            }
        }
    }

    /// Starts it without waiting; both outputs go to the file.
    pub fn background(&self, log: &File) -> Result<ChildProcess> {
        self.background_to(log, log)
    }

    /// As [`Command::background`], with a file for each output.
    pub fn background_to(&self, stdout: &File, stderr: &File) -> Result<ChildProcess> {
        self.spawn(
            self.input()?,
            stdout.try_clone()?.into(),
            stderr.try_clone()?.into(),
        )
    }

    /// Starts it with pipes for standard input and output; standard error goes to the file.
    pub fn interactive(&self, log: &File) -> Result<Interactive> {
        let child = self.spawn(Stdio::piped(), Stdio::piped(), log.try_clone()?.into())?;
        Ok(Interactive::of(self.context, child))
    }

    fn input(&self) -> Result<Stdio> {
        Ok(match self.stdin {
            Some(file) => file.try_clone()?.into(),
            None => Stdio::null(),
        })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one file of the harness that spawns processes"
    )]
    fn spawn(&self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Result<ChildProcess> {
        let mut command = process::Command::new(&self.program);
        command.args(&self.args).current_dir(&self.dir).process_group(0);
        command.stdin(stdin).stdout(stdout).stderr(stderr);
        for name in self.context.settings.not_for_children.iter().chain(&self.removed) {
            command.env_remove(name);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        let child = command
            .spawn()
            .with_context(|| format!("cannot run `{}`", self.program.display()))?;
        Ok(ChildProcess::of(child))
    }
}

impl fmt::Display for Command<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = PathBuf::from(&self.program);
        write!(
            out,
            "{}",
            program.file_name().unwrap_or(OsStr::new("?")).display()
        )?;
        self.args
            .iter()
            .try_for_each(|arg| write!(out, " {}", arg.display()))
    }
}
