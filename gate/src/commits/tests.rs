//! Histories in repositories of their own, with the real git.

use std::fs;
use std::path::PathBuf;

use harness::context::Context;
use harness::process::command::Command;
use harness::process::shutdown::Stop;
use harness::settings::Settings;

use crate::commits::{Options, history, of_hook, run};

struct Repository {
    folder: PathBuf,
    context: Context,
}

impl Repository {
    /// One good commit that is tagged, then two: a bad one and a good one.
    fn new(name: &str) -> Repository {
        let folder = std::env::temp_dir().join(format!("xtask-commits-{name}-{}", std::process::id()));
        let _left_over = fs::remove_dir_all(&folder);
        let settings = Settings {
            root: folder.join("tree"),
            ..Settings::read()
        };
        fs::create_dir_all(&settings.root).unwrap();
        let context = Context {
            settings,
            stop: Stop::default(),
        };
        let repository = Repository { folder, context };
        repository.sh("git init --quiet --template= --initial-branch=main; git config user.name test; git config user.email test@example.org; git config commit.gpgsign false; git config tag.gpgsign false");
        repository.sh("for message in 'feat: add one' 'some text' 'feat: add two'; do git commit --quiet --allow-empty -m \"$message\"; done; git tag v0.1.0 HEAD^^");
        repository
    }

    fn sh(&self, script: &str) {
        let command = Command::new(&self.context, "/bin/sh").args(["-c", script]);
        let said = command.capture().unwrap();
        assert!(said.status.success(), "{script}: {}", said.stderr);
    }

    fn violations(&self) -> usize {
        let history = history::since_last_tag(&self.context, &self.context.settings.root).unwrap();
        history.violations().count()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn only_a_tag_of_a_version_ends_what_is_looked_at() {
    let repository = Repository::new("tags");
    assert_eq!(repository.violations(), 1);
    for tag in ["v0evil", "v1", "v1.2", "v01.2.3", "v1.2.3.4"] {
        repository.sh(&format!("git tag {tag} HEAD^"));
        assert_eq!(repository.violations(), 1, "{tag}");
    }
    repository.sh("git tag v0.2.0-rc.1 HEAD^");
    assert_eq!(repository.violations(), 0, "a version");
}

#[test]
fn a_shallow_clone_is_no_history() {
    let repository = Repository::new("shallow");
    repository.sh("git clone --quiet --depth=1 \"file://$PWD\" ../shallow");
    let mut context = repository.context.clone();
    context.settings.root = repository.folder.join("shallow");
    let options = Options {
        range: None,
        message_file: None,
    };
    let told = run(&context, &options).unwrap_err().to_string();
    assert!(told.contains("shallow"), "{told}");
}

#[test]
fn a_hook_lets_a_merge_pass_and_nothing_else_of_that_kind() {
    let repository = Repository::new("hook");
    let merge = "Merge branch 'side'\n";
    assert!(
        of_hook(&repository.context, merge).is_err(),
        "no merge is going on"
    );
    repository.sh("git switch --quiet -c side HEAD^; git commit --quiet --allow-empty -m 'feat: add side'; git switch --quiet main; git merge --quiet --no-ff --no-commit side");
    of_hook(&repository.context, merge).unwrap();
}
