//! `index.html`: the report for people, one file that needs no network and no script.

mod badge;
mod figures;
mod findings;
mod gates;
mod head;
mod tested;
mod waivers;

use anyhow::{Context as _, Result};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::report::document::Document;
use crate::report::folder::File;
use crate::report::format;

const STYLE: &str = include_str!("../../../templates/report/report.css");
const SCRIPT: &str = include_str!("../../../templates/report/report.js");

#[derive(Template)]
#[template(path = "report/index.html")]
struct Page<'a> {
    project: String,
    policy: String,
    style: &'static str,
    script: &'static str,
    head: head::Head<'a>,
    gates: Vec<gates::Row<'a>>,
    findings: Vec<findings::Row<'a>>,
    findings_note: String,
    waivers: Vec<waivers::Row<'a>>,
    tests: usize,
    tests_note: String,
    requirements: Vec<tested::Requirement<'a>>,
    groups: Vec<tested::Group<'a>>,
    figures: Vec<figures::Set<'a>>,
    bench: Option<figures::Bench<'a>>,
    limits: Vec<Limit<'a>>,
    files: Vec<Listed>,
}

struct Limit<'a> {
    gate: &'a str,
    what: &'a str,
}

struct Listed {
    path: String,
    size: String,
    digest: String,
}

/// The page; it lists these files.
pub fn render(document: &Document, project: &str, files: &[File]) -> Result<String> {
    let run = &document.run;
    let of_gates = run.gates.iter().flat_map(|gate| {
        let limits = gate.limits.iter();
        limits.map(|what| Limit { gate: &gate.id, what })
    });
    let own = document.limits.iter().map(|what| Limit { gate: "", what });
    let listed = |file: &File| Listed {
        path: file.path.clone(),
        size: format::size(file.size),
        digest: file.digest.clone(),
    };
    let page = Page {
        project: capitalized(project),
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        head: head::Head::of(run),
        gates: gates::rows(run),
        findings: document
            .findings
            .iter()
            .map(|defect| findings::Row::of(defect, &run.began))
            .collect(),
        findings_note: findings::note(&document.findings),
        waivers: waivers::rows(document),
        tests: run.gates.iter().map(|gate| gate.tests.len()).sum(),
        tests_note: tested::note(run),
        requirements: document
            .requirements
            .iter()
            .map(tested::Requirement::of)
            .collect(),
        groups: tested::groups(run),
        figures: figures::sets(run),
        bench: document.bench.as_ref().map(figures::Bench::of),
        limits: of_gates.chain(own).collect(),
        files: files.iter().map(listed).collect(),
    };
    page.render().context("cannot make the report's page")
}

fn capitalized(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

/// Only this style and this script run, whatever a tool's message says; nothing is loaded.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
