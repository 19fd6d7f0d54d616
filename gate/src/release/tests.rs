//! Releases with the real git and cargo in a temporary repository, with a script in the place of git-cliff.

use std::fs;
use std::ops::Deref;

use chrono::{DateTime, Utc};

use crate::gates::GATES;
use crate::outcome::Verdict;
use crate::profile::GateProfile;
use crate::release::{Options, release};
use crate::report::model::Report;
use crate::report::sample;
use crate::test_tree::TestTree;

const NOW: &str = "2026-11-21T10:00:00Z";
const LOG: &str = "# Changelog\n\n## Unreleased\n\n- Something.\n";

struct Repository(TestTree);

impl Deref for Repository {
    type Target = TestTree;

    fn deref(&self) -> &TestTree {
        &self.0
    }
}

impl Repository {
    /// A workspace at 0.1.0, tagged, with one commit since.
    fn new(name: &str, message: &str) -> Repository {
        let repository = Repository(TestTree::with_git(&format!("release-{name}")));
        for (path, text) in [
            (
                "Cargo.toml",
                "[workspace]\nresolver = \"3\"\nmembers = [\"one\"]\n\n[workspace.package]\nversion = \"0.1.0\"\n",
            ),
            (
                "security/gate.toml",
                "name = \"one\"\ncanaries = \"canaries/\"\nopenapi = \"api.json\"\n",
            ),
            (
                "one/Cargo.toml",
                "[package]\nname = \"one\"\nversion.workspace = true\nedition = \"2024\"\n",
            ),
            ("one/src/lib.rs", "//! One.\n"),
            ("CHANGELOG.md", LOG),
            (
                "api.json",
                "{\n  \"info\": {\n    \"version\": \"0.1.0\"\n  }\n}\n",
            ),
        ] {
            repository.write(path, text);
        }
        let cliff = "[ \"$1\" = --version ] && echo git-cliff 2.14.2 || printf '### Commits\\n\\n- all\\n'";
        repository.program("git-cliff", cliff);
        let cargo = repository.context.settings.cargo.display().to_string();
        repository.sh(&format!("{cargo} generate-lockfile --offline --quiet; git add .; git commit --quiet -m 'feat: add one'; git tag v0.1.0"));
        repository.commit(message);
        repository
    }

    fn commit(&self, message: &str) {
        self.sh(&format!("git commit --quiet --allow-empty -m '{message}'"));
    }

    /// Writes the gate's report, with one text replaced.
    fn report(&self, from: &str, to: &str) {
        let report = Report {
            schema: "1".to_owned(),
            verdict: Verdict::Pass,
            commit: self.sh("git rev-parse HEAD"),
            changed: Vec::new(),
            profile: GateProfile::Release,
            began: "2026-11-21T09:00:00Z".to_owned(),
            seconds: 1.0,
            left_out: Vec::new(),
            warnings: Vec::new(),
            gates: GATES.iter().map(|gate| sample::gate(gate.id)).collect(),
            waivers: Vec::new(),
        };
        let report = serde_json::to_string(&report).unwrap();
        assert!(report.contains(from), "{from}");
        let folder = self.context.settings.target.join("report");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("report.json"), report.replacen(from, to, 1)).unwrap();
    }

    fn release(&self, version: &str, dry_run: bool) -> Result<(), String> {
        let options = Options {
            version: version.parse().unwrap(),
            dry_run,
        };
        let now: DateTime<Utc> = NOW.parse().unwrap();
        release(&self.context, &options, now).map_err(|error| format!("{error:#}"))
    }

    /// Whether there is no new commit, tag or changed file.
    fn is_untouched(&self) -> bool {
        self.sh("git log -1 --format=%s; git tag; git status --porcelain")
            .lines()
            .nth(1)
            == Some("v0.1.0")
            && self.sh("git tag; git status --porcelain") == "v0.1.0"
    }
}

