//! Test-only: a small gate over a temporary tree with a planted defect, with a shell script in the place of its tool.

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::config::Config;
use crate::definition::Gate;
use crate::engine;
use crate::finding::Finding;
use crate::outcome::{Outcome, Verdict};
use crate::profile::GateProfile;
use crate::run_state::{RunOptions, RunState};
use crate::scan;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};
use crate::snapshot::Snapshot;
use crate::test_tree::TestTree;
use crate::waivers::Ledger;

/// The tool that the script replaces, and its pinned version.
pub const TOOL: &str = "gitleaks";
pub const VERSION: &str = "8.30.1";
/// A secret of the run, which some scripts print.
pub const TOKEN: &str = "a-token-of-this-run-0123456789";

/// Reports files named `defect` and `fault`. The second argument is the report's path, the third its settings.
pub const HONEST: &str = r#"
case "$(ls) $3" in *defect*strict) found='"planted"';; *fault*strict) found='"fault"';; esac
printf '{"files":1,"rules":[%s]}' "$found" > "$2"
"#;

/// Behaves correctly on the canary, and like this script on the tree.
pub fn honest_only_with_canary(script: &str) -> String {
    format!("if [ -e defect ]; then {HONEST}\nelse {script}\nfi\n")
}

/// The gate that runs the tool.
pub const GATE: Gate = Gate {
    id: "fake",
    title: "A gate of a test",
    tools: &[TOOL],
    timeout: Duration::from_secs(60),
    inputs: |_, path| path.ends_with(".txt"),
    scan: |ctx| scan_with(ctx, "strict"),
    expects: &["planted"],
    ..Gate::DEFAULT
};

/// Scans with these settings.
pub fn scan_with(ctx: &ScanContext<'_>, settings: &str) -> ScanOutcome {
    #[derive(serde::Deserialize)]
    struct Report {
        files: u64,
        rules: Vec<String>,
    }
    let report = ctx.folder.join("report.json");
    let command = ctx
        .tool(TOOL)?
        .args(["--report".as_ref(), report.as_os_str(), settings.as_ref()]);
    let output = ctx.run(&command, "fake")?;
    let report: Report = serde_json::from_str(&ctx.read_report("report.json")?)
        .map_err(|error| output.failed(&format!("no JSON ({error})")))?;
    let rules = report.rules.into_iter();
    let findings = rules.map(|rule| Finding::new(TOOL, rule, output.stdout.trim()));
    match output.code {
        0 | 1 => Ok(ScanResult::of(findings).with_work(report.files, "files", 1)),
        _ => Err(ScanError::ToolFailed(format!("exit code {}", output.code))),
    }
}

/// The folder of canaries in the tree.
const CANARIES: &str = "canaries/";

/// The tree with its canary and the tool.
pub struct Fixture(TestTree);

impl Deref for Fixture {
    type Target = TestTree;

    fn deref(&self) -> &TestTree {
        &self.0
    }
}

impl Fixture {
    /// With this script as the tool.
    pub fn new(name: &str, script: &str) -> Fixture {
        let fixture = Fixture(TestTree::with_git(&format!("faults-{name}")));
        fixture.write("a.txt", "nothing");
        fixture.write("canaries/fake/defect", "planted");
        fixture.tool(script);
        fixture
    }

    /// Replaces the tool; the script need not print the version.
    pub fn tool(&self, script: &str) {
        let version = format!("[ \"$1\" = version ] && {{ echo {VERSION}; exit 0; }}");
        self.program(TOOL, &format!("{version}\n{script}"));
    }

    pub fn remove_tool(&self) {
        fs::remove_file(self.folder.join("bin").join(TOOL)).unwrap();
    }

    /// Whether any file of the gate's scan contains this text.
    pub fn contains(&self, text: &str) -> bool {
        let files = fs::read_dir(self.scan_folder()).unwrap();
        files.map(|file| file.unwrap().path()).any(|file| {
            let bytes = fs::read(file).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains(text)
        })
    }

    /// The folder of the gate's scan of the tree.
    pub fn scan_folder(&self) -> PathBuf {
        self.context.settings.target.join("xtask/gate/fake/real")
    }

    /// The state of a run that starts at this time.
    pub fn run_state(&self, began: &str, profile: GateProfile) -> RunState<'_> {
        let options = RunOptions {
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
        let run_state = RunState::new(&self.context, options, config, snapshot, scratch, began);
        run_state.register_secret(TOKEN);
        run_state
    }

    /// Runs the gate alone.
    pub fn run(&self, gate: &Gate) -> Outcome {
        let run_state = self.run_state("2026-11-21T10:00:00Z", GateProfile::Local);
        scan::run(gate, &run_state, &Ledger::default())
    }

    /// A complete run, with the ledger of the tree.
    pub fn run_all(&self, gate: &Gate, began: &str, profile: GateProfile) -> Outcome {
        let ledger = Ledger::read(&self.context.settings.root).unwrap();
        engine::run(&[gate], &self.run_state(began, profile), &ledger, 2).remove(0)
    }
}

/// Asserts that the gate failed for this reason.
pub fn assert_fails(outcome: &Outcome, reason: &str) {
    assert_eq!(outcome.verdict, Verdict::Fail, "{outcome:?}");
    assert!(outcome.reason.contains(reason), "{}", outcome.reason);
}
