//! A test machine: scripts in the place of Go, Python, npm and cargo, and its own cache.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The checksum that the table pins.
pub const SUM: &str = "h1:vQ4GeJN86C0QH+gTUQcs8McmK62OLT3kmakPMtEWYnY=";

/// A Go that downloads one module, and builds a program that prints its version.
pub const GO: &str = r#"
case "$1" in
mod) echo "{\"Sum\": \"$(cat "$0.sum")\"}" ;;
install)
    echo built >> "$0.built"
    echo "compiling many things"
    if [ -e "$0.slow" ]; then touch "$0.running"; sleep 60; exit 1; fi
    if [ -e "$0.short" ]; then sleep 1; fi
    if [ -e "$0.broken" ]; then echo "cannot compile it" >&2; exit 1; fi
    mkdir -p "$GOBIN"
    printf '#!/bin/sh\necho 1.7.12\n' > "$GOBIN/actionlint"
    chmod +x "$GOBIN/actionlint" ;;
esac
"#;

/// The machine's folder, removed on drop.
pub struct Machine(pub PathBuf);

impl Machine {
    pub fn new(name: &str) -> Machine {
        let folder = std::env::temp_dir().join(format!("xtask-tools-{name}-{}", std::process::id()));
        let _left_over = fs::remove_dir_all(&folder);
        for part in ["bin", "cache", "cargo", "target"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        Machine(folder)
    }

    pub fn with_go(name: &str) -> Machine {
        let machine = Machine::new(name);
        machine.program("go", GO);
        machine.write("bin/go.sum", SUM);
        machine
    }

    /// Adds a program. It is a link to a file that is never written: executing a file that was just written can fail (ETXTBSY)
    /// while another thread forks.
    pub fn program(&self, name: &str, script: &str) {
        self.write(&format!("bin/{name}.sh"), script);
        let fake_tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/install/fake_tool.sh");
        symlink(fake_tool, self.0.join("bin").join(name)).unwrap();
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.0.join(path), text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap_or_default()
    }

    #[expect(clippy::disallowed_methods, reason = "the tests run the program itself")]
    pub fn start(&self, args: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_tools"))
            .args(args)
            .env("PATH", self.0.join("bin"))
            .env("CARGO", self.0.join("bin/cargo"))
            .env("XDG_CACHE_HOME", self.0.join("cache"))
            .env("CARGO_HOME", self.0.join("cargo"))
            .env("CARGO_TARGET_DIR", self.0.join("target"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs it; answers whether it succeeded, and its output.
    pub fn tools(&self, args: &[&str]) -> (bool, String) {
        result_of(&self.start(args).wait_with_output().unwrap())
    }

    pub fn succeeds(&self, args: &[&str]) -> String {
        let (success, output) = self.tools(args);
        assert!(success, "{output}");
        output
    }

    /// It fails, and its output contains each of these.
    pub fn fails(&self, args: &[&str], expected: &[&str]) -> String {
        let (success, output) = self.tools(args);
        assert!(!success, "{output}");
        for text in expected {
            assert!(output.contains(text), "no {text}: {output}");
        }
        output
    }

    pub fn installed(&self) -> PathBuf {
        self.0.join("cache/portcullis/tools/actionlint/1.7.12")
    }

    /// The line of `list` for a tool.
    pub fn listed(&self, tool: &str) -> String {
        let (_, output) = self.tools(&["list"]);
        let line = output.lines().find(|line| line.starts_with(tool));
        line.unwrap_or_default().to_owned()
    }

    pub fn wait_for(&self, path: &str) {
        let since = Instant::now();
        while !self.0.join(path).exists() {
            assert!(since.elapsed() < Duration::from_secs(60), "no {path}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Staging folders that installations left.
    pub fn staged(&self) -> Vec<String> {
        let staging = fs::read_dir(self.0.join("cache/portcullis/tools/.staging"));
        let entries = staging.into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.path().is_dir());
        folders
            .map(|entry| entry.file_name().display().to_string())
            .collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.0);
    }
}

pub fn result_of(output: &Output) -> (bool, String) {
    let text = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    (output.status.success(), text.concat())
}

pub fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}
