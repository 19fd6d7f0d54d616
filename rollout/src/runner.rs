//! Runs external commands: time limit, attempts, a log of all of them, and errors that name the command.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use harness::clock;
use harness::context::Context;
use harness::process::command::Command;
use harness::process::shutdown::Stop;
use serde::{Deserialize, Serialize};
use tools::{find, table};

use crate::invocation::{Invocation, Program};
use crate::journal::Folder;

/// Before the second attempt and each one after it; the last also before any further.
const BACK_OFF: [Duration; 3] = [
    Duration::from_secs(2),
    Duration::from_secs(8),
    Duration::from_secs(30),
];
/// Of an error, the last characters.
const MAX_ERROR: usize = 2_000;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its exit code; `None` when it was stopped after its time limit, or by a signal.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it printed to standard error.
    pub stderr: String,
}

/// Runs commands and waits; a test replays recorded commands instead.
pub trait Runner {
    /// Runs a command once.
    ///
    /// # Errors
    /// When it cannot be started, or a stop was requested.
    fn run_once(&self, invocation: &Invocation) -> Result<Ended>;

    /// Waits.
    ///
    /// # Errors
    /// When a stop was requested.
    fn pause(&self, time: Duration) -> Result<()>;

    /// Runs a command, again if it may be repeated, until it ends with an expected exit code.
    ///
    /// # Errors
    /// Naming the command, its end and what it printed.
    fn run(&self, invocation: &Invocation, expected_codes: &[i32]) -> Result<Ended> {
        let mut attempt = 1;
        let mut pauses = BACK_OFF.into_iter();
        loop {
            let ended = self.run_once(invocation)?;
            match ended.code {
                Some(code) if expected_codes.contains(&code) => return Ok(ended),
                _ if attempt < invocation.attempts => {
                    attempt += 1;
                    self.pause(pauses.next().unwrap_or(BACK_OFF[2]))?;
                    continue;
                }
                _ => {}
            }
            return Err(failure(invocation, &ended, attempt));
        }
    }

    /// As [`Runner::run`] for a command that must succeed; returns its output as JSON.
    ///
    /// # Errors
    /// Also when the output is no JSON.
    fn json(&self, invocation: &Invocation) -> Result<serde_json::Value> {
        let ended = self.run(invocation, &[0])?;
        serde_json::from_str(&ended.stdout).with_context(|| format!("`{}` printed no JSON", line(invocation)))
    }
}

/// Whether Resource Manager answered that there is no such resource. Exit code 3 does not say so: `az` also ends with it when it
/// could not ask.
pub fn is_not_found(ended: &Ended) -> bool {
    ["(ResourceNotFound)", "(ResourceGroupNotFound)"]
        .iter()
        .any(|code| ended.stderr.contains(code))
}

/// Runs commands as processes of the system.
#[derive(Debug)]
pub struct Processes<'a> {
    context: &'a Context,
    terraform: Option<PathBuf>,
    az: Option<PathBuf>,
    folder: Option<&'a Folder>,
}

