//! Gate `actionlint`: workflows are well-formed, and what they run is sound shell.

use std::fs;

use serde::Deserialize;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::file_kinds;
use crate::finding::Finding;
use crate::profile::Profile;
use crate::scan_context::{Job, Said};
use crate::scan_result::{Look, Seen, Trouble};
use crate::scheduler::Takes;

/// The row.
pub const GATE: Gate = Gate {
    id: "actionlint",
    title: "Workflows are well-formed, their shell too",
    tools: &["actionlint", "shellcheck"],
    after: &[],
    takes: Takes::Little,
    limit: minutes(2),
    needed: Profile::Pipeline,
    inputs: is_input,
    data: files_only,
    look,
    planted: Some(Planted {
        folder: "actionlint",
        prepare: as_it_is,
        expects: &[
            "action",
            "expression",
            "job-needs",
            "runner-label",
            "SC2006",
            "SC2046",
            "SC2086",
        ],
    }),
};

#[derive(Deserialize)]
struct Found {
    message: String,
    filepath: String,
    line: u64,
    kind: String,
}

/// Shellcheck behind a filter: a comment of the script itself may turn its rules off, in more forms than could be looked
/// for, since YAML has escapes for letters. With another letter it is an ordinary comment.
const FILTERED: &str = r#"sh -c 'sed s/shellcheck/shellchecK/g | "$SHELLCHECK" "$@"' sh"#;

/// Workflows, and what steps of theirs may use: `./.github/actions/NAME`.
fn is_input(path: &str) -> bool {
    path.starts_with(".github/") || file_kinds::is_action(path)
}

/// With empty settings, so that those of the tree do not count, and in a copy that looks like a repository: else it does
/// not look at what a step gives to an action of the tree.
fn look(job: &Job<'_>) -> Look {
    let files = job.files_where(file_kinds::is_workflow);
    if files.is_empty() {
        return Err(Trouble::NoFiles("no workflow in the tree".to_owned()));
    }
    let settings = job.keep("actionlint.yaml", "{}\n")?;
    let copy = job.copy(|_| true, &[])?;
    fs::create_dir_all(copy.join(".git"))?;
    let lint = job.tool("actionlint")?;
    job.tool("shellcheck")?;
    let shellcheck = job.shared.program("shellcheck")?.file;
    let call = lint
        .args(["-verbose", "-no-color", "-format", "{{json .}}", "-pyflakes="])
        .args(["-config-file".into(), settings])
        .args(["-shellcheck", FILTERED])
        .envs([("SHELLCHECK", shellcheck)])
        .within(copy)
        .args(&files);
    read(&job.run(&call, "actionlint")?, files.len())
}

/// It exits with 0, or 1 for findings; 2 and 3 are failures. It tells each file that it has done on standard error.
fn read(said: &Said, files: usize) -> Look {
    if !matches!(said.code, 0 | 1) {
        return Err(said.broke("it could not look"));
    }
    let found: Vec<Found> = said.json()?;
    if said.code != i32::from(!found.is_empty()) {
        return Err(said.broke("exit code and report disagree"));
    }
    let lines = || said.stderr.lines();
    let done = lines().filter(|line| line.contains("Found total ")).count();
    let disabled = lines().find(|line| line.contains("Rule \"shellcheck\" was disabled"));
    if let Some(line) = disabled {
        return Err(Trouble::Broke(line.to_owned()));
    }
    let seen = Seen {
        findings: found.into_iter().map(finding).collect(),
        limits: vec![
            "actionlint: neither Python in workflows (pyflakes) nor shell in actions of the tree is looked at".to_owned(),
        ],
        ..Seen::default()
    };
    Ok(seen.looked_at(done as u64, "workflows", files as u64))
}

/// It rates nothing. What shellcheck found says so: `shellcheck reported issue in this script: SC2086:info:1:6: …`.
fn finding(found: Found) -> Finding {
    let rule = found
        .message
        .split_once(" in this script: ")
        .map(|(_, rest)| rest);
    let alias = rule.and_then(|rest| rest.split(':').next()).map(str::to_owned);
    let mut finding =
        Finding::new("actionlint", found.kind, found.message).at(found.filepath, Some(found.line));
    finding.aliases = alias.into_iter().collect();
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: &str = r#"[{"message":"job \"planted\" needs job \"nobody\" which does not exist in this workflow",
        "filepath":".github/workflows/planted.yml","line":5,"column":3,"kind":"job-needs","snippet":"  planted:","end_column":10},
        {"message":"shellcheck reported issue in this script: SC2086:info:1:6: Double quote to prevent globbing and word splitting",
        "filepath":".github/workflows/planted.yml","line":13,"column":9,"kind":"shellcheck","snippet":"      - run:","end_column":13}]"#;
    const LOG: &str = "verbose: Linting .github/workflows/planted.yml
verbose: Found 0 parse errors in 0 ms for .github/workflows/planted.yml
verbose: Found total 2 errors in 0 ms for .github/workflows/planted.yml
";

    fn said(code: i32, stdout: &str, stderr: &str) -> Said {
        Said {
            code,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    #[test]
    fn findings_have_their_place_and_shellchecks_rule() {
        let seen = read(&said(1, FOUND, LOG), 1).unwrap();
        assert_eq!(seen.findings[0].rule, "job-needs");
        assert_eq!(seen.findings[0].location.as_ref().unwrap().line, Some(5));
        assert_eq!(seen.findings[1].aliases, ["SC2086"]);
        assert_eq!((seen.work[0].count, seen.work[0].least), (1, 1));
    }

    #[test]
    fn what_did_not_look_is_no_silence() {
        assert!(read(&said(0, "[]", LOG), 1).unwrap().findings.is_empty());
        let blind = "verbose: Rule \"shellcheck\" was disabled: exec: \"x\": executable file not found";
        for said in [
            said(3, "", "could not read"),
            said(0, "", LOG),
            said(1, "[]", LOG),
            said(0, "[]", blind),
        ] {
            assert!(matches!(read(&said, 1), Err(Trouble::Broke(_))), "{said:?}");
        }
        let idle = read(&said(0, "[]", ""), 1).unwrap();
        assert!(idle.work[0].count < idle.work[0].least);
    }
}
