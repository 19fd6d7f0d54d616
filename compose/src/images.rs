//! The images of the stack. What is missing is built.

use std::ffi::OsString;

use anyhow::Result;
use harness::clock;
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
    /// The tags of images of the present files.
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

/// The parts whose images must be built: those that are not on this machine, or all with `rebuild`, because the tags do not cover Debian's
/// packages.
fn missing(engine: &Engine<'_>, tags: &Tags, rebuild: bool) -> Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    for part in PARTS {
        if rebuild || !engine.has_image(&tags.image(part))? {
            missing.push(part);
        }
    }
    Ok(missing)
}

/// Fails if a build would need a program that is missing: the service's image alone takes ten minutes.
pub fn ensure_can_build(engine: &Engine<'_>, tags: &Tags, rebuild: bool) -> Result<()> {
    if missing(engine, tags, rebuild)?.is_empty() {
        return Ok(());
    }
    programs::ensure_go(engine.context)
}

/// Builds the images that are missing, and with `rebuild` those of the parts in any case.
///
/// # Errors
/// When one does not build.
pub fn ensure(engine: &Engine<'_>, tags: &Tags, rebuild: bool, progress: &mut Progress) -> Result<()> {
    let has_service = engine.has_image(&tags.service())?;
    let missing = missing(engine, tags, rebuild)?;
    let base = if has_service && missing.is_empty() {
        None
    } else {
        base::any(engine)?
    };
    progress.step("the service's image", || {
        if has_service {
            return Ok(((), "is there"));
        }
        image::build(engine, base.as_deref())?;
        Ok(((), "built"))
    })?;
    let mut staged = None;
    let time = clock::now().timestamp();
    for part in PARTS {
        progress.step(&format!("the image of {part}"), || {
            if !missing.contains(&part) {
                return Ok(((), "is there"));
            }
            let folder = match staged.take() {
                Some(folder) => folder,
                None => programs::stage(engine.context)?,
            };
            build(engine, part, &tags.image(part), &folder, base.as_deref(), time)?;
            staged = Some(folder);
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
    time: i64,
) -> Result<()> {
    let mut command = engine
        .command(["build", "--quiet", "--target", part, "--tag", name])
        .args(["--build-arg".to_owned(), format!("BUILT_AT={time}")])
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
