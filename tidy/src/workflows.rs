//! Rule: a workflow grants each job its permissions and a time, needs no stored secret, and runs commands that exist; the merge queue
//! waits for checks that exist.

use crate::finding::Findings;
use crate::tree::{Tree, file_name};

const WORKFLOWS: &str = ".github/workflows/";

/// The merge queue's settings.
const MERGE_QUEUE: &str = ".mergify.yml";

/// The list of commands.
const COMMANDS: &str = "xtask/src/main.rs";

/// Checks workflows, actions of our own, hooks, `.ci/` and the merge queue's settings.
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    let commands = commands(tree);
    for (path, number, line) in tree.lines(is_automation) {
        for name in commands_in(line).filter(|name| !commands.contains(name)) {
            findings.add(path, number, format!("there is no command `cargo xtask {name}`"));
        }
        if uses_secret(code(line)) {
            findings.add(
                path,
                number,
                "needs a stored secret; use `github.token`, or log in by OpenID Connect",
            );
        }
    }
    let mut checks = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| is_workflow(path)) {
        let workflow = Workflow::read(text);
        for (line, what) in workflow.violations() {
            findings.add(path, line, what);
        }
        checks.extend(workflow.jobs.into_iter().filter_map(|job| job.title));
    }
    for (path, number, line) in tree.lines(|path| path == MERGE_QUEUE) {
        let Some((_, check)) = code(line).split_once("check-success") else {
            continue;
        };
        let check = check
            .trim()
            .trim_start_matches('=')
            .trim_matches([' ', '"', '\'']);
        // A job of a reusable workflow is named after the calling job and itself.
        if check.split(" / ").any(|title| !checks.contains(&title)) {
            findings.add(path, number, format!("no job is named `{check}`"));
        }
    }
}

fn is_automation(path: &str) -> bool {
    let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    let is_settings = [".github/", ".pre-commit", ".mergify", "action."];
    path.starts_with(".ci/")
        || is_yaml
            && is_settings
                .iter()
                .any(|start| path.starts_with(start) || file_name(path).starts_with(start))
}

fn is_workflow(path: &str) -> bool {
    path.starts_with(WORKFLOWS) && is_automation(path)
}

/// The names in the list of commands; none without the file, so that each use is a violation.
fn commands(tree: &Tree) -> Vec<&str> {
    let text = tree.find(COMMANDS).unwrap_or_default();
    let list = text
        .split_once("const COMMANDS")
        .and_then(|(_, rest)| rest.split_once("];"));
    let entries = list.map_or("", |(list, _)| list).split("\n    (\"").skip(1);
    entries.filter_map(|entry| entry.split('"').next()).collect()
}

/// The commands that a line names, also in a comment.
fn commands_in(line: &str) -> impl Iterator<Item = &str> {
    let calls = line.split("cargo xtask ").skip(1);
    let names = calls.filter_map(|call| {
        call.split(|letter: char| !letter.is_ascii_lowercase() && letter != '-')
            .next()
    });
    names.filter(|name| !name.is_empty() && !name.starts_with('-'))
}

/// A line without its comment. A `#` within quotes begins none; a quote within a word opens nothing.
fn code(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if letter == '#' && before == ' ' => return &line[..at],
            None if "\"'".contains(letter) && !before.is_alphanumeric() => quote = Some(letter),
            None => {}
        }
        before = letter;
    }
    line
}

/// Whether the code refers to the context `secrets`, in either notation, or declares or passes secrets on.
fn uses_secret(code: &str) -> bool {
    let name = |letter: char| letter.is_ascii_alphanumeric() || "_-./".contains(letter);
    let code = code.to_ascii_lowercase();
    code.match_indices("secrets").any(|(at, word)| {
        let (before, after) = (
            &code[..at],
            code[at + word.len()..].trim_start_matches([' ', '"', '\'']),
        );
        let is_member = after
            .strip_prefix('.')
            .is_some_and(|member| member.starts_with(name));
        let is_context = code.contains("${{") || after.starts_with('[') || is_member;
        let is_key = after.starts_with(':') && before.trim_matches([' ', '"', '\'']).is_empty();
        !before.ends_with(name) && (is_context || is_key)
    })
}

