//! Gate `trivy-image`: the image holds no secret, no bad setting, and no package with a known vulnerability.

use std::fs;
use std::path::PathBuf;

use harness::checksum;
use harness::process::command::Call;

use crate::canaries::secrets;
use crate::definition::{Gate, Planted, minutes};
use crate::gates::trivy;
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Seen, Trouble};
use crate::scheduler::Takes;

/// The row.
pub const GATE: Gate = Gate {
    id: "trivy-image",
    title: "The image holds no secret and no known vulnerability",
    tools: &["trivy"],
    after: &[],
    takes: Takes::Little,
    limit: minutes(15),
    needed: Profile::Release,
    inputs: |_| false,
    // The image is no file of the tree.
    data: |_| None,
    look,
    planted: Some(Planted {
        folder: "trivy-image",
        prepare,
        expects: &["DS-0002", "private-key"],
    }),
};

/// Archives of images, as `docker save` writes them, are here below the build's folder.
const FOLDER: &str = "image";

/// An image of one layer, with a private key in it, that runs as root.
fn prepare(job: &Job<'_>) -> Result<(), Trouble> {
    secrets::plant(job)?;
    let tar = |args: &[&str]| {
        let call = Call::new(job.context(), "tar").within(&job.subject).args(args);
        let said = job.run(&call, "tar")?;
        match said.code {
            0 => Ok(()),
            _ => Err(said.broke("tar")),
        }
    };
    tar(&["-cf", "layer.tar", "key.pem"])?;
    let layer = fs::read(job.subject.join("layer.tar"))?;
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
    fs::write(job.subject.join("config.json"), config.to_string())?;
    fs::write(job.subject.join("manifest.json"), manifest.to_string())?;
    tar(&["-cf", "planted.tar", "manifest.json", "config.json", "layer.tar"])
}

/// Secrets and settings of the image need no database, so they are looked at even where there is none. A release insists
/// on both.
fn look(job: &Job<'_>) -> Look {
    let images = images(job);
    if images.is_empty() {
        return Err(Trouble::NoData(format!("no image in target/{FOLDER}/*.tar")));
    }
    let mut seen = Seen::default();
    let (mut looked, mut packages) = (0, 0);
    for image in &images {
        let name = image
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let scan = |what: &[&str], database: Vec<String>, file: &str| {
            let call = trivy::call(job, &["image"])?.args(what).args(database);
            let output = format!("--output={file}.json");
            let call = call.args([output.into(), "--input".into(), image.clone().into_os_string()]);
            job.run(&call, file)
        };
        let file = format!("{name}-content");
        let what = [
            "--scanners=secret",
            "--image-config-scanners=misconfig,secret",
            "--skip-check-update",
        ];
        let said = scan(&what, vec!["--cache-dir=cache".to_owned()], &file)?;
        let report = trivy::report(job, &said, &format!("{file}.json"))?;
        seen.findings
            .extend(report.findings(|target| target.trim_start_matches('/').to_owned()));
        looked += u64::from(report.checked("dockerfile") > 0);
        let file = format!("{name}-packages");
        let said = scan(
            &["--scanners=vuln", "--list-all-pkgs"],
            trivy::database(job)?,
            &file,
        )?;
        match trivy::has_database(&said) {
            Err(Trouble::NoData(why)) if job.shared.asked.profile < Profile::Release => {
                seen.limits.push(format!("vulnerabilities of {name}: {why}"));
                continue;
            }
            Err(trouble) => return Err(trouble),
            Ok(()) => {}
        }
        let report = trivy::report(job, &said, &format!("{file}.json"))?;
        packages += report.packages();
        seen.findings.extend(report.findings(str::to_owned));
        seen.databases = trivy::databases(job)?;
    }
    // An image of one static binary has the packages that the binary tells of; a planted one has none.
    let least = u64::from(!seen.databases.is_empty() && !job.planted);
    let seen = seen.looked_at(looked, "images", images.len() as u64);
    Ok(seen.looked_at(packages, "packages", least))
}

fn images(job: &Job<'_>) -> Vec<PathBuf> {
    let folder = match job.planted {
        true => return vec![job.subject.join("planted.tar")],
        false => job.context().settings.target.join(FOLDER),
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    let mut images: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "tar"))
        .collect();
    images.sort();
    images
}
