//! The staging folder of one installation, with a lock, a log and a time limit; published whole or not at all.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use harness::context::Context;
use harness::output::print;
use harness::process::command::Command;

use crate::find;
use crate::tool::Tool;

/// How long an installation waits for another one of the same tool: as long as that may take.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2 * 60 * 60);

/// The folder, removed on drop unless it was published.
pub struct StagingDir<'a> {
    /// The settings and the stop flag.
    pub context: &'a Context,
    /// Becomes the tool's folder.
    pub folder: PathBuf,
    /// For temporary files.
    pub scratch: PathBuf,
    /// Build output, which a repeated installation reuses.
    pub build: PathBuf,
    own: PathBuf,
    destination: PathBuf,
    log: PathBuf,
    deadline: Instant,
    _lock: File,
}

impl<'a> StagingDir<'a> {
    /// Waits for the lock, and removes what a killed installation left.
    pub fn open(context: &'a Context, tool: &Tool, timeout: Duration) -> Result<StagingDir<'a>> {
        let destination = find::folder(context, tool).context("set XDG_CACHE_HOME or HOME")?;
        let cache = find::cache(context).context("set XDG_CACHE_HOME or HOME")?;
        let name = format!("{}-{}", tool.name, tool.version);
        let [staging, build, log] = [".staging", ".build", ".log"].map(|kind| cache.join(kind).join(&name));
        for path in [&staging, &build, &log] {
            create(path.parent().unwrap_or(&cache))?;
        }
        let lock = lock(context, &staging.with_added_extension("lock"))?;
        // Processes of a killed installation may still write there, so each installation has its own subfolder.
        let _still_in_use = clear(&staging);
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
            destination,
            log,
            deadline: Instant::now() + timeout,
            _lock: lock,
        })
    }

    /// Runs a program to its end; its output goes to the log.
    pub fn run(&self, command: &Command<'_>) -> Result<()> {
        let start = self.log_size();
        let mut child = command.background(&self.append()?)?;
        let status = child.wait_for(self.context, self.time_left())?;
        self.ensure_success(command, status, start)
    }

    /// Runs a program to its end and returns its standard output, which the log contains too.
    pub fn capture(&self, command: &Command<'_>) -> Result<String> {
        let start = self.log_size();
        let output = command.output_with_timeout(self.time_left())?;
        write!(self.append()?, "{}{}", output.stdout, output.stderr)?;
        self.ensure_success(command, output.status, start)?;
        Ok(output.stdout)
    }

    /// Replaces the tool's folder with the staged one.
    pub fn publish(&self) -> Result<()> {
        let cannot_write = || format!("cannot write {}", self.destination.display());
        create(self.destination.parent().unwrap_or(&self.destination))?;
        if self.destination.exists() {
            fs::rename(&self.destination, self.scratch.join("replaced")).with_context(cannot_write)?;
        }
        fs::rename(&self.folder, &self.destination).with_context(cannot_write)?;
        let _may_be_absent = fs::remove_dir_all(&self.build);
        Ok(())
    }

    fn append(&self) -> Result<File> {
        Ok(File::options().append(true).open(&self.log)?)
    }

    fn log_size(&self) -> u64 {
        fs::metadata(&self.log).map_or(0, |log| log.len())
    }

    fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The error quotes the last line that the program wrote to the log, which was `start` bytes long before.
    fn ensure_success(&self, command: &Command<'_>, status: Option<ExitStatus>, start: u64) -> Result<()> {
        // The first arguments identify the command.
        let full = command.to_string();
        let short = full.split(' ').take(4).collect::<Vec<_>>().join(" ");
        let log = self.log.display();
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("`{short}` failed ({status}): {}; {log}", self.last_line(start)),
            None => bail!("`{short}` took too long; {log}"),
        }
    }

    fn last_line(&self, start: u64) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let new = bytes
            .get(usize::try_from(start).unwrap_or(0)..)
            .unwrap_or_default();
        let text = String::from_utf8_lossy(new);
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
        last.unwrap_or("no output").chars().take(200).collect()
    }
}

impl Drop for StagingDir<'_> {
    fn drop(&mut self) {
        // The next installation removes what is left.
        let _best_effort = clear(&self.own);
        let _not_empty = self.own.parent().map(fs::remove_dir);
    }
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

/// One installation of a tool at a time. The system releases the lock of a killed process.
fn lock(context: &Context, path: &Path) -> Result<File> {
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).open(path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    let mut announced = false;
    let is_free = context.stop.wait_until(LOCK_TIMEOUT, || {
        let is_free = file.try_lock().is_ok();
        if !is_free && !announced {
            announced = true;
            print(&format!(
                "waiting  for another installation that holds {}",
                path.display()
            ));
        }
        Ok(is_free)
    })?;
    anyhow::ensure!(is_free, "another installation holds {}", path.display());
    Ok(file)
}

/// A temporary home with a cache, for the installers' tests; removed on drop.
#[cfg(test)]
pub(crate) struct TestHome {
    pub folder: PathBuf,
    context: Context,
}

#[cfg(test)]
impl TestHome {
    pub fn new(name: &str) -> TestHome {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let settings = harness::settings::Settings {
            cache: Some(folder.clone()),
            cargo_home: Some(folder.clone()),
            cargo: folder.join("cargo").into(),
            ..harness::settings::Settings::read()
        };
        let stop = harness::process::shutdown::Stop::default();
        TestHome {
            folder,
            context: Context { settings, stop },
        }
    }

    pub fn write(&self, path: &str, text: &str) {
        let file = self.folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub fn staging(&self) -> StagingDir<'_> {
        let uv = crate::table::get("uv").unwrap();
        StagingDir::open(&self.context, &uv, Duration::from_secs(60)).unwrap()
    }

    /// Packs a folder of this home into a file.
    pub fn pack(&self, staging: &StagingDir<'_>, file: &Path, folder: &str) {
        let tar = Command::new(&self.context, "tar").args(["-czf".as_ref(), file.as_os_str(), "-C".as_ref()]);
        staging
            .run(&tar.args([self.folder.as_os_str(), folder.as_ref()]))
            .unwrap();
    }
}

#[cfg(test)]
impl Drop for TestHome {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.folder);
    }
}
