//! A temporary tree for tests, with its own target folder, cache and programs.

use std::fs;
use std::path::PathBuf;

use harness::context::Context;
use harness::process::command::Command;
use harness::process::script;
use harness::process::shutdown::Stop;
use harness::settings::Settings;

/// The tree is `tree` in the folder, its programs are in `bin`. Removed on drop.
pub struct TestTree {
    pub folder: PathBuf,
    pub context: Context,
}

impl TestTree {
    pub fn new(name: &str) -> TestTree {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let _left_over = fs::remove_dir_all(&folder);
        for part in ["tree", "bin"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        let settings = Settings {
            root: folder.join("tree"),
            target: folder.join("target"),
            cache: Some(folder.join("cache")),
            path: folder.join("bin").into(),
            zap: None,
            ..Settings::read()
        };
        let stop = Stop::default();
        TestTree {
            folder,
            context: Context { settings, stop },
        }
    }

    /// A git repository, without hooks of the machine.
    pub fn with_git(name: &str) -> TestTree {
        let tree = TestTree::new(name);
        tree.sh(
            "git init --quiet --template= --initial-branch=main; git config user.name test; \
             git config user.email test@example.org; git config commit.gpgsign false; git config tag.gpgsign false",
        );
        tree
    }

    pub fn write(&self, path: &str, text: &str) {
        let file = self.context.settings.root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.context.settings.root.join(path)).unwrap()
    }

    /// Adds a program.
    pub fn program(&self, name: &str, text: &str) {
        let file = self.folder.join("bin").join(name);
        script::write(&file, &format!("#!/bin/sh\n{text}\n")).unwrap();
    }

    /// Runs a script in the tree; returns its trimmed output.
    pub fn sh(&self, script: &str) -> String {
        let command = Command::new(&self.context, "/bin/sh").args(["-c", script]);
        let output = command.capture().unwrap();
        assert!(output.status.success(), "{script}: {}", output.stderr);
        output.stdout.trim().to_owned()
    }
}

impl Drop for TestTree {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.folder);
    }
}
