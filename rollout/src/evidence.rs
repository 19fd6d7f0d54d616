//! What proves an image: the gate's report, the figures of the build, and the registry's manifest, which must all be of one image.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use harness::checksum;
use serde::Deserialize;
use serde::de::DeserializeOwned;

const REPORT: &str = "report.json";
const REPORT_LIST: &str = "MANIFEST.sha256";
const FIGURES: &str = "image.json";
const MANIFEST: &str = "manifest.json";

/// Where the evidence comes from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The gate's report folder.
    pub report: PathBuf,
    /// `image.json` of `cargo xtask image`.
    pub figures: PathBuf,
    /// The image's manifest as the registry has it.
    pub manifest: PathBuf,
}

/// The parts of the gate's report that decide.
#[derive(Debug, Deserialize)]
struct Report {
    schema: String,
    verdict: String,
    commit: String,
    changed: Vec<String>,
    profile: String,
    left_out: Vec<String>,
    gates: Vec<Gate>,
}

#[derive(Debug, Deserialize)]
struct Gate {
    id: String,
    verdict: String,
    fatal: bool,
}

#[derive(Debug, Deserialize)]
struct Figures {
    digest: String,
    commit: String,
}

/// The manifest of an image of one platform, of docker or OCI.
#[derive(Debug, Deserialize)]
struct Manifest {
    config: Option<Descriptor>,
}

#[derive(Debug, Deserialize)]
struct Descriptor {
    digest: String,
}

/// Copies the evidence into the deploy's folder, where [`verify`] reads it.
///
/// # Errors
/// When a file is missing.
pub fn collect(sources: &Sources, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (from, name, how) in [
        (
            sources.report.join(REPORT),
            REPORT,
            "`cargo xtask ci --profile pipeline`",
        ),
        (
            sources.report.join(REPORT_LIST),
            REPORT_LIST,
            "`cargo xtask ci --profile pipeline`",
        ),
        (sources.figures.clone(), FIGURES, "`cargo xtask image`"),
        (sources.manifest.clone(), MANIFEST, "the registry"),
    ] {
        fs::copy(&from, folder.join(name))
            .with_context(|| format!("no {}, which comes from {how}", from.display()))?;
    }
    Ok(())
}

/// The commit that the image and the report are of.
///
/// # Errors
/// When the image has no digest, or a piece of evidence is of another image or commit, incomplete or not a pass.
pub fn verify(image: &str, folder: &Path) -> Result<String> {
    let digest = digest_of(image)?;
    let manifest = checksum::of_file(&folder.join(MANIFEST))?;
    ensure!(
        digest == manifest,
        "the manifest's digest is sha256:{manifest}, not that of {image}"
    );
    let manifest: Manifest = read(&folder.join(MANIFEST))?;
    let config = manifest
        .config
        .context("the manifest is an index: name the image of one platform")?
        .digest;
    let figures: Figures = read(&folder.join(FIGURES))?;
    ensure!(
        figures.digest == config,
        "the image that was built and checked is {}, not {config}",
        figures.digest
    );
    let listed = fs::read_to_string(folder.join(REPORT_LIST))?;
    let report = checksum::of_file(&folder.join(REPORT))?;
    ensure!(
        listed.lines().any(|line| line == format!("{report}  {REPORT}")),
        "the report was changed: {REPORT_LIST} lists another checksum"
    );
    let report: Report = read(&folder.join(REPORT))?;
    let failed = report
        .gates
        .iter()
        .find(|gate| gate.fatal || gate.verdict == "fail" || gate.verdict == "untrusted");
    let scan = report.gates.iter().find(|gate| gate.id == "trivy-image");
    for (holds, problem) in [
        (
            report.schema == "1",
            format!("the report has schema {}", report.schema),
        ),
        (report.verdict == "pass", "the gate did not pass".to_owned()),
        (
            failed.is_none(),
            format!(
                "the gate {} did not pass",
                failed.map_or("", |gate| gate.id.as_str())
            ),
        ),
        (
            matches!(report.profile.as_str(), "pipeline" | "release"),
            format!("the report is of the profile {}", report.profile),
        ),
        (
            report.changed.is_empty(),
            "the report is of a changed tree".to_owned(),
        ),
        (
            report.left_out.is_empty(),
            format!("the report leaves out {}", report.left_out.join(", ")),
        ),
        (
            scan.is_some_and(|gate| gate.verdict == "pass" || gate.verdict == "waived"),
            "the image was not scanned: the gate trivy-image did not run".to_owned(),
        ),
        (
            !report.commit.is_empty() && report.commit == figures.commit,
            format!(
                "the report is of commit {}, the image of {}",
                report.commit, figures.commit
            ),
        ),
    ] {
        ensure!(holds, problem);
    }
    Ok(report.commit)
}

