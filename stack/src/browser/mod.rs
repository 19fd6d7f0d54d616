//! A browser for the features: chromium and chromedriver from `PATH`.

pub mod axe;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::exit::Exit;
use harness::output::print;
use harness::ports;
use harness::process::command::Command;
use tempfile::TempDir;

use crate::paths::create_private;
use crate::server_process::ServerProcess;

/// Names of the browser in distributions. chromedriver itself finds the first two.
const BROWSERS: [&str; 4] = [
    "chromium",
    "google-chrome",
    "chromium-browser",
    "google-chrome-stable",
];

/// What browser scenarios need. The driver is stopped when this is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Option<Driver>,
    axe: Option<PathBuf>,
    /// Kinds of scenarios that cannot run, each with the reason.
    pub not_run: Vec<String>,
}

/// A running driver. The fields are dropped in this order, so its temporary files are removed after it has ended.
#[derive(Debug)]
struct Driver {
    server: ServerProcess,
    _files: TempDir,
}

impl Browser {
    /// Finds the programs and starts the driver. A missing program is not an error: its scenarios are skipped, and
    /// `not_run` names them.
    pub fn start(context: &Context) -> Result<Browser> {
        let mut not_run = Vec::new();
        let driver = or_not_run("browser", start_driver(context), &mut not_run)?;
        let axe = if driver.is_some() {
            or_not_run("accessibility", axe::script(context), &mut not_run)?
        } else {
            None
        };
        Ok(Browser { driver, axe, not_run })
    }

    /// The features' options for it.
    pub fn options(&self) -> Vec<String> {
        let driver = self.driver.iter().map(|driver| driver.server.port);
        let driver = driver.flat_map(|port| ["--webdriver".into(), format!("http://127.0.0.1:{port}")]);
        let axe = self.axe.iter();
        let axe = axe.flat_map(|file| ["--axe".into(), file.display().to_string()]);
        driver.chain(axe).collect()
    }
}

/// Records why this kind of scenario cannot run.
fn or_not_run<T>(kind: &str, found: Result<T>, not_run: &mut Vec<String>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is::<Exit>() => Err(error),
        Err(error) => {
            not_run.push(format!("{kind} scenarios: {error:#}"));
            Ok(None)
        }
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
    create_private(&folder)?;
    let log = folder.join("chromedriver.log");
    let _of_an_earlier_run = fs::remove_file(&log);
    let port = ports::any_free()?;
    // In the system's folder: browsers keep sockets in it, whose paths must be short.
    let files = tempfile::tempdir()?;
    let command = Command::new(context, driver)
        .args([format!("--port={port}")])
        .envs([("TMPDIR", files.path())]);
    let mut server = ServerProcess::start("chromedriver", &command, port, "/status", &log)?;
    server.wait_until_ready(context)?;
    Ok(Driver {
        server,
        _files: files,
    })
}

/// The name and the number that `--version` prints.
fn version(context: &Context, program: PathBuf) -> Result<String> {
    let output = Command::new(context, program).args(["--version"]).output()?;
    Ok(output.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}
