//! A temporary tree for a run of the gate.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A git repository in `tree`, programs in `bin`, and a target folder; removed on drop.
pub struct Checkout(pub PathBuf);

impl Checkout {
    pub fn new(name: &str) -> Checkout {
        let folder = std::env::temp_dir().join(format!("xtask-tests-gate-{name}-{}", std::process::id()));
        let _left_over = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("tree")).unwrap();
        fs::create_dir_all(folder.join("bin")).unwrap();
        Checkout(folder)
    }

    /// With one file and one canary; rustfmt is this script.
    pub fn small(name: &str, rustfmt: &str) -> Checkout {
        let checkout = Checkout::new(name);
        checkout.write("a.rs", "//! A.\n");
        checkout.write(
            "security/gate.toml",
            "name = \"small\"\ncanaries = \"canaries/\"\n",
        );
        checkout.write("canaries/fmt/bad.rs", "fn  bad( ){}\n");
        checkout.sh("git init --quiet --template= .");
        let script =
            format!("cat > ../bin/rustfmt <<'END'\n#!/bin/sh\n{rustfmt}\nEND\nchmod +x ../bin/rustfmt");
        checkout.sh(&script);
        checkout
    }

    /// A copy of this repository with one valid commit.
    pub fn whole(name: &str) -> Checkout {
        let checkout = Checkout::new(name);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let files = "git ls-files -z --cached --others --exclude-standard";
        let copy = format!(
            "cd '{}' && {files} | tar --null --ignore-failed-read -T - -cf - | tar -C '{}' -xf -",
            root.display(),
            checkout.0.join("tree").display()
        );
        checkout.sh(&copy);
        checkout.sh("git init --quiet --template= . && git add . ");
        checkout.commit("feat: add all files");
        checkout
    }

    pub fn write(&self, path: &str, text: &str) {
        let file = self.0.join("tree").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub fn append(&self, path: &str, text: &str) {
        let before = fs::read_to_string(self.0.join("tree").join(path)).unwrap();
        self.write(path, &(before + text));
    }

    /// Replaces every occurrence in a file that contains it.
    pub fn replace(&self, path: &str, old: &str, new: &str) {
        let before = fs::read_to_string(self.0.join("tree").join(path)).unwrap();
        assert!(before.contains(old), "{path} does not contain {old:?}");
        self.write(path, &before.replace(old, new));
    }

    pub fn commit(&self, message: &str) {
        let who = "-c user.name=test -c user.email=test@example.org -c commit.gpgsign=false";
        self.sh(&format!(
            "git {who} commit --quiet --no-verify --allow-empty -m '{message}'"
        ));
    }

    pub fn sh(&self, script: &str) {
        let output = self
            .of(Command::new("/bin/sh").args(["-c", script]))
            .output()
            .unwrap();
        assert!(output.status.success(), "{script}: {}", text(&output));
    }

    /// Runs a command in the tree, with its own target folder and its programs first on `PATH`.
    pub fn of<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut all = vec![self.0.join("bin")];
        all.extend(std::env::split_paths(&path));
        for name in [
            "GIT_DIR",
            "GIT_INDEX_FILE",
            "GIT_WORK_TREE",
            "GITHUB_STEP_SUMMARY",
        ] {
            command.env_remove(name);
        }
        command
            .current_dir(self.0.join("tree"))
            .env("PATH", std::env::join_paths(all).unwrap())
            .env("XTASK_ROOT", self.0.join("tree"))
            .env("CARGO_TARGET_DIR", self.0.join("target"))
    }

    pub fn ci_command(&self, only: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gate"));
        self.of(command.args(["ci", "--offline", "--only", only]));
        command
    }

    /// Runs these gates and returns the report's verdict of each: `no-tool` if the tool is missing.
    pub fn ci(&self, gates: &[&str]) -> (Output, BTreeMap<String, String>) {
        let output = self.ci_command(&gates.join(",")).output().unwrap();
        let report = self.0.join("target/report/report.json");
        let json = fs::read_to_string(report).unwrap_or_default();
        assert!(!json.is_empty(), "{}", text(&output));
        let report: serde_json::Value = serde_json::from_str(&json).unwrap();
        let gate = |gate: &serde_json::Value| {
            let member = |name: &str| gate[name].as_str().unwrap_or_default().to_owned();
            let verdict = match member("lack").as_str() {
                "tool" => "no-tool".to_owned(),
                _ => member("verdict"),
            };
            (member("id"), verdict)
        };
        let verdicts: BTreeMap<_, _> = report["gates"].as_array().unwrap().iter().map(gate).collect();
        assert_eq!(verdicts.len(), gates.len(), "{}", text(&output));
        (output, verdicts)
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.0);
    }
}

/// Standard output and standard error.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
