//! Gate `trivy-image`: secrets, misconfigurations and vulnerable packages in the image.

use std::fs;
use std::path::PathBuf;

use harness::checksum;

use crate::canaries::secrets;
use crate::definition::{Gate, minutes};
use crate::gates::trivy;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "trivy-image",
    title: "The image has no secret, no misconfiguration and no known vulnerability",
    tools: &["trivy"],
    timeout: minutes(15),
    required_from: GateProfile::Release,
    inputs: |_, _| false,
    // The image is no file of the tree.
    data: |_| None,
    scan,
    prepare,
    expects: &["DS-0002", "private-key"],
    ..Gate::DEFAULT
};

/// The folder of image archives, as `docker save` writes them, below the build folder.
const FOLDER: &str = "image";

/// Creates an image that runs as root and whose one layer holds a private key.
fn prepare(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    secrets::plant(ctx)?;
    let tar = |args: &[&str]| ctx.run_ok(&ctx.program("tar").args(args), "tar");
    tar(&["-cf", "layer.tar", "key.pem"])?;
    let layer = checksum::of(fs::read(ctx.subject.join("layer.tar"))?);
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
    tar(&["-cf", "planted.tar", "manifest.json", "config.json", "layer.tar"])?;
    Ok(())
}

/// Secrets and misconfigurations need no database, so they are scanned even if there is none. A release requires both scans.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let images = images(ctx);
    if images.is_empty() {
        let what = format!("no image in target/{FOLDER}/*.tar");
        return Err(ScanError::DataUnavailable(what));
    }
    let mut result = ScanResult::default();
    let (mut scanned, mut packages) = (0, 0);
    for image in &images {
        let name = image.file_stem().unwrap_or_default().display().to_string();
        let scan = |args: &[&str], cache: Vec<String>, name: &str| {
            let command = trivy::command(ctx, &["image"])?.args(args).args(cache);
            trivy::run(ctx, command.args(["--input"]), image, name)
        };
        let content = format!("{name}-content");
        let args = [
            "--scanners=secret",
            "--image-config-scanners=misconfig,secret",
            "--skip-check-update",
        ];
        let output = scan(&args, vec![trivy::NO_CACHE.to_owned()], &content)?;
        let report = trivy::report(ctx, &output, &content)?;
        let findings = report.findings(|target| target.trim_start_matches('/').to_owned());
        result.findings.extend(findings);
        scanned += u64::from(report.checked("dockerfile") > 0);

        let vulnerabilities = format!("{name}-packages");
        let args = ["--scanners=vuln", "--list-all-pkgs"];
        let output = scan(&args, trivy::database(ctx)?, &vulnerabilities)?;
        match trivy::ensure_database(&output) {
            Err(ScanError::DataUnavailable(why)) if ctx.run_state.options.profile < GateProfile::Release => {
                result.limits.push(format!("vulnerabilities of {name}: {why}"));
                continue;
            }
            result => result?,
        }
        let report = trivy::report(ctx, &output, &vulnerabilities)?;
        packages += report.packages();
        result.findings.extend(report.findings(str::to_owned));
        result.databases = trivy::databases(ctx)?;
    }
    // The packages of an image with one static binary are those that the binary lists. The canary has none.
    let min = u64::from(!result.databases.is_empty() && !ctx.planted);
    Ok(result
        .with_work(scanned, "images", images.len() as u64)
        .with_work(packages, "packages", min))
}

fn images(ctx: &ScanContext<'_>) -> Vec<PathBuf> {
    if ctx.planted {
        return vec![ctx.subject.join("planted.tar")];
    }
    let entries = fs::read_dir(ctx.context().settings.target.join(FOLDER));
    let files = entries.into_iter().flatten().flatten().map(|entry| entry.path());
    let is_image = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "tar");
    let mut images: Vec<PathBuf> = files.filter(is_image).collect();
    images.sort();
    images
}
