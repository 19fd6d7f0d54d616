//! Gate `sbom`: writes a CycloneDX bill of materials of the program, and checks that it lists every package.

mod cyclonedx;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cargo_metadata::{DepKindInfo, DependencyKind, Metadata, Node, PackageId};

use crate::cargo::{lock_file, workspace};
use crate::config;
use crate::definition::{Gate, minutes};
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

const TOOL: &str = "cargo-cyclonedx";

pub const GATE: Gate = Gate {
    id: "sbom",
    title: "A CycloneDX bill of materials lists every package of the program",
    tools: &[TOOL],
    timeout: minutes(5),
    inputs: |_, path| path.ends_with("Cargo.toml") || path == "Cargo.lock" || is_bill(path),
    scan,
    expects: &[
        "sbom-missing-package",
        "sbom-dangling-reference",
        "sbom-no-licence",
    ],
    ..Gate::DEFAULT
};

fn is_bill(path: &str) -> bool {
    path.ends_with(".cdx.json")
}

/// Bills in the tree are checked too: they claim to be the program's.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let command = ctx.tool(TOOL)?;
    let program = config::needed(ctx.config().program.as_ref(), "program")?;
    let (package, folder) = if ctx.planted {
        ("planted", ctx.subject.clone())
    } else {
        (program.package.as_str(), ctx.subject.join(&program.folder))
    };
    lock_file::fetch_packages(ctx)?;
    let host = workspace::compiler(ctx)?.host;
    let packages = packages(ctx, package, &host)?;
    let name = format!("{}.cdx", program.package);
    let command = command
        .args(["cyclonedx", "--format=json", "--spec-version=1.5", "--all"])
        .args(["--target", &host, "--override-filename", &name])
        .args(["--manifest-path".into(), folder.join("Cargo.toml")])
        .envs([("CARGO_NET_OFFLINE", "true")]);
    let output = ctx.run(&command, TOOL)?;
    let file = format!("{name}.json");
    let json = fs::read_to_string(folder.join(&file)).map_err(|_| output.failed("the tool wrote no bill"))?;
    // The folder of the copy means nothing to readers.
    let json = json.replace(&format!("{}/", ctx.subject.display()), "/");
    let written = ctx.write_file(&file, &json)?;
    let own = cyclonedx::check(&json, &packages, TOOL, &file).map_err(|why| output.failed(&why))?;
    let mut result = ScanResult::of(own.findings);
    for path in ctx.files_where(is_bill) {
        let json = fs::read_to_string(ctx.subject.join(path))?;
        let bill = cyclonedx::check(&json, &packages, TOOL, path).map_err(ScanError::ToolFailed)?;
        result.findings.extend(bill.findings);
    }
    result.files.push(written);
    Ok(result.with_work(own.found, "packages", packages.len().max(2) as u64))
}

/// Everything that the package is built from on this platform, as `NAME@VERSION`, without dependencies of tests.
fn packages(ctx: &ScanContext<'_>, package: &str, host: &str) -> Result<BTreeSet<String>, ScanError> {
    let command = ctx
        .cargo()
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", host]);
    let output = ctx.run(&command, "metadata")?;
    let metadata: Metadata = output.json()?;
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let nodes: BTreeMap<&PackageId, &Node> = nodes.map(|node| (&node.id, node)).collect();
    let root = metadata
        .packages
        .iter()
        .find(|candidate| candidate.name == package);
    let root = root.ok_or_else(|| output.failed(&format!("no package {package}")))?;
    let (mut reached, mut next) = (BTreeSet::new(), vec![&root.id]);
    while let Some(id) = next.pop() {
        if reached.insert(id) {
            let deps = nodes.get(id).into_iter().flat_map(|node| &node.deps);
            let is_dev = |kind: &DepKindInfo| kind.kind == DependencyKind::Development;
            let built = deps.filter(|dep| !dep.dep_kinds.iter().all(is_dev));
            next.extend(built.map(|dep| &dep.pkg));
        }
    }
    let packages = metadata
        .packages
        .iter()
        .filter(|package| reached.contains(&package.id));
    Ok(packages
        .map(|package| format!("{}@{}", package.name, package.version))
        .collect())
}