/// The digest of a reference such as `registry.example/portcullis@sha256:…`, hexadecimal.
fn digest_of(image: &str) -> Result<&str> {
    let (name, digest) = image
        .split_once("@sha256:")
        .with_context(|| format!("{image} has no digest: a tag can be moved to another image"))?;
    let is_digest = digest.len() == 64
        && digest
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    ensure!(is_digest, "{image} has no complete SHA-256");
    let (registry, path) = name.split_once('/').unwrap_or((name, ""));
    let is_plain = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
    };
    let is_registry = registry.split_once(':').map_or_else(
        || is_plain(registry),
        |(host, port)| is_plain(host) && port.parse::<u16>().is_ok(),
    );
    ensure!(
        is_registry && path.split('/').all(is_plain),
        "{image} is not REGISTRY/NAME@sha256:DIGEST"
    );
    Ok(digest)
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} has another form", file.display()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const COMMIT: &str = "1c8d85dbeb1a2f5b5e7d4e3f2a1b0c9d8e7f6a5b";
    const CONFIG: &str = "sha256:aaaa";

    /// Writes valid evidence, with one file changed; returns the image.
    fn evidence(folder: &Path, file: &str, change: impl Fn(&mut Value)) -> String {
        let write = |name: &str, mut value: Value| {
            if name == file {
                change(&mut value);
            }
            let text = value.to_string();
            fs::write(folder.join(name), &text).unwrap();
            checksum::of(text)
        };
        let manifest = write(MANIFEST, json!({"config": {"digest": CONFIG}}));
        write(FIGURES, json!({"digest": CONFIG, "commit": COMMIT}));
        let gates = json!([{"id": "trivy-image", "verdict": "pass", "fatal": false}]);
        let report = write(
            REPORT,
            json!({"schema": "1", "verdict": "pass", "commit": COMMIT, "changed": [], "profile": "release",
                "left_out": [], "gates": gates}),
        );
        fs::write(folder.join(REPORT_LIST), format!("{report}  {REPORT}\n")).unwrap();
        format!("acr.azurecr.io/portcullis@sha256:{manifest}")
    }

    fn error_of(file: &str, change: impl Fn(&mut Value)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let image = evidence(folder.path(), file, change);
        verify(&image, folder.path()).unwrap_err().to_string()
    }

    /// L10: An image is deployed only with a passed report of its own commit.
    #[test]
    fn evidence_of_one_image_verifies() {
        let folder = tempfile::tempdir().unwrap();
        let image = evidence(folder.path(), "", |_| ());
        assert_eq!(verify(&image, folder.path()).unwrap(), COMMIT);
        let other = image
            .replace("@sha256:", "@sha256:0")
            .split_at(image.len())
            .0
            .to_owned();
        assert!(
            verify(&other, folder.path())
                .unwrap_err()
                .to_string()
                .contains("not that of")
        );
        fs::write(folder.path().join(REPORT), "{}").unwrap();
        let error = verify(&image, folder.path()).unwrap_err().to_string();
        assert!(error.contains("the report was changed"), "{error}");
    }

    /// L10: An image or report that does not verify is refused.
    #[test]
    fn every_piece_of_evidence_must_fit() {
        for (file, pointer, value, expected) in [
            (MANIFEST, "/config", json!(null), "the manifest is an index"),
            (
                MANIFEST,
                "/config/digest",
                json!("sha256:bbbb"),
                "the image that was built and checked",
            ),
            (
                FIGURES,
                "/digest",
                json!("sha256:bbbb"),
                "the image that was built and checked",
            ),
            (FIGURES, "/commit", json!("2"), "the report is of commit"),
            (REPORT, "/commit", json!(""), "the report is of commit"),
            (REPORT, "/schema", json!("2"), "the report has schema 2"),
            (REPORT, "/verdict", json!("fail"), "the gate did not pass"),
            (REPORT, "/profile", json!("local"), "the profile local"),
            (REPORT, "/changed", json!([" M a"]), "changed tree"),
            (REPORT, "/left_out", json!(["zap"]), "leaves out zap"),
            (
                REPORT,
                "/gates/0/fatal",
                json!(true),
                "the gate trivy-image did not pass",
            ),
            (
                REPORT,
                "/gates/0/verdict",
                json!("untrusted"),
                "the gate trivy-image did not pass",
            ),
            (
                REPORT,
                "/gates/0/verdict",
                json!("not-run"),
                "the image was not scanned",
            ),
            (REPORT, "/gates", json!([]), "the image was not scanned"),
        ] {
            let error = error_of(file, |json| *json.pointer_mut(pointer).unwrap() = value.clone());
            assert!(error.contains(expected), "{pointer}: {error}");
        }
    }

    /// L10: An image without a digest is refused.
    #[test]
    fn an_image_is_named_by_its_digest() {
        let digest = "0".repeat(64);
        assert_eq!(
            digest_of(&format!("localhost:5000/a/b@sha256:{digest}")).unwrap(),
            digest
        );
        for image in [
            "acr.azurecr.io/portcullis:1.2.3".to_owned(),
            format!("acr.azurecr.io/portcullis:1.2.3@sha256:{digest}"),
            format!("acr.azurecr.io/portcullis@sha256:{}", &digest[1..]),
            format!("acr.azurecr.io/portcullis@sha256:{}A", &digest[1..]),
            format!("portcullis@sha256:{digest}"),
            format!("-x/portcullis --y@sha256:{digest}"),
        ] {
            assert!(digest_of(&image).is_err(), "{image}");
        }
    }
}
