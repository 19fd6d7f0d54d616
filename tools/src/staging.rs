//! A folder aside in which one installation works, alone, with a log and a time limit; knows no registry.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use harness::context::Context;
use harness::output::print;
use harness::process::command::Command;

use super::find;
use super::tool::Tool;

/// An installation that waits for another one of the same tool waits as long as that may take.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// The folder, which is gone with this value unless it was published.
pub struct StagingDir<'a> {
    /// The settings and the stop flag.
    pub context: &'a Context,
    /// What becomes the tool's folder.
    pub folder: PathBuf,
    /// For what is needed only meanwhile.
    pub scratch: PathBuf,
    /// Where a build may be continued by the next try.
    pub build: PathBuf,
    own: PathBuf,
    place: PathBuf,
    log: PathBuf,
    ends: Instant,
    _lock: File,
}

impl<'a> StagingDir<'a> {
    /// Waits for its turn, and clears what a killed installation left.
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
        // What a killed installation started may still write there, so that each gets a folder of its own.
        let _others_are_in_nobodys_way = clear(&staging);
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

    /// Runs a program to its end; what it writes is in the log.
    pub fn run(&self, command: &Command<'_>) -> Result<()> {
        let from = fs::metadata(&self.log).map_or(0, |log| log.len());
        let log = File::options().append(true).open(&self.log)?;
        let left = self.ends.saturating_duration_since(Instant::now());
        match command.background(&log)?.wait_for(self.context, left)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => {
                let said = self.last_line(from);
                bail!(
                    "`{}` failed ({status}): {said}; {}",
                    short(command),
                    self.log.display()
                )
            }
            None => bail!("`{}` took too long; {}", short(command), self.log.display()),
        }
    }

    /// Runs a program to its end and answers what it wrote to standard output; the log has that too.
    ///
    /// # Errors
    /// As [`StagingDir::run`]. What it wrote before it failed counts for nothing.
    pub fn capture(&self, command: &Command<'_>) -> Result<String> {
        let left = self.ends.saturating_duration_since(Instant::now());
        let ended = command.bounded(left)?;
        let text = format!("{}{}", ended.stdout, ended.stderr);
        let from = fs::metadata(&self.log).map_or(0, |log| log.len());
        let mut log = File::options().append(true).open(&self.log)?;
        std::io::Write::write_all(&mut log, text.as_bytes())?;
        match ended.status {
            Some(status) if status.success() => Ok(ended.stdout),
            Some(status) => {
                let said = self.last_line(from);
                bail!(
                    "`{}` failed ({status}): {said}; {}",
                    short(command),
                    self.log.display()
                )
            }
            None => bail!("`{}` took too long; {}", short(command), self.log.display()),
        }
    }

    /// Makes the folder the tool's, whole, instead of what was there.
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

    /// The last line that says something, shortened.
    fn last_line(&self, from: u64) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let bytes = bytes
            .get(usize::try_from(from).unwrap_or(0)..)
            .unwrap_or_default();
        let text = String::from_utf8_lossy(bytes);
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
        last.unwrap_or("it said nothing").chars().take(200).collect()
    }
}

impl Drop for StagingDir<'_> {
    fn drop(&mut self) {
        // The next installation clears what is left.
        let _best_effort = clear(&self.own);
        let _others_left_more = self.own.parent().map(fs::remove_dir);
    }
}

/// The first words of a call: a line is to be read by people, and all of them are in the code.
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

/// One installation of a tool at a time; the system frees the lock of one that was killed.
fn lock(context: &Context, path: &Path) -> Result<File> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    let mut told = false;
    let free = context.stop.wait_until(PATIENCE, || {
        let free = file.try_lock().is_ok();
        if !free && !told {
            told = true;
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
