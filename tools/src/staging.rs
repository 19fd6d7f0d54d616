//! The folder in which one installation runs, with a lock, a log and a timeout, until it is complete.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use harness::context::Context;
use harness::output::print;
use harness::process::command::Command;

use super::find;
use super::tool::Tool;

/// As long as an installation of the same tool may take.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2 * 60 * 60);

/// The folder, removed with this value unless it was published.
pub struct StagingDir<'a> {
    /// The settings and the stop flag.
    pub context: &'a Context,
    /// Becomes the tool's folder.
    pub folder: PathBuf,
    /// For temporary files.
    pub scratch: PathBuf,
    /// A build that the next attempt resumes.
    pub build: PathBuf,
    own: PathBuf,
    place: PathBuf,
    log: PathBuf,
    ends: Instant,
    _lock: File,
}

impl<'a> StagingDir<'a> {
    /// Waits for the lock and removes what a killed installation left.
    pub fn open(context: &'a Context, tool: &Tool, limit: Duration) -> Result<StagingDir<'a>> {
        let place = find::folder(context, tool).context("set XDG_CACHE_HOME or HOME")?;
        let cache = find::cache(context).context("set XDG_CACHE_HOME or HOME")?;
        let name = format!("{}-{}", tool.name, tool.version);
        let within = |kind: &str| cache.join(kind).join(&name);
        let (staging, build, log) = (within(".aside"), within(".build"), within(".log"));
        for file in [&staging, &build, &log] {
            create(file.parent().unwrap_or(cache.as_path()))?;
        }
        let lock = lock(context, &staging.with_added_extension("lock"))?;
        // Children of a killed installation may still write there, so each installation has its own folder.
        let _best_effort = clear(&staging);
        let own = staging.join(std::process::id().to_string());
        clear(&own)?;
        let (folder, scratch) = (own.join("tool"), own.join("scratch"));
        create(&folder)?;
        create(&scratch)?;
        File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        Ok(StagingDir {
            context,
            folder,
            scratch,
            build,
            own,
            place,
            log,
            ends: Instant::now() + limit,
            _lock: lock,
        })
    }

    /// Runs a program to its end; its output goes to the log.
    pub fn run(&self, command: &Command<'_>) -> Result<()> {
        let from = fs::metadata(&self.log).map_or(0, |log| log.len());
        let log = File::options().append(true).open(&self.log)?;
        let left = self.ends.saturating_duration_since(Instant::now());
        let status = command.background(&log)?.wait_for(self.context, left)?;
        self.ensure_success(command, status, from)
    }

    /// As [`StagingDir::run`], and returns its standard output.
    pub fn capture(&self, command: &Command<'_>) -> Result<String> {
        let left = self.ends.saturating_duration_since(Instant::now());
        let ended = command.bounded(left)?;
        let text = format!("{}{}", ended.stdout, ended.stderr);
        let from = fs::metadata(&self.log).map_or(0, |log| log.len());
        let mut log = File::options().append(true).open(&self.log)?;
        std::io::Write::write_all(&mut log, text.as_bytes())?;
        self.ensure_success(command, ended.status, from)?;
        Ok(ended.stdout)
    }

    /// `from` is where the command's output begins in the log.
    fn ensure_success(&self, command: &Command<'_>, status: Option<ExitStatus>, from: u64) -> Result<()> {
        let (command, log) = (short(command), self.log.display());
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("`{command}` failed ({status}): {}; {log}", self.last_line(from)),
            None => bail!("`{command}` took too long; {log}"),
        }
    }

    /// Replaces the tool's folder by this one.
    pub fn publish(&self) -> Result<()> {
        let shown = || format!("cannot write {}", self.place.display());
        create(self.place.parent().unwrap_or(&self.place))?;
        let old = self.scratch.join("replaced");
        if self.place.exists() {
            fs::rename(&self.place, old).with_context(shown)?;
        }
        fs::rename(&self.folder, &self.place).with_context(shown)?;
        let _there_may_be_none = fs::remove_dir_all(&self.build);
        Ok(())
    }

    /// The last line that is not empty, shortened.
    fn last_line(&self, from: u64) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let bytes = bytes
            .get(usize::try_from(from).unwrap_or(0)..)
            .unwrap_or_default();
        let text = String::from_utf8_lossy(bytes);
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
        last.unwrap_or("no output").chars().take(200).collect()
    }
}

impl Drop for StagingDir<'_> {
    fn drop(&mut self) {
        // The next installation removes what is left.
        let _best_effort = clear(&self.own);
        let _others_left_more = self.own.parent().map(fs::remove_dir);
    }
}

/// The first words of a command, for messages.
fn short(command: &Command<'_>) -> String {
    let all = command.to_string();
    let first: Vec<&str> = all.split(' ').take(4).collect();
    first.join(" ")
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// One installation of a tool at a time; the operating system releases the lock of a killed one.
fn lock(context: &Context, path: &Path) -> Result<File> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    let mut reported = false;
    let free = context.stop.wait_until(LOCK_TIMEOUT, || {
        let free = file.try_lock().is_ok();
        if !free && !reported {
            reported = true;
            print(&format!(
                "waiting  for another installation that holds {}",
                path.display()
            ));
        }
        Ok(free)
    })?;
    anyhow::ensure!(free, "another installation holds {}", path.display());
    Ok(file)
}
