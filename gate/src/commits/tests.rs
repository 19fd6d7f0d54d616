//! Tests with the real git in temporary repositories.

use crate::commits::{Options, history, of_hook, run};
use crate::test_tree::TestTree;

/// One good commit that is tagged, then a bad and a good one.
fn repository(name: &str) -> TestTree {
    let tree = TestTree::with_git(&format!("commits-{name}"));
    tree.sh("for message in 'feat: add one' 'some text' 'feat: add two'; do git commit --quiet --allow-empty -m \"$message\"; done; git tag v0.1.0 HEAD^^");
    tree
}

fn violations(tree: &TestTree) -> usize {
    let history = history::since_last_tag(&tree.context, &tree.context.settings.root).unwrap();
    history.violations().count()
}

#[test]
fn only_a_version_tag_ends_the_range() {
    let repository = repository("tags");
    assert_eq!(violations(&repository), 1);
    for tag in ["v0evil", "v1", "v1.2", "v01.2.3", "v1.2.3.4"] {
        repository.sh(&format!("git tag {tag} HEAD^"));
        assert_eq!(violations(&repository), 1, "{tag}");
    }
    repository.sh("git tag v0.2.0-rc.1 HEAD^");
    assert_eq!(violations(&repository), 0, "a version");
}

#[test]
fn a_shallow_clone_is_no_history() {
    let repository = repository("shallow");
    repository.sh("git clone --quiet --depth=1 \"file://$PWD\" ../shallow");
    let mut context = repository.context.clone();
    context.settings.root = repository.folder.join("shallow");
    let options = Options {
        range: None,
        message_file: None,
    };
    let error = run(&context, &options).unwrap_err().to_string();
    assert!(error.contains("shallow"), "{error}");
}

#[test]
fn a_hook_accepts_a_merge_message_only_during_a_merge() {
    let repository = repository("hook");
    let merge = "Merge branch 'side'\n";
    assert!(
        of_hook(&repository.context, merge).is_err(),
        "no merge in progress"
    );
    repository.sh("git switch --quiet -c side HEAD^; git commit --quiet --allow-empty -m 'feat: add side'; git switch --quiet main; git merge --quiet --no-ff --no-commit side");
    of_hook(&repository.context, merge).unwrap();
}
