//! `cargo xtask image`: builds the container image, checks its content, starts it, and writes `target/image/image.json`.

pub mod archive;
pub mod base;
mod build;
mod cargo_settings;
mod container;
pub mod content;
pub mod engine;
mod engine_files;
pub mod figures;
mod normalize;
pub mod source;
pub mod start;

use anyhow::{Result, bail};
use harness::context::Context;
use harness::exit::Exit;
use harness::output::{Progress, print};

use crate::archive::Archive;
use crate::build::Build;
use crate::engine::Engine;
use crate::figures::Figures;
use crate::source::Source;

/// Options of `cargo xtask image`.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Make a local base for the build with debootstrap and this machine's Rust, where no registry can be reached
    #[arg(long, conflicts_with = "rust_image")]
    bases: bool,
    /// The base of the build, for example from a mirror [default: the one that the Dockerfile pins]
    #[arg(long, value_name = "IMAGE")]
    rust_image: Option<String>,
    /// Build a second time, from a clone in another folder, and compare the digests
    #[arg(long)]
    reproducible: bool,
}

/// Printed and recorded unless the image is started after it.
const NOT_STARTED: &str = "not run: starting the image: `cargo xtask image` starts it";

/// Builds, checks and starts the image; fails unless all checks pass. What this machine cannot do is listed as not run.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let engine = Engine::find(context)?;
    let source = Source::of(context)?;
    if options.reproducible {
        source.ensure_committed()?;
    }
    let steps = 3 + usize::from(options.bases) + 2 * usize::from(options.reproducible);
    let mut progress = Progress::of(steps);
    let base = if options.bases {
        Some(progress.step("making the base of the build", || base::make(&engine))?)
    } else {
        options.rust_image.clone()
    };
    let build = Build {
        engine: &engine,
        base: base.as_deref(),
        source: &source,
    };
    let (built, mut figures) = build_checked(&build, &mut progress)?;
    if options.reproducible {
        figures.reproducible = Some(build_again(context, &build, &built, &mut progress)?);
    }
    figures.not_run.clear();
    if engine.can_run() {
        let name = engine::name_of(&source.digest);
        figures.start = Some(progress.step("starting the image", || start::check(&engine, &name, &built))?);
    } else {
        let what = "not run: starting the image: buildah only builds; install podman or docker, for example \
                    `apt-get install podman runc`";
        print(what);
        figures.not_run.push(what.to_owned());
    }
    figures.write(context)?;
    let file = figures::archive_file(context);
    print(&format!(
        "{} passed all checks: {}",
        engine::IMAGE,
        file.display()
    ));
    Ok(())
}

/// Builds the image and checks its content, and does not start it: a start needs a PostgreSQL of this machine.
///
/// # Errors
/// When it does not build, or its content is not as expected.
pub fn build(engine: &Engine<'_>, base: Option<&str>) -> Result<()> {
    let source = &Source::of(engine.context)?;
    let build = Build { engine, base, source };
    build_checked(&build, &mut Progress::of(2))?;
    Ok(())
}

/// The image, which then has the name of its source, and its figures, which are written before anything else can fail.
fn build_checked(build: &Build<'_>, progress: &mut Progress) -> Result<(Archive, Figures)> {
    let context = build.engine.context;
    build.pull_base()?;
    let file = figures::archive_file(context);
    let built = build.image(progress, &context.settings.root, &file)?;
    let mut figures = Figures::of(build.engine, build.base, build.source, &built);
    print(&figures.summary(&file));
    let problems = content::problems(&built);
    for problem in &problems {
        print(&format!("problem: {problem}"));
    }
    if !problems.is_empty() {
        return Err(Exit::AlreadyReported.into());
    }
    build
        .engine
        .tag(engine::IMAGE, &engine::name_of(&build.source.digest))?;
    figures.not_run.push(NOT_STARTED.to_owned());
    figures.write(context)?;
    Ok((built, figures))
}

/// Whether a build of the same commit in another folder, without a cache, has the same digests.
fn build_again(
    context: &Context,
    build: &Build<'_>,
    first: &Archive,
    progress: &mut Progress,
) -> Result<bool> {
    let folder = tempfile::Builder::new().prefix("portcullis-image-").tempdir()?;
    let clone = folder.path().join("clone");
    build.source.clone_into(context, &clone)?;
    let second = build.image(progress, &clone, &folder.path().join("second.tar"))?;
    if second.digest == first.digest && second.layers == first.layers {
        print(&format!("two builds in different folders: both {}", first.digest));
        return Ok(true);
    }
    let files = first.differences(&second).join(", ");
    bail!(
        "two builds differ: {} and {}; files that differ: {files}",
        first.digest,
        second.digest
    )
}
