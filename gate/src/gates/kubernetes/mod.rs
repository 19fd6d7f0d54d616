//! Gate `kubernetes`: every overlay builds; what it builds matches the API's schemas and follows policies. A namespace that enforces
//! restricted pod security, a second replica and the absence of literal secrets are rules of its own, since no tool has them.

pub mod settings;

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::config::needed;
use crate::definition::Gate;
use crate::file_kinds;
use crate::finding::{Finding, Severity};
use crate::gates::{checkov, trivy};
use crate::scan_context::{DISAGREEMENT, ScanContext, ToolOutput, without_markers};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "kubernetes",
    title: "Kubernetes overlays build, match the API's schemas and run replicated, restricted pods without literal secrets",
    tools: &["kustomize", "kubernetes-validate", "trivy", "checkov"],
    inputs: |_, path| file_kinds::is_yaml(path) || path.ends_with(".env"),
    scan,
    expects: &[
        BUILD,
        SCHEMA,
        KIND,
        REPLICAS,
        SECRET,
        NAMESPACE,
        "KSV-0017",
        "KSV-0023",
        "KSV-0125",
        "CKV_K8S_38",
        "CKV_K8S_43",
    ],
    ..Gate::DEFAULT
};

const BUILD: &str = "build";
const SCHEMA: &str = "schema";
const KIND: &str = "unknown-kind";
const REPLICAS: &str = "single-replica";
const SECRET: &str = "literal-secret";
const NAMESPACE: &str = "unrestricted-namespace";
const INCOMPLETE: &str = "missing-object";

/// What an overlay builds, beside the place of its kustomization.
const MANIFEST: &str = "manifest.yaml";

/// What one overlay builds.
struct Manifest {
    /// The path of the kustomization.
    overlay: String,
    text: String,
}

/// Overlays only: a base lacks what they add. The manifests are stored with the report.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let config = needed(ctx.config().kubernetes.as_ref(), "kubernetes")?;
    let overlays = ctx.require_files("overlays/*/kustomization.yaml", file_kinds::is_overlay)?;
    let folder = ctx.folder.join("manifests");
    let mut result = ScanResult::default();
    let mut manifests = Vec::new();
    for (index, overlay) in overlays.iter().enumerate() {
        match build(ctx, overlay, &folder, index)? {
            Ok(manifest) => manifests.push(manifest),
            Err(finding) => result.findings.push(finding),
        }
    }
    result = result.with_work(manifests.len() as u64, "overlays", 1);
    if manifests.is_empty() {
        return Ok(result);
    }
    result.findings.extend(manifests.iter().flat_map(rules));
    let count = manifests.len();
    for part in [
        schemas(ctx, &config.versions, &folder, &manifests)?,
        misconfigurations(ctx, &config.registries, &folder, count as u64)?,
        checkov::run(ctx, &folder, &[("kubernetes", "manifests", count)])?,
    ] {
        result.findings.extend(part.findings.into_iter().map(in_overlay));
        result.work.extend(part.work);
        result.limits.extend(part.limits);
    }
    Ok(result)
}

/// Writes what an overlay builds, without ignore comments; the finding if it does not build.
fn build(
    ctx: &ScanContext<'_>,
    overlay: &str,
    folder: &Path,
    index: usize,
) -> Result<Result<Manifest, Finding>, ScanError> {
    let source = file_kinds::folder(overlay);
    let folder = folder.join(source);
    fs::create_dir_all(&folder)?;
    let file = folder.join(MANIFEST);
    let kustomize = ctx.tool("kustomize")?.args(["build", source, "--output"]);
    let output = ctx.run(&kustomize.args([&file]), &format!("kustomize-{index}"))?;
    if output.code != 0 {
        let cause = output.stderr.trim_end().lines().next_back().unwrap_or_default();
        let finding = Finding::new("kustomize", BUILD, cause).rated(Severity::High);
        return Ok(Err(finding.at(overlay, None)));
    }
    let markers = [&checkov::MARKERS[..], &trivy::MARKERS[..]].concat();
    let text = without_markers(fs::read_to_string(&file)?, &markers);
    fs::write(&file, &text)?;
    let overlay = overlay.to_owned();
    Ok(Ok(Manifest { overlay, text }))
}

