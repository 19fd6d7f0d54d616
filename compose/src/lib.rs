//! `cargo xtask up --compose` and `down --compose`: the stack of `compose.yaml` in containers, with docker or podman.

pub mod certificates;
pub mod images;
mod options;
mod ports;
mod programs;
pub mod project;
mod state;

use anyhow::Result;
use harness::context::Context;
use harness::output::{Progress, print};
use image::engine::Engine;
use rustix::process::geteuid;

use crate::images::Tags;
pub use crate::options::Options;
pub use crate::ports::Ports;
use crate::project::Project;
use crate::state::State;

/// The commands.
#[derive(Debug, clap::Parser)]
#[command(bin_name = "cargo xtask")]
pub enum Command {
    /// Start the whole stack in containers, and return
    Up {
        /// Which stack.
        #[command(flatten)]
        options: Options,
        /// Where it is reached.
        #[command(flatten)]
        ports: Ports,
        /// Build the images of the parts beside the service again, with Debian's present packages, and replace their containers
        #[arg(long)]
        rebuild: bool,
    },
    /// Stop the stack, and remove its containers, networks, volumes and files
    Down {
        /// Which stack.
        #[command(flatten)]
        options: Options,
    },
}

impl Command {
    /// Runs it to its end.
    pub fn run(&self, context: &Context) -> Result<()> {
        let (Command::Up { options, .. } | Command::Down { options }) = self;
        let engine = State::of(&context.settings, options)?.engine(context)?;
        match self {
            Command::Up {
                options,
                ports,
                rebuild,
            } => up(&engine, options, ports, *rebuild).map(drop),
            Command::Down { options } => down(&engine, options),
        }
    }
}

/// Builds what is missing, or with `rebuild` all images of the parts beside the service, starts the stack, and waits until each part is healthy.
///
/// # Errors
/// When an image does not build or a part does not become healthy. What runs then remains, for its logs; [`down`] removes it.
pub fn up<'a>(
    engine: &'a Engine<'a>,
    options: &Options,
    ports: &Ports,
    rebuild: bool,
) -> Result<Project<'a>> {
    let state = State::of(&engine.context.settings, options)?;
    let tags = Tags::of(engine.context)?;
    let image = tags.service();
    // All that can be checked before the images are built, which takes long.
    images::ensure_can_build(engine, &tags, rebuild)?;
    let project = Project::new(engine, options, &state, ports, tags)?;
    project.ensure_compose()?;
    project.ensure_ports_are_free()?;
    if state.record()?.is_none() {
        project.ensure_absent(&state)?;
    }
    state.claim(engine.kind)?;

    let mut progress = Progress::of(images::PARTS.len() + 6);
    images::ensure(engine, project.tags(), rebuild, &mut progress)?;
    progress.step("making secrets and certificates", || {
        Ok((state.make(engine, &image)?, "made"))
    })?;
    progress.step("starting the database", || {
        project.remove_outdated("postgresql")?;
        project.start(&["postgresql"])?;
        project.wait_until_healthy("postgresql")?;
        Ok(((), "healthy"))
    })?;
    progress.step("migrating the schema", || {
        project.run("prepare", &[])?;
        project.run("migrate", &[])?;
        Ok(((), "migrated"))
    })?;
    progress.step("loading demo data and accounts", || {
        Ok((project.load(&state)?, "loaded"))
    })?;
    progress.step("starting the other parts", || {
        Ok((project.start_parts()?, "healthy"))
    })?;
    project.ports.announce(&state)?;
    Ok(project)
}

/// Stops everything, and removes it.
///
/// # Errors
/// When it was started with another engine, as another user or with other files, or something of it is still there.
pub fn down(engine: &Engine<'_>, options: &Options) -> Result<()> {
    let state = State::of(&engine.context.settings, options)?;
    let project = Project::new(engine, options, &state, &Ports::default(), Tags::none())?;
    let Some(record) = state.record()? else {
        project.ensure_absent(&state)?;
        print("there is no such stack");
        return Ok(());
    };
    record.ensure_run_by(engine.kind, geteuid().as_raw())?;
    project.down()?;
    state.remove()?;
    print("removed the containers, networks and volumes of the stack, and its files");
    Ok(())
}
