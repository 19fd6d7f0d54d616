//! Gate `trivy-image`: the image holds no secret, no bad setting, and no package with a known vulnerability.

use std::fs;
use std::path::PathBuf;

use harness::checksum;
use harness::process::command::Command;

use crate::canaries::secrets;
use crate::definition::{Gate, Planted, minutes};
use crate::gates::trivy;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "trivy-image",
    title: "The image holds no secret and no known vulnerability",
    tools: &["trivy"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(15),
    required_from: GateProfile::Release,
    inputs: |_, _| false,
    // The image is no file of the tree.
    data: |_| None,
    scan,
    planted: Some(Planted {
        folder: "trivy-image",
        prepare,
        expects: |_| vec!["DS-0002", "private-key"],
    }),
};

/// Archives of images, as `docker save` writes them, are here below the build's folder.
const FOLDER: &str = "image";

/// An image of one layer, with a private key in it, that runs as root.
fn prepare(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    secrets::plant(ctx)?;
    let tar = |args: &[&str]| {
        let command = Command::new(ctx.context(), "tar")
            .current_dir(&ctx.subject)
            .args(args);
        let output = ctx.run(&command, "tar")?;
        match output.code {
            0 => Ok(()),
            _ => Err(output.failed("tar")),
        }
    };
    tar(&["-cf", "layer.tar", "key.pem"])?;
    let layer = fs::read(ctx.subject.join("layer.tar"))?;
    let layer = checksum::of(&layer);
    let config = serde_json::json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["/key.pem"]},
        "history": [{"created_by": "COPY key.pem / # buildkit"}],
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer}")]},
    });
    let manifest =
        serde_json::json!([{"Config": "config.json", "RepoTags": ["planted:1"], "Layers": ["layer.tar"]}]);
    fs::write(ctx.subject.join("config.json"), config.to_string())?;
    fs::write(ctx.subject.join("manifest.json"), manifest.to_string())?;
    tar(&["-cf", "planted.tar", "manifest.json", "config.json", "layer.tar"])
}

/// Secrets and settings of the image need no database, so they are looked at even where there is none. A release insists
/// on both.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let images = images(ctx);
    if images.is_empty() {
        return Err(ScanError::DataUnavailable(format!(
            "no image in target/{FOLDER}/*.tar"
        )));
    }
    let mut seen = ScanResult::default();
    let (mut looked, mut packages) = (0, 0);
    for image in &images {
        let name = image
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let scan = |what: &[&str], database: Vec<String>, file: &str| {
            let command = trivy::command(ctx, &["image"])?.args(what).args(database);
            let output = format!("--output={file}.json");
            let command = command.args([output.into(), "--input".into(), image.clone().into_os_string()]);
            ctx.run(&command, file)
        };
        let file = format!("{name}-content");
        let what = [
            "--scanners=secret",
            "--image-config-scanners=misconfig,secret",
            "--skip-check-update",
        ];
        let output = scan(&what, vec!["--cache-dir=cache".to_owned()], &file)?;
        let report = trivy::report(ctx, &output, &format!("{file}.json"))?;
        seen.findings
            .extend(report.findings(|target| target.trim_start_matches('/').to_owned()));
        looked += u64::from(report.checked("dockerfile") > 0);
        let file = format!("{name}-packages");
        let output = scan(
            &["--scanners=vuln", "--list-all-pkgs"],
            trivy::database(ctx)?,
            &file,
        )?;
        match trivy::has_database(&output) {
            Err(ScanError::DataUnavailable(why)) if ctx.shared.options.profile < GateProfile::Release => {
                seen.limits.push(format!("vulnerabilities of {name}: {why}"));
                continue;
            }
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        let report = trivy::report(ctx, &output, &format!("{file}.json"))?;
        packages += report.packages();
        seen.findings.extend(report.findings(str::to_owned));
        seen.databases = trivy::databases(ctx)?;
    }
    // An image of one static binary has the packages that the binary tells of; a planted one has none.
    let least = u64::from(!seen.databases.is_empty() && !ctx.planted);
    let seen = seen.with_work(looked, "images", images.len() as u64);
    Ok(seen.with_work(packages, "packages", least))
}

fn images(ctx: &ScanContext<'_>) -> Vec<PathBuf> {
    let folder = match ctx.planted {
        true => return vec![ctx.subject.join("planted.tar")],
        false => ctx.context().settings.target.join(FOLDER),
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let mut images: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "tar"))
        .collect();
    images.sort();
    images
}