/// kustomize writes each object as a document with one `kind` at the left and members indented by two spaces.
fn rules(manifest: &Manifest) -> Vec<Finding> {
    let kinds: Vec<&str> = documents(&manifest.text).map(kind).collect();
    let documents = documents(&manifest.text);
    let found = documents.filter_map(|document| {
        let has = |line: &str| document.lines().any(|own| own == line);
        let replicas = || {
            document
                .lines()
                .find_map(|line| line.strip_prefix("  replicas: "))
        };
        let replicas = || {
            replicas()
                .and_then(|count| count.parse::<u32>().ok())
                .unwrap_or(1)
        };
        match kind(document) {
            "Secret" => Some((
                SECRET,
                "a secret in the tree: name one that is created outside of it",
            )),
            "Deployment" | "StatefulSet" if replicas() < 2 => Some((REPLICAS, "fewer than two replicas")),
            "Namespace" if !has("    pod-security.kubernetes.io/enforce: restricted") => Some((
                NAMESPACE,
                "the namespace does not enforce restricted pod security",
            )),
            _ => None,
        }
    });
    let missing = [
        ("Deployment", "no Deployment: nothing replicated is deployed"),
        (
            "Namespace",
            "no Namespace: nothing enforces restricted pod security",
        ),
    ];
    let missing = missing.into_iter().filter(|(wanted, _)| !kinds.contains(wanted));
    let found = found.chain(missing.map(|(_, message)| (INCOMPLETE, message)));
    let findings = found.map(|(rule, message)| Finding::new("kubernetes", rule, message));
    let findings = findings.map(|finding| finding.rated(Severity::High).at(&manifest.overlay, None));
    findings.collect()
}

fn documents(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n---\n")
}

fn kind(document: &str) -> &str {
    let kind = document.lines().find_map(|line| line.strip_prefix("kind: "));
    kind.unwrap_or_default()
}

/// For the oldest and the newest supported version.
fn schemas(ctx: &ScanContext<'_>, versions: &[String], folder: &Path, manifests: &[Manifest]) -> ScanOutcome {
    let files = manifests.iter().map(|manifest| manifest_of(&manifest.overlay));
    let command = ctx
        .tool("kubernetes-validate")?
        .current_dir(folder)
        .args(["--strict"])
        .args(versions.iter().flat_map(|version| ["-k", version]))
        .args(files);
    let objects: usize = manifests
        .iter()
        .map(|manifest| documents(&manifest.text).count())
        .sum();
    let checks = objects * versions.len();
    read_schemas(&ctx.run(&command, "kubernetes-validate")?, checks as u64)
}