impl<'a> Processes<'a> {
    /// Finds the programs, exactly as `security/tools.toml` pins them. Commands are logged in the folder, and hold its lock until they end.
    ///
    /// # Errors
    /// When one is missing.
    pub fn find(
        context: &'a Context,
        programs: &[Program],
        folder: Option<&'a Folder>,
    ) -> Result<Processes<'a>> {
        let find = |program: Program, name: &str| {
            if !programs.contains(&program) {
                return Ok(None);
            }
            match find::find(context, &table::get(name)?)? {
                Ok(found) => Ok(Some(found.file)),
                Err(why) => bail!("{why}: `cargo xtask tools list` says how to get {name}"),
            }
        };
        Ok(Processes {
            context,
            terraform: find(Program::Terraform, "terraform")?,
            az: find(Program::Az, "azure-cli")?,
            folder,
        })
    }

    fn write_log(&self, invocation: &Invocation, ended: &Ended, since: Instant) -> Result<()> {
        let Some(file) = self.folder.map(Folder::commands) else {
            return Ok(());
        };
        let hidden = |text: &str| {
            if invocation.is_logged {
                text.to_owned()
            } else {
                format!("({} bytes)", text.len())
            }
        };
        let entry = serde_json::json!({
            "at": clock::now(),
            "program": name(invocation),
            "args": args(invocation),
            "code": ended.code,
            "milliseconds": u64::try_from(since.elapsed().as_millis())?,
            "stdout": hidden(&ended.stdout),
            "stderr": hidden(&ended.stderr),
        });
        File::options()
            .create(true)
            .append(true)
            .open(&file)
            .and_then(|mut log| writeln!(log, "{entry}"))
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

impl Runner for Processes<'_> {
    fn run_once(&self, invocation: &Invocation) -> Result<Ended> {
        self.context.stop.check()?;
        let until_its_end = Context {
            settings: self.context.settings.clone(),
            stop: Stop::default(),
        };
        let context = if invocation.finishes {
            &until_its_end
        } else {
            self.context
        };
        let program = match invocation.program {
            Program::Terraform => self.terraform.clone(),
            Program::Az => self.az.clone(),
            Program::Smoke => invocation.args.first().map(PathBuf::from),
        };
        let program = program.with_context(|| format!("no program for `{}`", line(invocation)))?;
        let since = Instant::now();
        let mut command = Command::new(context, program).args(args(invocation)).envs([
            ("TF_IN_AUTOMATION", "1"),
            ("CHECKPOINT_DISABLE", "1"),
            ("AZURE_CORE_COLLECT_TELEMETRY", "0"),
            ("AZURE_CORE_NO_COLOR", "1"),
        ]);
        if let Some(lock) = self.folder.and_then(Folder::lock) {
            command = command.stdin(lock);
        }
        let ended = if invocation.finishes {
            to_its_end(context, &command, invocation.timeout)?
        } else {
            let ended = command.output_with_timeout(invocation.timeout)?;
            Ended {
                code: ended.status.and_then(|status| status.code()),
                stdout: ended.stdout,
                stderr: ended.stderr,
            }
        };
        self.write_log(invocation, &ended, since)?;
        Ok(ended)
    }

    fn pause(&self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            self.context.stop.check()?;
            thread::sleep(left.min(harness::process::shutdown::TICK));
        }
        Ok(())
    }
}

/// The output goes to files: if this process is killed, a pipe would break, and Terraform would die of it with its state locked.
fn to_its_end(context: &Context, command: &Command<'_>, timeout: Duration) -> Result<Ended> {
    let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let status = command
        .background_to(&stdout, &stderr)?
        .wait_for(context, timeout)?;
    let read = |file: &mut File| -> Result<String> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok(Ended {
        code: status.and_then(|status| status.code()),
        stdout: read(&mut stdout)?,
        stderr: read(&mut stderr)?,
    })
}

/// The program's name.
pub fn name(invocation: &Invocation) -> &str {
    match invocation.program {
        Program::Terraform => "terraform",
        Program::Az => "az",
        Program::Smoke => invocation.args.first().map_or("", String::as_str),
    }
}

/// The arguments without the program.
pub fn args(invocation: &Invocation) -> &[String] {
    match invocation.program {
        Program::Smoke => invocation.args.get(1..).unwrap_or_default(),
        _ => &invocation.args,
    }
}

/// The command line.
pub fn line(invocation: &Invocation) -> String {
    format!("{} {}", name(invocation), args(invocation).join(" "))
}

