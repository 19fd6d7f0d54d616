//! Releases in a repository of their own, with the real git and cargo, and a script in the place of git-cliff.

use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use harness::context::Context;
use harness::process::command::Command;
use harness::process::shutdown::Stop;
use harness::settings::Settings;

use crate::release::{Options, release};

const NOW: &str = "2026-11-21T10:00:00Z";
const LOG: &str = "# Changelog\n\n## Unreleased\n\n- Something.\n";

struct Repository {
    folder: PathBuf,
    context: Context,
}

impl Repository {
    /// A workspace at 0.1.0, tagged, with one commit since.
    fn new(name: &str, message: &str) -> Repository {
        let folder = std::env::temp_dir().join(format!("xtask-release-{name}-{}", std::process::id()));
        let _left_over = fs::remove_dir_all(&folder);
        let settings = Settings {
            root: folder.join("tree"),
            target: folder.join("target"),
            cache: None,
            path: folder.join("bin").into(),
            ..Settings::read()
        };
        fs::create_dir_all(settings.root.join("one/src")).unwrap();
        let stop = Stop::default();
        let repository = Repository {
            folder,
            context: Context { settings, stop },
        };
        let package = "[workspace]\nresolver = \"3\"\nmembers = [\"one\"]\n\n[workspace.package]\nversion = \"0.1.0\"\n";
        repository.write("Cargo.toml", package);
        repository.write(
            "security/gate.toml",
            "name = \"one\"\ncanaries = \"canaries/\"\nopenapi = \"api.json\"\n",
        );
        repository.write(
            "one/Cargo.toml",
            "[package]\nname = \"one\"\nversion.workspace = true\nedition = \"2024\"\n",
        );
        repository.write("one/src/lib.rs", "//! One.\n");
        repository.write("CHANGELOG.md", LOG);
        repository.write(
            "api.json",
            "{\n  \"info\": {\n    \"version\": \"0.1.0\"\n  }\n}\n",
        );
        repository.sh("mkdir -p ../bin; printf '#!/bin/sh\\n[ \"$1\" = --version ] && echo git-cliff 2.14.2 || printf \"### Commits\\n\\n- all\\n\"\\n' > ../bin/git-cliff; chmod +x ../bin/git-cliff");
        repository.sh("git init --quiet --template= --initial-branch=main .; git config user.name test; git config user.email test@example.org; git config commit.gpgsign false; git config tag.gpgsign false");
        let cargo = repository.context.settings.cargo.display().to_string();
        repository.sh(&format!("{cargo} generate-lockfile --offline --quiet; git add .; git commit --quiet -m 'feat: add one'; git tag v0.1.0"));
        repository.commit(message);
        repository
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.context.settings.root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.context.settings.root.join(path)).unwrap()
    }

    fn commit(&self, message: &str) {
        self.sh(&format!("git commit --quiet --allow-empty -m '{message}'"));
    }

    fn sh(&self, script: &str) -> String {
        let said = Command::new(&self.context, "/bin/sh")
            .args(["-c", script])
            .capture()
            .unwrap();
        assert!(said.status.success(), "{script}: {}", said.stderr);
        said.stdout.trim().to_owned()
    }

    /// The gate's report, with one thing replaced.
    fn report(&self, from: &str, to: &str) {
        let commit = self.sh("git rev-parse HEAD");
        let gate = r#"{"id":"ID","title":"a","verdict":"pass","reason":"","canary":"none","lack":null,"fatal":false,"tools":[],"work":[],"databases":[],"findings":[],"figures":[],"tests":[],"files":[],"limits":[],"ran_at":"","seconds":1.0}"#;
        let gates: Vec<String> = crate::gates::GATES
            .iter()
            .map(|row| gate.replace("ID", row.id))
            .collect();
        let gates = gates.join(",");
        let report = format!(
            r#"{{"schema":"1","verdict":"pass","commit":"{commit}","changed":[],"profile":"release","began":"2026-11-21T09:00:00Z","seconds":1.0,"left_out":[],"warnings":[],"gates":[{gates}],"waivers":[]}}"#
        );
        let folder = self.context.settings.target.join("report");
        fs::create_dir_all(&folder).unwrap();
        assert!(report.contains(from), "{from}");
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

    /// Neither a commit, nor a tag, nor a changed file.
    fn is_untouched(&self) -> bool {
        self.sh("git log -1 --format=%s; git tag; git status --porcelain")
            .lines()
            .nth(1)
            == Some("v0.1.0")
            && self.sh("git tag; git status --porcelain") == "v0.1.0"
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_release_bumps_writes_commits_and_tags_and_pushes_nothing() {
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
    for (file, words) in [
        ("Cargo.toml", "version = \"0.2.0\""),
        ("Cargo.lock", "name = \"one\"\nversion = \"0.2.0\""),
        ("api.json", "\"version\": \"0.2.0\""),
        (
            "CHANGELOG.md",
            "## Unreleased\n\n## 0.2.0 - 2026-11-21\n\n- Something.\n\n### Commits\n\n- all\n",
        ),
    ] {
        assert!(
            repository.read(file).contains(words),
            "{file}: {}",
            repository.read(file)
        );
    }
    let told = repository.release("0.2.1", false).unwrap_err();
    assert!(told.contains("no commit since v0.2.0"), "{told}");
}

#[test]
fn without_a_whole_fresh_pass_of_this_commit_nothing_is_released() {
    let repository = Repository::new("proof", "fix: repair a");
    let told = repository.release("0.1.1", false).unwrap_err();
    assert!(
        told.contains("no report") && told.contains("cargo xtask ci --profile release"),
        "{told}"
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
        let told = repository.release("0.1.1", false).unwrap_err();
        assert!(
            told.contains(reason) && told.contains("--profile release"),
            "{to}: {told}"
        );
    }
    assert!(repository.is_untouched());
    repository.report("{", "{");
    repository.release("0.1.1", true).unwrap();
}

#[test]
fn a_dirty_tree_a_wrong_version_a_bad_message_and_a_missing_tool_are_refused() {
    let repository = Repository::new("refused", "feat: add a");
    repository.report("{", "{");
    let told = |version| repository.release(version, false).unwrap_err();
    assert!(told("0.2.0").contains("0.1.1 does"), "{}", told("0.2.0"));
    repository.write("new.txt", "x");
    assert!(told("0.1.1").contains("dirty") && told("0.1.1").contains("new.txt"));
    repository.sh("rm new.txt");
    repository.sh("mv ../bin ../nowhere");
    assert!(
        told("0.1.1").contains("cargo xtask tools install git-cliff"),
        "{}",
        told("0.1.1")
    );
    repository.sh("mv ../nowhere ../bin; git tag v0.1.1 $(git commit-tree HEAD^{tree} -m elsewhere)");
    assert!(told("0.1.1").contains("there is a tag v0.1.1 already"));
    repository.sh("git tag -d v0.1.1");
    repository.commit("some words");
    assert!(told("0.1.1").contains("no version follows"), "{}", told("0.1.1"));
    assert!(repository.is_untouched());
}

#[test]
fn a_commit_that_a_hook_refuses_leaves_the_tree_as_it_was() {
    let repository = Repository::new("hook", "fix: repair a");
    repository.report("{", "{");
    repository.sh("mkdir -p .git/hooks; printf '#!/bin/sh\\necho no >&2; exit 1\\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit");
    let told = repository.release("0.1.1", false).unwrap_err();
    assert!(told.contains("git commit") && told.contains("no"), "{told}");
    assert!(repository.is_untouched());
    assert_eq!(repository.read("CHANGELOG.md"), LOG);
}
