//! The images of the stack. What is missing is built.

use anyhow::Result;
use harness::output::Progress;
use image::engine::{Engine, Kind};
use image::{base, figures::Figures, source};

use crate::programs;

/// The stages of `Dockerfile` that become images.
pub const PARTS: [&str; 7] = [
    "nginx",
    "postgresql",
    "mailpit",
    "collector",
    "zipkin",
    "victoria-logs",
    "prometheus",
];

/// The image of a part.
pub fn name(part: &str, tag: &str) -> String {
    format!("localhost/portcullis-{part}:{tag}")
}

/// Builds the images that are not on this machine, or are of other files. Returns the tag of those of the parts, which is the digest of what they are built from.
///
/// # Errors
/// When one does not build.
pub fn ensure(engine: &Engine<'_>, progress: &mut Progress) -> Result<String> {
    progress.step("the service's image", || Ok(((), service(engine)?)))?;
    let tag = programs::digest(engine.context)?;
    let mut context = None;
    for part in PARTS {
        let name = name(part, &tag);
        progress.step(&format!("the image of {part}"), || {
            if engine.has_image(&name)? {
                return Ok(((), "is there"));
            }
            if context.is_none() {
                context = Some((programs::stage(engine.context)?, base::any(engine)?));
            }
            if let Some((folder, base)) = &context {
                build(engine, part, &name, folder, base.as_deref())?;
            }
            Ok(((), "built"))
        })?;
    }
    Ok(tag)
}

fn service(engine: &Engine<'_>) -> Result<&'static str> {
    if is_of_this_tree(engine)? {
        return Ok("is there");
    }
    image::run(engine.context, &image::Options::on(base::any(engine)?))?;
    Ok("built")
}

/// Whether the service's image on this machine was built from the files that a build would read now.
fn is_of_this_tree(engine: &Engine<'_>) -> Result<bool> {
    let Some(figures) = Figures::read(engine.context) else {
        return Ok(false);
    };
    Ok(engine.is_image(&figures.digest)? && source::digest(engine.context)? == figures.source)
}

fn build(
    engine: &Engine<'_>,
    part: &str,
    name: &str,
    folder: &std::path::Path,
    base: Option<&str>,
) -> Result<()> {
    let mut command = engine
        .command(["build", "--quiet", "--target", part, "--tag", name])
        .current_dir(folder);
    if engine.kind != Kind::Docker {
        // OCI's format has no HEALTHCHECK.
        command = command.args(["--format", "docker"]);
        if engine.is_bare {
            command = command.args(["--isolation", "chroot"]);
        }
    }
    if let Some(base) = base {
        command = command.args(["--build-arg".to_owned(), format!("RUST_IMAGE={base}")]);
    }
    if let Some(bundle) = engine
        .context
        .settings
        .ca_bundle
        .as_ref()
        .filter(|file| file.is_file())
    {
        command = command.args([
            "--secret".to_owned(),
            format!("id=ca-bundle,src={}", bundle.display()),
        ]);
    }
    command.args(["."]).output()?;
    Ok(())
}
