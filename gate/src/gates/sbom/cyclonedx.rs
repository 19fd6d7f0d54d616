//! Checks a CycloneDX bill of materials: well-formed, without dangling references, and complete.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::finding::Finding;

/// The part of a bill that is checked. Reading it enforces the members and types that the standard requires.
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

pub struct Checked {
    /// How many of the expected packages it lists.
    pub found: u64,
    pub findings: Vec<Finding>,
}

/// Checks a bill against the packages `NAME@VERSION` that it must list.
pub fn check(json: &str, packages: &BTreeSet<String>, tool: &str, path: &str) -> Result<Checked, String> {
    let bill: Bill =
        serde_json::from_str(json).map_err(|error| format!("{path} is no CycloneDX ({error})"))?;
    let mut findings = Vec::new();
    let mut report = |rule: &str, what: String| findings.push(Finding::new(tool, rule, what).at(path, None));
    let (format, version, serial) = (&bill.bom_format, &bill.spec_version, &bill.serial_number);
    if format != "CycloneDX" || version != "1.5" || !serial.starts_with("urn:uuid:") {
        report("sbom-header", format!("{format} {version} {serial}"));
    }
    let own = &bill.metadata.component;
    let mut references = BTreeSet::from([own.reference.as_str()]);
    let mut listed = BTreeSet::from([format!("{}@{}", own.name, own.version)]);
    for Component {
        kind,
        reference,
        name,
        version,
        purl,
        hashes,
        licenses,
    } in &bill.components
    {
        let name = format!("{name}@{version}");
        if !references.insert(reference) {
            report("sbom-reference", format!("{reference} is listed twice"));
        }
        let is_known = ["library", "application"].contains(&kind.as_str());
        if !is_known || !purl.starts_with(&format!("pkg:cargo/{name}")) {
            report("sbom-component", format!("{name} is a {kind} {purl}"));
        }
        if licenses.is_empty() {
            report("sbom-no-licence", format!("{name} has no licence"));
        }
        let is_local = reference.starts_with("path+");
        let hash = hashes.iter().find(|hash| hash.alg == "SHA-256");
        if !is_local && hash.is_none_or(|hash| hash.content.len() != 64) {
            report("sbom-no-hash", format!("{name} has no SHA-256"));
        }
        listed.insert(name);
    }
    for dependency in &bill.dependencies {
        let all = [&dependency.reference].into_iter().chain(&dependency.depends_on);
        for reference in all.filter(|reference| !references.contains(reference.as_str())) {
            report(
                "sbom-dangling-reference",
                format!("{reference} is not in the bill"),
            );
        }
    }
    for package in packages.difference(&listed) {
        report("sbom-missing-package", format!("{package} is not in the bill"));
    }
    let found = packages.intersection(&listed).count() as u64;
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
    fn a_complete_bill_is_accepted_and_each_violation_is_found() {
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
