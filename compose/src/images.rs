//! The images of the stack. What is missing is built.

use std::ffi::OsString;

use anyhow::Result;
use harness::context::Context;
use harness::output::Progress;
use image::engine::{self, Engine, Kind};
use image::{base, source};

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

/// The tags of the stack's images: each is a digest of what the image is built from, so that a change is another image.
pub struct Tags {
    /// The service's image.
    service: String,
    /// The images of the parts beside it.
    parts: String,
}

impl Tags {
    /// Of the files as they are now.
    pub fn of(context: &Context) -> Result<Tags> {
        Ok(Tags {
            service: engine::tag_of(&source::digest(context)?).to_owned(),
            parts: programs::digest(context)?,
        })
    }

    /// For commands that start nothing.
    pub fn none() -> Tags {
        let none = || "none".to_owned();
        Tags {
            service: none(),
            parts: none(),
        }
    }

    /// The variables of `compose.yaml`.
    pub fn variables(&self) -> [(&'static str, OsString); 2] {
        [
            ("PORTCULLIS_SOURCE", self.service.clone().into()),
            ("PORTCULLIS_PARTS", self.parts.clone().into()),
        ]
    }

    /// The service's image.
    pub fn service(&self) -> String {
        engine::name_of(&self.service)
    }

    /// The image of a service of `compose.yaml`.
    pub fn image(&self, service: &str) -> String {
        if PARTS.contains(&service) {
            format!("localhost/portcullis-{service}:{}", self.parts)
        } else {
            self.service()
        }
    }
}

/// Fails if a build would need a program that is missing: the service's image alone takes ten minutes.
pub fn ensure_can_build(engine: &Engine<'_>, tags: &Tags) -> Result<()> {
    for part in PARTS {
        if !engine.has_image(&tags.image(part))? {
            return programs::ensure_go(engine.context);
        }
    }
    Ok(())
}

/// Builds the images that are not on this machine.
///
/// # Errors
/// When one does not build.
pub fn ensure(engine: &Engine<'_>, tags: &Tags, progress: &mut Progress) -> Result<()> {
    progress.step("the service's image", || {
        if engine.has_image(&tags.service())? {
            return Ok(((), "is there"));
        }
        image::build(engine, base::any(engine)?.as_deref())?;
        Ok(((), "built"))
    })?;
    let mut context = None;
    for part in PARTS {
        let name = tags.image(part);
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
    Ok(())
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