/// A line `LEVEL FILE TEXT` for each object and version. Exit codes: 0, also without a schema for an object; 1 for objects that do
/// not match; 2 and 3 for its own failures.
fn read_schemas(output: &ToolOutput, objects: u64) -> ScanOutcome {
    output.ensure(matches!(output.code, 0 | 1), "no scan")?;
    let mut count = 0;
    let mut invalid = 0;
    let mut findings = Vec::new();
    for line in output.stdout.lines() {
        let mut parts = line.splitn(3, ' ');
        let (Some(level), Some(file), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let rule = match level {
            "INFO" => None,
            "ERROR" => Some(SCHEMA),
            "WARN" => Some(KIND),
            _ => continue,
        };
        count += 1;
        invalid += u64::from(level == "ERROR");
        findings.extend(rule.map(|rule| {
            let finding = Finding::new("kubernetes-validate", rule, text).rated(Severity::High);
            finding.at(file, None)
        }));
    }
    output.ensure((output.code == 1) == (invalid > 0), DISAGREEMENT)?;
    Ok(ScanResult::of(findings).with_work(count, "objects and versions", objects))
}

/// trivy's checks, with our registries instead of those of three cloud providers.
fn misconfigurations(
    ctx: &ScanContext<'_>,
    registries: &[String],
    folder: &Path,
    manifests: u64,
) -> ScanOutcome {
    let data = ctx.folder.join("trivy-data");
    fs::create_dir_all(&data)?;
    let trusted = json!({ "ksv0125": { "trusted_registries": registries } });
    fs::write(data.join("data.json"), trusted.to_string())?;
    let report = trivy::config::report(ctx, folder, &[format!("--config-data={}", data.display())])?;
    let checked = report.checked("kubernetes");
    Ok(ScanResult::of(report.findings(str::to_owned)).with_work(checked, "manifests", manifests))
}

fn manifest_of(overlay: &str) -> String {
    format!("{}/{MANIFEST}", file_kinds::folder(overlay))
}

/// The place of a finding is the overlay; its line in the manifest is part of the message.
fn in_overlay(mut finding: Finding) -> Finding {
    if let Some(location) = &mut finding.location {
        let folder = file_kinds::folder(&location.path);
        location.path = format!("{folder}/kustomization.yaml");
        if let Some(line) = location.line.take() {
            finding.message = format!("{} ({MANIFEST}:{line})", finding.message);
        }
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan_result::assert_tool_failed;

    const DEPLOYMENT: &str =
        "apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 2\n  template:\n    kind: Secret\n";
    const NAMESPACE_OBJECT: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  labels:\n    pod-security.kubernetes.io/enforce: restricted\n";

    fn rules_of(text: &str) -> Vec<String> {
        let manifest = Manifest {
            overlay: "overlays/a/kustomization.yaml".to_owned(),
            text: text.to_owned(),
        };
        rules(&manifest).into_iter().map(|finding| finding.rule).collect()
    }

    /// L9: Each of our own rules holds for what follows it and finds what does not.
    #[test]
    fn one_replica_a_secret_and_a_missing_or_unrestricted_namespace_are_found() {
        let good = format!("{DEPLOYMENT}---\n{NAMESPACE_OBJECT}");
        assert_eq!(rules_of(&good), [""; 0]);
        assert_eq!(rules_of(&good.replace("replicas: 2", "replicas: 1")), [REPLICAS]);
        // The API's default is 1.
        assert_eq!(rules_of(&good.replace("  replicas: 2\n", "")), [REPLICAS]);
        assert_eq!(rules_of(&good.replace(": restricted", ": baseline")), [NAMESPACE]);
        let secret = format!("{good}---\napiVersion: v1\nkind: Secret\n");
        assert_eq!(rules_of(&secret), [SECRET]);
        assert_eq!(rules_of(DEPLOYMENT), [INCOMPLETE]);
        assert_eq!(rules_of(NAMESPACE_OBJECT), [INCOMPLETE]);
    }

    /// L9: An object that does not match its schema is found, and so is one without a schema, although the tool then succeeds.
    #[test]
    fn objects_without_a_schema_are_findings() {
        let file = "overlays/a/manifest.yaml";
        let valid = format!("INFO {file} passed for resource configmap/a against version 1.37\n");
        let unknown = format!("WARN {file} Couldn't find schema for kind Sevice\n");
        let result = read_schemas(&ToolOutput::of(0, &format!("{valid}{unknown}"), ""), 3).unwrap();
        let found = result.findings.into_iter().map(in_overlay).next().unwrap();
        assert_eq!(
            (found.rule.as_str(), found.path()),
            (KIND, Some("overlays/a/kustomization.yaml"))
        );
        assert_eq!((result.work[0].count, result.work[0].min), (2, 3));
        let invalid =
            format!("ERROR {file} did not validate for resource configmap/a against version 1.37: spec: x\n");
        let result = read_schemas(&ToolOutput::of(1, &invalid, ""), 1).unwrap();
        assert_eq!(result.findings[0].rule, SCHEMA);
        for output in [
            ToolOutput::of(0, &invalid, ""),
            ToolOutput::of(1, &valid, ""),
            ToolOutput::of(2, "FATAL", ""),
        ] {
            assert_tool_failed(&read_schemas(&output, 1));
        }
    }
}
