//! What a CycloneDX bill of materials must be: well-formed, without loose ends, and whole; makes none.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::finding::{Finding, Severity};

/// A bill, as far as it is looked at. Types and members that the standard demands are demanded by reading it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bill {
    bom_format: String,
    spec_version: String,
    serial_number: String,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Metadata {
    component: Component,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "bom-ref")]
    reference: String,
    name: String,
    version: String,
    purl: String,
    #[serde(default)]
    hashes: Vec<Hash>,
    #[serde(default)]
    licenses: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Hash {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    depends_on: Vec<String>,
}

/// What a bill holds and what is wrong with it.
pub struct Checked {
    /// Packages of the service that it names.
    pub found: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Checks a bill against the packages `NAME@VERSION` that must be in it.
pub fn check(json: &str, packages: &BTreeSet<String>, tool: &str, path: &str) -> Result<Checked, String> {
    let bill: Bill =
        serde_json::from_str(json).map_err(|error| format!("{path} is no CycloneDX ({error})"))?;
    let mut findings = Vec::new();
    let mut wrong = |rule: &str, what: String| {
        findings.push(
            Finding::new(tool, rule, what)
                .rated(Severity::Medium)
                .at(path, None),
        );
    };
    let head = (bill.bom_format.as_str(), bill.spec_version.as_str());
    if head != ("CycloneDX", "1.5") || !bill.serial_number.starts_with("urn:uuid:") {
        wrong(
            "sbom-header",
            format!("{} {} {}", head.0, head.1, bill.serial_number),
        );
    }
    let mut references = BTreeSet::from([bill.metadata.component.reference.as_str()]);
    let mut named = BTreeSet::new();
    for component in &bill.components {
        let name = format!("{}@{}", component.name, component.version);
        if !references.insert(&component.reference) {
            wrong(
                "sbom-reference",
                format!("{} is named twice", component.reference),
            );
        }
        if !["library", "application"].contains(&component.kind.as_str())
            || !component.purl.starts_with(&format!("pkg:cargo/{name}"))
        {
            wrong(
                "sbom-component",
                format!("{name} is a {} {}", component.kind, component.purl),
            );
        }
        if component.licenses.is_empty() {
            wrong("sbom-no-licence", format!("{name} has no licence"));
        }
        let is_ours = component.reference.starts_with("path+");
        let hash = component.hashes.iter().find(|hash| hash.alg == "SHA-256");
        if !is_ours && hash.is_none_or(|hash| hash.content.len() != 64) {
            wrong("sbom-no-hash", format!("{name} has no SHA-256"));
        }
        named.insert(name);
    }
    for dependency in &bill.dependencies {
        let all = [&dependency.reference].into_iter().chain(&dependency.depends_on);
        for reference in all.filter(|reference| !references.contains(reference.as_str())) {
            wrong("sbom-dangling-reference", format!("{reference} is nowhere"));
        }
    }
    let own = &bill.metadata.component;
    named.insert(format!("{}@{}", own.name, own.version));
    for package in packages.difference(&named) {
        wrong("sbom-missing-package", format!("{package} is not in it"));
    }
    let found = packages.intersection(&named).count() as u64;
    Ok(Checked { found, findings })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BILL: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"serialNumber":"urn:uuid:66f97c76-9c35-42d9-afd4-2766a227e83e",
        "metadata":{"component":{"type":"application","bom-ref":"path+file:///#planted@0.0.0","name":"planted","version":"0.0.0","purl":"pkg:cargo/planted@0.0.0?download_url=file://."}},
        "components":[{"type":"library","bom-ref":"r#libc@0.2.191","name":"libc","version":"0.2.191","purl":"pkg:cargo/libc@0.2.191",
            "hashes":[{"alg":"SHA-256","content":"65cd87c9a6d60536580b316ad985726104730a5151c99845f2490428ef91240a"}],"licenses":[{"expression":"MIT OR Apache-2.0"}]}],
        "dependencies":[{"ref":"path+file:///#planted@0.0.0","dependsOn":["r#libc@0.2.191"]},{"ref":"r#libc@0.2.191"}]}"#;

    fn rules(json: &str, packages: &[&str]) -> Vec<String> {
        let packages = packages.iter().map(ToString::to_string).collect();
        let checked = check(json, &packages, "cargo-cyclonedx", "bill").unwrap();
        checked.findings.into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn a_whole_bill_is_good_and_each_fault_is_found() {
        let all = ["planted@0.0.0", "libc@0.2.191"];
        assert!(rules(BILL, &all).is_empty());
        assert_eq!(rules(BILL, &["time@0.1.44"]), ["sbom-missing-package"]);
        for (from, to, rule) in [
            ("\"1.5\"", "\"1.2\"", "sbom-header"),
            (
                "\"licenses\":[{\"expression\":\"MIT OR Apache-2.0\"}]",
                "\"licenses\":[]",
                "sbom-no-licence",
            ),
            ("SHA-256", "MD5", "sbom-no-hash"),
            (
                "[\"r#libc@0.2.191\"]",
                "[\"r#time@0.1.44\"]",
                "sbom-dangling-reference",
            ),
            ("pkg:cargo/libc", "pkg:npm/libc", "sbom-component"),
        ] {
            assert_eq!(rules(&BILL.replace(from, to), &all), [rule]);
        }
        assert!(check("{}", &BTreeSet::new(), "t", "bill").is_err());
    }
}