fn failure(invocation: &Invocation, ended: &Ended, attempts: u32) -> anyhow::Error {
    let how = match ended.code {
        Some(code) => format!("exit code {code}"),
        None => format!("stopped, time limit {} s", invocation.timeout.as_secs()),
    };
    let times = if attempts > 1 {
        format!(", {attempts} attempts")
    } else {
        String::new()
    };
    // Output that no log may hold is in no error either: a plan or state.
    let stdout = if invocation.is_logged {
        ended.stdout.as_str()
    } else {
        ""
    };
    let printed = [ended.stderr.as_str(), stdout];
    let text = printed
        .into_iter()
        .map(str::trim)
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    let start = text.char_indices().rev().nth(MAX_ERROR).map_or(0, |(at, _)| at);
    anyhow!("`{}` failed ({how}{times}): {}", line(invocation), &text[start..])
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use harness::settings::Settings;

    use super::*;

    /// Ends with each of these codes in turn.
    struct Codes(RefCell<Vec<i32>>);

    impl Runner for Codes {
        fn run_once(&self, _invocation: &Invocation) -> Result<Ended> {
            Ok(Ended {
                code: self.0.borrow_mut().pop(),
                stdout: String::new(),
                stderr: "why".to_owned(),
            })
        }
        fn pause(&self, _time: Duration) -> Result<()> {
            Ok(())
        }
    }

    fn invocation(attempts: u32) -> Invocation {
        Invocation {
            program: Program::Az,
            args: vec!["version".to_owned()],
            timeout: Duration::from_secs(9),
            attempts,
            is_logged: true,
            finishes: false,
        }
    }

    #[test]
    fn attempts_end_with_an_expected_code_or_after_the_last() {
        let codes = Codes(RefCell::new(vec![0, 1]));
        assert_eq!(codes.run(&invocation(2), &[0]).unwrap().code, Some(0));
        let codes = Codes(RefCell::new(vec![0, 1]));
        let error = codes.run(&invocation(1), &[0]).unwrap_err().to_string();
        assert_eq!(error, "`az version` failed (exit code 1): why");
        let error = Codes(RefCell::default())
            .run(&invocation(2), &[0])
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "`az version` failed (stopped, time limit 9 s, 2 attempts): why"
        );
    }

    /// L10: A command that survives its deploy holds the lock of the environment until it ends.
    #[test]
    fn a_command_holds_the_lock_of_its_environment() {
        let target = tempfile::tempdir().unwrap();
        let context = Context {
            settings: Settings::read(),
            stop: Stop::default(),
        };
        let folder = Folder::locked(target.path(), "dev").unwrap();
        let fifo = target.path().join("ends");
        // It goes on in the background when the command itself has ended, as Terraform does without its deploy.
        let script = format!("mkfifo '{0}' && exec 3<&0 && {{ cat '{0}' & }}", fifo.display());
        let script = Invocation {
            program: Program::Smoke,
            args: ["sh", "-c", &script].map(str::to_owned).to_vec(),
            finishes: true,
            ..invocation(1)
        };
        Processes::find(&context, &[], Some(&folder))
            .unwrap()
            .run(&script, &[0])
            .unwrap();
        drop(folder);
        let error = Folder::locked(target.path(), "dev").unwrap_err().to_string();
        assert!(error.contains("before it was killed"), "{error}");
        std::fs::write(&fifo, "").unwrap();
        while Folder::locked(target.path(), "dev").is_err() {
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// L10: An error quotes no output that no log may hold.
    #[test]
    fn an_error_does_not_quote_a_plan() {
        let ended = |stderr: &str| Ended {
            code: Some(1),
            stdout: "canary".to_owned(),
            stderr: stderr.to_owned(),
        };
        let error = |is_logged: bool, stderr: &str| {
            let invocation = Invocation {
                is_logged,
                ..invocation(1)
            };
            failure(&invocation, &ended(stderr), 1).to_string()
        };
        assert_eq!(error(true, ""), "`az version` failed (exit code 1): canary");
        assert_eq!(error(false, " "), "`az version` failed (exit code 1): ");
        assert_eq!(error(false, "why"), "`az version` failed (exit code 1): why");
    }

    /// L10: The errors of a command that runs to its end are apart from its output.
    #[test]
    fn a_command_that_runs_to_its_end_has_both_outputs() {
        let context = Context {
            settings: Settings::read(),
            stop: Stop::default(),
        };
        let script = Invocation {
            program: Program::Smoke,
            args: ["sh", "-c", "printf 'out\\377\\n'; echo err >&2; exit 3"]
                .map(str::to_owned)
                .to_vec(),
            finishes: true,
            ..invocation(1)
        };
        let ended = Processes::find(&context, &[], None)
            .unwrap()
            .run_once(&script)
            .unwrap();
        assert_eq!(
            (ended.code, ended.stdout.as_str(), ended.stderr.as_str()),
            (Some(3), "out\u{fffd}\n", "err\n")
        );
    }

    #[test]
    fn only_the_answer_of_resource_manager_says_that_nothing_exists() {
        let ended = |code: i32, stderr: &str| Ended {
            code: Some(code),
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        assert!(is_not_found(&ended(
            1,
            "ERROR: (ResourceNotFound) The Resource 'a' was not found."
        )));
        assert!(is_not_found(&ended(
            3,
            "(ResourceGroupNotFound) Resource group 'g' could not be found."
        )));
        assert!(!is_not_found(&ended(
            3,
            "The containerapp 'app' does not exist in group 'rg'"
        )));
    }
}