#[test]
fn a_release_updates_commits_and_tags_but_does_not_push() {
    let repository = Repository::new("good", "feat!: change answers");
    repository.sh("git init --quiet --bare ../elsewhere; git remote add origin ../elsewhere; git config push.followTags true");
    repository.report("{", "{");
    repository.release("0.2.0", true).unwrap();
    assert!(repository.is_untouched(), "a dry run");
    repository.release("0.2.0", false).unwrap();
    assert_eq!(
        repository.sh("git log -1 --format=%s"),
        "chore(release): release v0.2.0"
    );
    assert_eq!(repository.sh("git cat-file -t v0.2.0"), "tag", "an annotated one");
    assert_eq!(
        repository.sh("git rev-parse v0.2.0^{commit}"),
        repository.sh("git rev-parse HEAD")
    );
    assert_eq!(repository.sh("git status --porcelain"), "");
    assert_eq!(
        repository.sh("git -C ../elsewhere for-each-ref"),
        "",
        "nothing was pushed"
    );
    for (file, text) in [
        ("Cargo.toml", "version = \"0.2.0\""),
        ("Cargo.lock", "name = \"one\"\nversion = \"0.2.0\""),
        ("api.json", "\"version\": \"0.2.0\""),
        (
            "CHANGELOG.md",
            "## Unreleased\n\n## 0.2.0 - 2026-11-21\n\n- Something.\n\n### Commits\n\n- all\n",
        ),
    ] {
        let content = repository.read(file);
        assert!(content.contains(text), "{file}: {content}");
    }
    let error = repository.release("0.2.1", false).unwrap_err();
    assert!(error.contains("no commit since v0.2.0"), "{error}");
}

#[test]
fn a_release_needs_a_recent_complete_pass_of_its_commit() {
    let repository = Repository::new("proof", "fix: repair a");
    let error = repository.release("0.1.1", false).unwrap_err();
    assert!(
        error.contains("no report") && error.contains("cargo xtask ci --profile release"),
        "{error}"
    );
    let head = repository.sh("git rev-parse HEAD");
    for (from, to, reason) in [
        ("\"release\"", "\"pipeline\"", "profile"),
        (head.as_str(), "0000", "of commit 0000"),
        ("\"changed\":[]", "\"changed\":[\" M a\"]", "changed tree"),
        ("\"left_out\":[]", "\"left_out\":[\"fmt\"]", "leaves out fmt"),
        ("2026-11-21T09:00:00Z", "2026-11-20T09:59:59Z", "older than a day"),
        ("2026-11-21T09:00:00Z", "2026-11-22T09:00:00Z", "older than a day"),
        ("\"verdict\":\"pass\"", "\"verdict\":\"fail\"", "did not pass"),
        ("\"id\":\"fmt\"", "\"id\":\"tidy\"", "not of all gates"),
        ("\"fatal\":false", "\"fatal\":true", "did not pass"),
        ("{", "", "is no report"),
    ] {
        repository.report(from, to);
        let error = repository.release("0.1.1", false).unwrap_err();
        assert!(
            error.contains(reason) && error.contains("--profile release"),
            "{to}: {error}"
        );
    }
    assert!(repository.is_untouched());
    repository.report("{", "{");
    repository.release("0.1.1", true).unwrap();
}

#[test]
fn a_dirty_tree_wrong_version_bad_message_or_missing_tool_is_rejected() {
    let repository = Repository::new("refused", "feat: add a");
    repository.report("{", "{");
    let error = |version| repository.release(version, false).unwrap_err();
    assert!(error("0.2.0").contains("0.1.1 does"), "{}", error("0.2.0"));
    repository.write("new.txt", "x");
    assert!(error("0.1.1").contains("dirty") && error("0.1.1").contains("new.txt"));
    repository.sh("rm new.txt");
    repository.sh("mv ../bin ../nowhere");
    assert!(
        error("0.1.1").contains("cargo xtask tools install git-cliff"),
        "{}",
        error("0.1.1")
    );
    repository.sh("mv ../nowhere ../bin; git tag v0.1.1 $(git commit-tree HEAD^{tree} -m elsewhere)");
    assert!(error("0.1.1").contains("there is a tag v0.1.1 already"));
    repository.sh("git tag -d v0.1.1");
    repository.commit("some text");
    assert!(
        error("0.1.1").contains("no version follows"),
        "{}",
        error("0.1.1")
    );
    assert!(repository.is_untouched());
}

#[test]
fn a_commit_that_a_hook_rejects_leaves_the_tree_unchanged() {
    let repository = Repository::new("hook", "fix: repair a");
    repository.report("{", "{");
    repository.sh("mkdir -p .git/hooks; printf '#!/bin/sh\\necho no >&2; exit 1\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit");
    let error = repository.release("0.1.1", false).unwrap_err();
    assert!(error.contains("git commit") && error.contains("no"), "{error}");
    assert!(repository.is_untouched());
    assert_eq!(repository.read("CHANGELOG.md"), LOG);
}
