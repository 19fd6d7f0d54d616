//! A small tree under git with a planted defect, a gate over it, and a shell script in the place of its tool.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use harness::context::Context;
use harness::process::command::Command;
use harness::process::shutdown::Stop;
use harness::settings::Settings;

use crate::config::Config;
use crate::definition::Gate;
use crate::engine;
use crate::finding::Finding;
use crate::outcome::Outcome;
use crate::profile::GateProfile;
use crate::scan;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::shared::{RunOptions, Shared};
use crate::snapshot::Snapshot;
use crate::waivers::Ledger;

/// The tool whose place the script takes, and its pinned version.
pub const TOOL: &str = "gitleaks";
pub const VERSION: &str = "8.30.1";
/// What the script would show if nobody took it out.
pub const TOKEN: &str = "a-token-of-this-run-0123456789";

/// Finds `defect` in a file of that name, and says so in its report; its settings are its third argument.
pub const HONEST: &str = r#"
case "$(ls) $3" in *defect*strict) found='"planted"';; *fault*strict) found='"fault"';; esac
printf '{"files":1,"rules":[%s]}' "$found" > "$2"
"#;

/// Beside the planted defect it is honest, else this.
pub fn honest_only_with_canary(script: &str) -> String {
    format!("if [ -e defect ]; then {HONEST}\nelse {script}\nfi\n")
}

/// A gate over the tool.
pub const GATE: Gate = Gate {
    id: "fake",
    title: "A gate of a test",
    tools: &[TOOL],
    timeout: Duration::from_secs(60),
    inputs: |_, path| path.ends_with(".txt"),
    scan: |ctx| looked(ctx, "strict"),
    expects: &["planted"],
    ..Gate::DEFAULT
};

/// Looks with these settings.
pub fn looked(ctx: &ScanContext<'_>, settings: &str) -> ScanOutcome {
    #[derive(serde::Deserialize)]
    struct Report {
        files: u64,
        rules: Vec<String>,
    }
    let command = ctx
        .tool(TOOL)?
        .args(["--report"])
        .args([ctx.folder.join("report.json")])
        .args([settings]);
    let output = ctx.run(&command, "fake")?;
    let report: Report = serde_json::from_str(&ctx.read_report("report.json")?)
        .map_err(|error| output.failed(&format!("no JSON ({error})")))?;
    let findings = report
        .rules
        .into_iter()
        .map(|rule| Finding::new(TOOL, rule, output.stdout.trim()));
    let seen = ScanResult {
        findings: findings.collect(),
        ..ScanResult::default()
    };
    match output.code {
        0 | 1 => Ok(seen.with_work(report.files, "files", 1)),
        _ => Err(ScanError::ToolFailed(format!("exit code {}", output.code))),
    }
}

/// Where planted defects are in the tree.
const CANARIES: &str = "canaries/";

/// The tree and the tool, removed at the end.
pub struct Fixture {
    folder: PathBuf,
    pub context: Context,
}

impl Fixture {
    /// Of this name, with this script for a tool.
    pub fn new(name: &str, script: &str) -> Fixture {
        let folder = std::env::temp_dir().join(format!("xtask-faults-{name}-{}", std::process::id()));
        let _left_over = fs::remove_dir_all(&folder);
        let root = folder.join("tree");
        fs::create_dir_all(folder.join("bin")).unwrap();
        let settings = Settings {
            path: folder.join("bin").into(),
            zap: None,
            target: folder.join("target"),
            cache: Some(folder.join("cache")),
            root: root.clone(),
            ..Settings::read()
        };
        fs::create_dir_all(&root).unwrap();
        let stop = Stop::default();
        let fixture = Fixture {
            folder,
            context: Context { settings, stop },
        };
        fixture.write("a.txt", "nothing");
        fixture.write("canaries/fake/defect", "planted");
        fixture.sh("git init --quiet --template= .");
        fixture.tool(&format!(
            "[ \"$1\" = version ] && {{ echo {VERSION}; exit 0; }}\n{script}"
        ));
        fixture
    }

    /// A file of the tree.
    pub fn write(&self, path: &str, text: &str) {
        let file = self.context.settings.root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// The whole script. A child writes it: while we had it open, another test's child would inherit that, and nobody
    /// could run it.
    pub fn tool(&self, script: &str) {
        self.program(TOOL, script);
    }

    /// Another program on `PATH`.
    pub fn program(&self, name: &str, script: &str) {
        let file = self.folder.join("bin").join(name);
        let write = format!(
            "cat > {0} <<'END OF SCRIPT'\n#!/bin/sh\n{script}\nEND OF SCRIPT\nchmod +x {0}",
            file.display()
        );
        self.sh(&write);
    }

    /// Nothing is where the tool was.
    pub fn remove_tool(&self) {
        fs::remove_file(self.folder.join("bin").join(TOOL)).unwrap();
    }

    /// Whether any file of the gate's looks holds this text.
    pub fn holds(&self, text: &str) -> bool {
        let files = fs::read_dir(self.looks()).unwrap();
        files.map(|file| file.unwrap().path()).any(|file| {
            let bytes = fs::read(file).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains(text)
        })
    }

    /// A folder of the gate's real look.
    pub fn looks(&self) -> PathBuf {
        self.context.settings.target.join("xtask/gate/fake/real")
    }

    /// What a run shares that begins at this time.
    pub fn shared(&self, began: &str, profile: GateProfile) -> Shared<'_> {
        let asked = RunOptions {
            profile,
            advisory_db: None,
            offline: true,
        };
        let scratch = self.folder.join("scratch");
        let snapshot = Snapshot::take(&self.context, CANARIES, &scratch).unwrap();
        let config = Config {
            canaries: CANARIES.to_owned(),
            ..Config::default()
        };
        let began: DateTime<Utc> = began.parse().unwrap();
        let shared = Shared::new(&self.context, asked, config, snapshot, scratch, began);
        shared.register_secret(TOKEN);
        shared
    }

    /// The gate by itself.
    pub fn run(&self, gate: &Gate) -> Outcome {
        scan::run(
            gate,
            &self.shared("2026-11-21T10:00:00Z", GateProfile::Local),
            &Ledger::default(),
        )
    }

    /// A whole run with the tree's own ledger.
    pub fn run_all(&self, gate: &Gate, began: &str, profile: GateProfile) -> Outcome {
        let ledger = Ledger::read(&self.context.settings.root).unwrap();
        engine::run(&[gate], &self.shared(began, profile), &ledger, 2).remove(0)
    }

    fn sh(&self, script: &str) {
        let output = Command::new(&self.context, "/bin/sh")
            .args(["-c", script])
            .capture()
            .unwrap();
        assert!(output.status.success(), "{}", output.stderr);
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _best_effort = fs::remove_dir_all(&self.folder);
    }
}
