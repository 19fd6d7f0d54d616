//! `summary.md`: the run for GitHub's page of a workflow.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use askama::Template;

use crate::outcome::{Canary, Outcome, Verdict};
use crate::report::document::Document;
use crate::report::format;
use crate::report::merge::{Defect, Status};
use crate::report::model::Report;

/// The summary lists at most this many open findings: GitHub accepts 1 MiB.
const MAX_FINDINGS: usize = 25;

#[derive(Template)]
#[template(path = "report/summary.md", escape = "none")]
struct Summary<'a> {
    run: &'a Report,
    gates: Vec<&'a Outcome>,
    open: Vec<&'a Defect>,
    waived: usize,
}

/// Renders it.
pub fn render(document: &Document) -> Result<String> {
    let run = &document.run;
    let mut gates: Vec<&Outcome> = run.gates.iter().collect();
    gates.sort_by_key(|gate| !gate.fatal);
    let is_open = |defect: &&Defect| defect.status == Status::Open;
    let (open, waived): (Vec<&Defect>, Vec<&Defect>) = document.findings.iter().partition(is_open);
    let summary = Summary {
        run,
        gates,
        open,
        waived: waived.len(),
    };
    summary.render().context("cannot make summary.md")
}

impl Summary<'_> {
    fn shown(&self) -> &[&Defect] {
        &self.open[..self.open.len().min(MAX_FINDINGS)]
    }

    fn databases(&self) -> BTreeSet<String> {
        let databases = self.run.gates.iter().flat_map(|gate| &gate.databases);
        let text = databases.map(|database| {
            let age = format::age(format::days_before(&database.date, &self.run.began));
            format!("{} of {}, {age}", database.name, format::day(&database.date))
        });
        text.collect()
    }
}

impl Outcome {
    fn sign(&self) -> &'static str {
        match self.verdict {
            Verdict::Pass => "✅",
            Verdict::Waived => "🏳️",
            Verdict::NotRun => "➖",
            Verdict::Untrusted => "❔",
            Verdict::Fail => "❌",
        }
    }

    fn tools_text(&self) -> String {
        let tools = self
            .tools
            .iter()
            .map(|tool| format!("{} {}", tool.name, tool.version));
        tools.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn canary_text(&self) -> String {
        match &self.canary {
            Canary::Found(rules) => format!("found: {}", rules.join(", ")),
            Canary::Missed(rules) => format!("missed: {}", rules.join(", ")),
            Canary::NotPlanted(why) => format!("could not be planted: {why}"),
            Canary::None => "none planted".to_owned(),
        }
    }
}

impl Defect {
    /// Its location, or else its package.
    fn place(&self) -> String {
        let location = self.location.as_ref().map(ToString::to_string);
        let location = location.filter(|location| !location.is_empty());
        location.or_else(|| self.package.clone()).unwrap_or_default()
    }
}

/// A tool's text as plain text in a table of GitHub's Markdown: no mark-up, no mention, no link, one short line. The text has
/// no control characters, so two of them can temporarily replace what GitHub turns into a link.
fn markdown(text: impl AsRef<str>) -> String {
    let short: String = text.as_ref().chars().take(300).collect();
    let short = short.replace("://", "\u{0}//").replace("www.", "www\u{1}");
    let mut clean = String::new();
    for character in short.chars() {
        match character {
            '\n' | '\t' => clean.push(' '),
            '&' => clean.push_str("&amp;"),
            '<' => clean.push_str("&lt;"),
            '>' => clean.push_str("&gt;"),
            // A backslash does not prevent these links.
            '\u{0}' => clean.push_str("&#58;"),
            '\u{1}' => clean.push_str("&#46;"),
            '@' => clean.push_str("&#64;"),
            '#' => clean.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '!' | '|' | '~' | '$' => {
                clean.extend(['\\', character]);
            }
            character => clean.push(character),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_tools_text_is_escaped() {
        let text = "a|b <img src=x> [x](https://e.org) @ann #1\nb `c` $d$";
        let clean = r"a\|b &lt;img src=x&gt; \[x\]\(https&#58;//e.org\) &#64;ann &#35;1 b \`c\` \$d\$";
        assert_eq!(markdown(text), clean);
    }
}
