//! A browser for the features: chromium and chromedriver from `PATH`.

pub mod axe;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::exit::Exit;
use harness::http_client;
use harness::output::print;
use harness::ports;
use harness::process::child::ChildProcess;
use harness::process::command::Command;

const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// Names of the browser in distributions. chromedriver itself finds the first two.
const BROWSERS: [&str; 4] = [
    "chromium",
    "google-chrome",
    "chromium-browser",
    "google-chrome-stable",
];

/// What browser scenarios need. The driver is stopped when this is dropped.
#[derive(Debug, Default)]
pub struct Browser {
    driver: Option<Driver>,
    axe: Option<PathBuf>,
    /// Kinds of scenarios that cannot run, each with the reason.
    pub not_run: Vec<String>,
}

/// A running driver. The fields are dropped in this order, so its temporary files are removed after it has ended.
#[derive(Debug)]
struct Driver {
    _running: ChildProcess,
    _files: TempDir,
    port: u16,
}

/// A folder for temporary files. Its path is short: browsers keep sockets in it.
#[derive(Debug)]
struct TempDir(PathBuf);

impl TempDir {
    fn new() -> Result<TempDir> {
        let folder = std::env::temp_dir().join(format!("xtask-browser-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(TempDir(folder))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _left_for_the_system = fs::remove_dir_all(&self.0);
    }
}

impl Browser {
    /// Finds the programs and starts the driver. A missing program is not an error: its scenarios are skipped, and
    /// `not_run` names them.
    pub fn start(context: &Context) -> Result<Browser> {
        let mut browser = Browser::default();
        match start_driver(context) {
            Err(error) if error.is::<Exit>() => return Err(error),
            Err(error) => {
                browser.not_run.push(format!("browser scenarios: {error:#}"));
                return Ok(browser);
            }
            Ok(driver) => browser.driver = Some(driver),
        }
        match axe::script(context) {
            Err(error) if error.is::<Exit>() => return Err(error),
            Err(error) => browser
                .not_run
                .push(format!("accessibility scenarios: {error:#}")),
            Ok(script) => browser.axe = Some(script),
        }
        Ok(browser)
    }

    /// The features' options for it.
    pub fn options(&self) -> Vec<String> {
        let driver = self.driver.iter();
        let driver =
            driver.flat_map(|driver| ["--webdriver".into(), format!("http://127.0.0.1:{}", driver.port)]);
        let axe = self.axe.iter();
        driver
            .chain(axe.flat_map(|file| ["--axe".into(), file.display().to_string()]))
            .collect()
    }
}

fn start_driver(context: &Context) -> Result<Driver> {
    let settings = &context.settings;
    let browser = BROWSERS.iter().find_map(|name| settings.find_program(name));
    let driver = settings.find_program("chromedriver");
    let (browser, driver) = browser
        .zip(driver)
        .context("install chromium and chromium-driver")?;
    print(&format!(
        "      browser: {}, {}",
        version(context, browser)?,
        version(context, driver.clone())?
    ));
    let folder = settings.target.join("xtask");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let log = folder.join("chromedriver.log");
    let port = ports::any_free()?;
    let files = TempDir::new()?;
    let mut running = Command::new(context, driver)
        .args([format!("--port={port}")])
        .envs([("TMPDIR", files.path())])
        .background(&File::create(&log)?)?;
    let ready = context.stop.wait_until(READY_TIMEOUT, || {
        if let Some(status) = running.ended()? {
            anyhow::bail!("chromedriver ended ({status}): {}", log.display());
        }
        Ok(http_client::status(port, "/status") == Some(200))
    })?;
    anyhow::ensure!(ready, "chromedriver does not answer: {}", log.display());
    Ok(Driver {
        _running: running,
        _files: files,
        port,
    })
}

/// The name and the number that `--version` prints.
fn version(context: &Context, program: PathBuf) -> Result<String> {
    let output = Command::new(context, program)
        .args(["--version"])
        .capture()?
        .stdout;
    Ok(output.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}