/// What a workflow's lines say about permissions and times, by the project's indentation of two spaces. What is written otherwise has no
/// permissions here, which is a violation.
#[derive(Default)]
struct Workflow<'a> {
    permissions: Option<(usize, &'a str)>,
    jobs: Vec<Job<'a>>,
}

#[derive(Default)]
struct Job<'a> {
    line: usize,
    key: &'a str,
    /// Its name in the list of checks.
    title: Option<&'a str>,
    permissions: Option<&'a str>,
    has_timeout: bool,
    /// It runs another workflow, which has times of its own.
    is_call: bool,
}

impl<'a> Workflow<'a> {
    fn read(text: &'a str) -> Self {
        let mut workflow = Self::default();
        let mut in_jobs = false;
        for (line, code) in (1..).zip(text.lines().map(code)) {
            let depth = code.len() - code.trim_start().len();
            let Some((key, value)) = code.trim_start().split_once(':') else {
                continue;
            };
            let value = value.trim();
            match depth {
                0 => {
                    in_jobs = key == "jobs";
                    if key == "permissions" {
                        workflow.permissions = Some((line, value));
                    }
                }
                2 if in_jobs => workflow.jobs.push(Job {
                    line,
                    key,
                    ..Job::default()
                }),
                4 if in_jobs => {
                    if let Some(job) = workflow.jobs.last_mut() {
                        job.property(key, value);
                    }
                }
                _ => {}
            }
        }
        workflow
    }

    fn violations(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        match self.permissions {
            Some((_, "{}")) => {}
            Some((line, _)) => found.push((line, "`permissions` of a workflow is `{}`".to_owned())),
            None => found.push((1, "the workflow has no `permissions: {}`".to_owned())),
        }
        if self.jobs.is_empty() {
            found.push((1, "no job is indented by two spaces".to_owned()));
        }
        for Job {
            line,
            key,
            permissions,
            ..
        } in &self.jobs
        {
            match permissions {
                None => found.push((*line, format!("the job `{key}` has no `permissions`"))),
                // A list of single permissions follows, or there are none.
                Some("" | "{}") => {}
                Some(all) => found.push((
                    *line,
                    format!("the job `{key}` has `permissions: {all}`, not a list"),
                )),
            }
        }
        for Job { line, key, .. } in self.jobs.iter().filter(|job| !job.has_timeout && !job.is_call) {
            found.push((*line, format!("the job `{key}` has no `timeout-minutes`")));
        }
        found
    }
}

