//! `deploy drift`: a plan with what is deployed now; what it finds becomes SARIF.

use anyhow::{Context as _, Result};
use clap::Args;
use harness::context::Context;
use harness::exit::Exit;
use harness::json_file;
use harness::output::print;
use tempfile::TempPath;

use crate::azure;
use crate::commands::options::{EnvironmentArgs, Terraform};
use crate::commands::outputs::{outputs, target};
use crate::drift;
use crate::invocation::{Program, Variables};
use crate::journal::Folder;
use crate::runner::{Processes, Runner as _};

/// Options of `deploy drift`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    environment: EnvironmentArgs,
    #[command(flatten)]
    terraform: Terraform,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    let config = options.environment.read(context)?;
    let folder = Folder::locked(&context.settings.target, &config.name)?;
    let runner = Processes::find(context, &[Program::Terraform, Program::Az], None)?;
    let files = options.terraform.files()?;
    let module = files.module(&config);
    let target = target(&outputs(&runner, &module)?)?;
    // The variables of the last deploy are on another machine: what runs has them.
    let app = azure::app(&runner.json(&target.show_app())?)?;
    let job = azure::job_images(&runner.json(&target.show_job())?);
    let variables = Variables {
        app_image: app.image.context("the app has no image")?,
        job_image: job.into_iter().next().context("the job has no image")?,
        suffix: app.suffix.context("the app has no revision suffix")?,
    };
    let file = TempPath::try_from_path(folder.path.join("drift"))?;
    runner.run(&module.plan(&variables, &file, None), &[0, 2])?;
    let plan = runner.json(&module.show(&file))?;
    let findings = drift::findings(&plan, &config.owned)?;
    let root = config.environment.root.display().to_string();
    json_file::write(&folder.drift(), &drift::sarif(&findings, &root))?;
    for finding in &findings {
        print(&format!("{}: {}", finding.rule.id(), finding.message));
    }
    print(&format!(
        "{} findings in {}",
        findings.len(),
        folder.drift().display()
    ));
    if findings.is_empty() {
        return Ok(());
    }
    Err(Exit::AlreadyReported.into())
}
