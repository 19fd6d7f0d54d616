//! Gate `sbom`: a CycloneDX bill of materials of the service that names every package it is built from.

mod cyclonedx;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;

use crate::config;
use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::gates::registry;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

const TOOL: &str = "cargo-cyclonedx";

/// The row.
pub const GATE: Gate = Gate {
    id: "sbom",
    title: "A CycloneDX bill of materials names every package of the service",
    tools: &[TOOL],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(5),
    required_from: GateProfile::Pipeline,
    inputs: |_, path| path.ends_with("Cargo.toml") || path == "Cargo.lock" || path.ends_with(".cdx.json"),
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "sbom",
        prepare: as_it_is,
        expects: |_| {
            vec![
                "sbom-missing-package",
                "sbom-dangling-reference",
                "sbom-no-licence",
            ]
        },
    }),
};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dep>,
}

#[derive(Deserialize)]
struct Dep {
    pkg: String,
    dep_kinds: Vec<DepKind>,
}

#[derive(Deserialize)]
struct DepKind {
    kind: Option<String>,
}

/// Bills that stand in the tree are checked like the one that the tool writes: they claim to be of the service.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let command = ctx.tool(TOOL)?;
    let program = config::needed(ctx.config().program.as_ref(), "program")?;
    let (package, folder) = if ctx.planted {
        ("planted", ctx.subject.clone())
    } else {
        (program.package.as_str(), ctx.subject.join(&program.folder))
    };
    let name = format!("{}.cdx", program.package);
    registry::fetch(ctx)?;
    let host = host(ctx)?;
    let packages = packages(ctx, package, &host)?;
    let manifest = folder.join("Cargo.toml");
    let command = command
        .args(["cyclonedx", "--format=json", "--spec-version=1.5", "--all"])
        .args(["--target", &host, "--override-filename", &name])
        .args(["--manifest-path".into(), manifest])
        .envs([("CARGO_NET_OFFLINE", "true")]);
    let output = ctx.run(&command, TOOL)?;
    let file = format!("{name}.json");
    let json = fs::read_to_string(folder.join(&file)).map_err(|_| output.failed("it wrote no bill"))?;
    // Where the copied tree was says nothing to anybody.
    let json = json.replace(&format!("{}/", ctx.subject.display()), "/");
    let written = ctx.write_file(&file, &json)?;
    let own = cyclonedx::check(&json, &packages, TOOL, &file).map_err(|why| output.failed(&why))?;
    let mut findings = own.findings;
    for path in ctx.files_where(|path| path.ends_with(".cdx.json")) {
        let json = fs::read_to_string(ctx.subject.join(path))?;
        let other = cyclonedx::check(&json, &packages, TOOL, path).map_err(ScanError::ToolFailed)?;
        findings.extend(other.findings);
    }
    let seen = ScanResult {
        findings,
        files: vec![written],
        ..ScanResult::default()
    };
    Ok(seen.with_work(own.found, "packages", packages.len().max(2) as u64))
}

/// Everything that the package is built from on this platform, as `NAME@VERSION`: what its tests need is not in it.
fn packages(ctx: &ScanContext<'_>, package: &str, host: &str) -> Result<BTreeSet<String>, ScanError> {
    let command = ctx
        .cargo()
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", host]);
    let output = ctx.run(&command, "metadata")?;
    let metadata: Metadata = output.json()?;
    let names: BTreeMap<&str, String> = metadata
        .packages
        .iter()
        .map(|package| {
            (
                package.id.as_str(),
                format!("{}@{}", package.name, package.version),
            )
        })
        .collect();
    let nodes: BTreeMap<&str, &Node> = metadata
        .resolve
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node))
        .collect();
    let root = metadata
        .packages
        .iter()
        .find(|candidate| candidate.name == package);
    let root = root.ok_or_else(|| output.failed(&format!("no package {package}")))?;
    let (mut reached, mut next) = (BTreeSet::new(), vec![root.id.as_str()]);
    while let Some(id) = next.pop() {
        if !reached.insert(id) {
            continue;
        }
        let deps = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        let is_built = |dep: &&Dep| {
            dep.dep_kinds
                .iter()
                .any(|kind| kind.kind.as_deref() != Some("dev"))
        };
        next.extend(deps.filter(is_built).map(|dep| dep.pkg.as_str()));
    }
    Ok(reached.iter().filter_map(|id| names.get(id).cloned()).collect())
}

fn host(ctx: &ScanContext<'_>) -> Result<String, ScanError> {
    let command =
        harness::process::command::Command::new(ctx.context(), "rustc").args(["--version", "--verbose"]);
    let output = ctx.run(&command, "rustc")?;
    let host = output.stdout.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| output.failed("rustc does not tell its host"))
}
