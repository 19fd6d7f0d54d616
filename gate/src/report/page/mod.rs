//! `index.html`: one file that needs neither network nor script. The other files of this folder add what the templates show.

mod figures;
mod findings;
mod gates;
mod head;
mod tests;
mod waivers;

use anyhow::{Context as _, Result};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::outcome::{Canary, Outcome, Verdict};
use crate::report::document::Document;
use crate::report::folder::File;
use crate::report::format;
use crate::report::model::Report;

const STYLE: &str = include_str!("../../../templates/report/report.css");
const SCRIPT: &str = include_str!("../../../templates/report/report.js");

#[derive(Template)]
#[template(path = "report/index.html")]
struct Page<'a> {
    project: String,
    policy: String,
    document: &'a Document,
    run: &'a Report,
    files: &'a [File],
}

/// Renders the page, which lists these files.
pub fn render(document: &Document, project: &str, files: &[File]) -> Result<String> {
    let page = Page {
        project: capitalized(project),
        policy: policy(),
        document,
        run: &document.run,
        files,
    };
    page.render().context("cannot make the report's page")
}

impl Page<'_> {
    fn gates_with_figures(&self) -> Vec<&Outcome> {
        let gates = self.run.gates.iter();
        gates.filter(|gate| !gate.figures.is_empty()).collect()
    }

    /// What gates, or the report itself (with an empty name), could not do.
    fn limits(&self) -> Vec<(&str, &str)> {
        let of_gates = self.run.gates.iter().flat_map(|gate| {
            let limits = gate.limits.iter();
            limits.map(move |limit| (gate.id.as_str(), limit.as_str()))
        });
        let own = self.document.limits.iter().map(|limit| ("", limit.as_str()));
        of_gates.chain(own).collect()
    }
}

fn capitalized(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

/// Only this style and this script run, whatever a tool's message contains; nothing is loaded.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