impl<'a> Job<'a> {
    fn property(&mut self, key: &str, value: &'a str) {
        match key {
            "name" => self.title = Some(value.trim_matches(['"', '\''])),
            "permissions" => self.permissions = Some(value),
            "timeout-minutes" => self.has_timeout = true,
            "uses" => self.is_call = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: (&str, &str) = (
        COMMANDS,
        "const COMMANDS: [(&str, &str, &str); 2] = [\n    (\"test\", \"stack\", \"x\"),\n    (\"ci\", \"gate\", \"(\\\"x\"),\n];\n",
    );

    const GOOD: &str = "# `cargo xtask test` needs no secrets.\non: push\npermissions: {}\njobs:\n  gate:\n    name: tests and gate\n    \
        timeout-minutes: 5\n    permissions:\n      contents: read\n    steps:\n      - run: cargo xtask ci --profile pipeline\n  call:\n    \
        name: call\n    permissions: {}\n    uses: ./.github/workflows/b.yml\n";

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<_> = [MAIN].iter().chain(files).copied().collect();
        crate::finding::found(check, &files)
    }

    fn in_workflow(text: &str) -> Vec<String> {
        let found = found(&[(".github/workflows/a.yml", text)]);
        found
            .into_iter()
            .map(|found| found.replace(".github/workflows/a.yml:", ""))
            .collect()
    }

    /// M10: Each job of a workflow has permissions and a time limit, and the workflow itself grants none.
    #[test]
    fn a_job_without_permissions_or_a_time_limit_is_found() {
        assert_eq!(in_workflow(GOOD), [""; 0]);
        for (from, to, violation) in [
            (
                "permissions: {}\njobs",
                "jobs",
                "1: the workflow has no `permissions: {}`",
            ),
            (
                "permissions: {}\njobs",
                "permissions:\n  contents: read\njobs",
                "3: `permissions` of a workflow is `{}`",
            ),
            ("    permissions:\n", "", "5: the job `gate` has no `permissions`"),
            (
                "    permissions:\n      contents: read\n",
                "    permissions: write-all # x\n",
                "5: the job `gate` has `permissions: write-all`, not a list",
            ),
            (
                "timeout-minutes: 5",
                "if: true",
                "5: the job `gate` has no `timeout-minutes`",
            ),
            (
                "uses: ./.github/workflows/b.yml",
                "steps: []",
                "12: the job `call` has no `timeout-minutes`",
            ),
            (
                "  call:\n",
                "  call: { steps: [] }\n  other:\n",
                "12: the job `call` has no `permissions`",
            ),
            (
                "jobs:\n",
                "jobs:\n# none\nelse:\n",
                "1: no job is indented by two spaces",
            ),
        ] {
            let text = GOOD.replacen(from, to, 1);
            let found = in_workflow(&text);
            assert!(found.iter().any(|found| found == violation), "{from}: {found:?}");
        }
    }

    /// L5: Workflows reach other systems by OpenID Connect or their own token; none needs a stored secret.
    #[test]
    fn a_stored_secret_is_found_in_every_notation() {
        for secret in [
            "          TOKEN: ${{ secrets.TOKEN }}",
            "          TOKEN: ${{ Secrets . GITHUB_TOKEN }}",
            "          TOKEN: ${{ secrets['TOKEN'] }}",
            "          TOKEN: ${{ toJSON(secrets) }}",
            "    if: secrets.TOKEN != ''",
            "    secrets: inherit",
            "      - run: echo \"a #${{ secrets.TOKEN }}\"",
            "      - run: echo \"a # b\" '# ${{ secrets.TOKEN }}'",
            "    \"secrets\":",
        ] {
            let found = in_workflow(&format!("{GOOD}{secret}\n"));
            assert_eq!(found.len(), 1, "{secret}: {found:?}");
        }
        for harmless in [
            "      # secrets.TOKEN would be one",
            "      - run: cargo xtask ci # secrets: none",
            "      - run: echo 'a' # don't use secrets.TOKEN",
            "      # don't use secrets.TOKEN",
            "      - run: grep no-secrets.txt",
            "      - run: ls target/secrets.txt",
            "      - name: No secrets. At all",
            "      - name: trivy-secrets",
        ] {
            assert_eq!(in_workflow(&format!("{GOOD}{harmless}\n")), [""; 0], "{harmless}");
        }
    }

    /// M10: Workflows, hooks and scripts name commands that exist.
    #[test]
    fn an_unknown_command_is_found() {
        let found = found(&[
            (".ci/run", "cargo xtask test\ncargo xtask fly\n"),
            (
                ".pre-commit-config.yaml",
                "entry: cargo xtask ci --only x\nentry: cargo xtask tidy\n",
            ),
            (
                ".github/actions/a/action.yml",
                "run: |\n  # `cargo xtask COMMAND`, `cargo xtask --help`, `cargo xtask ci`\n  cargo xtask test-all && cargo xtask land\n",
            ),
            ("docs/a.md", "cargo xtask fly\n"),
        ]);
        let at = |place: &str, name: &str| format!("{place}: there is no command `cargo xtask {name}`");
        assert_eq!(
            found,
            [
                at(".ci/run:2", "fly"),
                at(".github/actions/a/action.yml:3", "land"),
                at(".github/actions/a/action.yml:3", "test-all"),
                at(".pre-commit-config.yaml:2", "tidy"),
            ]
        );
        let without_list = crate::finding::found(check, &[(".ci/run", "cargo xtask test\n")]);
        assert_eq!(without_list, [at(".ci/run:1", "test")]);
    }

    /// M10: The merge queue waits for checks that workflows have.
    #[test]
    fn a_check_that_no_job_has_is_found() {
        let queue = "conditions:\n  - check-success = tests and gate\n  - \"check-success=call / tests and gate\"\n  \
                     - check-success = call / gone # x\n  # check-success = gone\n";
        let found = found(&[(".github/workflows/a.yml", GOOD), (MERGE_QUEUE, queue)]);
        assert_eq!(found, [".mergify.yml:4: no job is named `call / gone`"]);
    }
}
