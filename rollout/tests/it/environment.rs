//! One environment for a test: a folder with a root module, evidence and settings, and the deploy's program.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use harness::checksum;
use harness::context::Context;
use harness::process::child::ChildProcess;
use harness::process::command::{Command, EnvVars};
use harness::process::shutdown::Stop;
use harness::settings::Settings;
use rollout::journal::{Folder, Journal};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::login;
use crate::simulator::{self, Simulator};

/// In no log and no journal.
pub const SECRET: &str = "canary-4711-password";
/// The image that runs before.
pub const OLD: &str =
    "acr.sim.test/portcullis@sha256:0000000000000000000000000000000000000000000000000000000000000000";
const COMMIT: &str = "1c8d85dbeb1a2f5b5e7d4e3f2a1b0c9d8e7f6a5b";
const MANIFEST: &str = r#"{"schemaVersion":2,"config":{"digest":"sha256:aaaa"}}"#;

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Printed {
    pub code: Option<i32>,
    pub text: String,
}

/// The image that is deployed.
pub fn new_image() -> String {
    format!("acr.sim.test/portcullis@sha256:{}", checksum::of(MANIFEST))
}

/// A test's environment; its resource group has its name.
pub struct Environment {
    pub name: &'static str,
    pub folder: TempDir,
    pub simulator: Arc<Simulator>,
    context: Context,
}

impl Environment {
    /// An environment in which the old revision runs, if any.
    pub fn new(name: &'static str, runs_already: bool) -> Environment {
        let environment = Environment {
            name,
            folder: tempfile::tempdir().unwrap(),
            simulator: simulator::shared(),
            context: context(),
        };
        login::copy(
            &environment.context,
            &environment.simulator,
            &environment.path("azure"),
        );
        let write = |file: &str, text: &str| {
            let file = environment.path(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("root/main.tf", include_str!("root_module.txt"));
        write(
            "root/.terraform.lock.hcl",
            "# The built-in provider needs no entry.\n",
        );
        write("policies/size.rego", include_str!("policy.txt"));
        write("manifest.json", MANIFEST);
        write(
            "image.json",
            &json!({"digest": "sha256:aaaa", "commit": COMMIT}).to_string(),
        );
        let report = json!({
            "schema": "1", "verdict": "pass", "commit": COMMIT, "changed": [], "profile": "release", "left_out": [],
            "gates": [{"id": "trivy-image", "verdict": "pass", "fatal": false}],
        });
        write("report/report.json", &report.to_string());
        let digest = checksum::of(report.to_string());
        write("report/MANIFEST.sha256", &format!("{digest}  report.json\n"));
        // Notes the address, and fails if a test wants it to.
        write(
            "smoke.sh",
            "echo \"$1\" >> \"$(dirname \"$0\")/smoked\"\ntest ! -f \"$(dirname \"$0\")/smoke-fails\"\n",
        );
        environment.write_config(60);
        environment.write_variables(1);
        environment.terraform(&["init", "-input=false"]);
        environment.simulator.group(name, |group| group.release());
        if runs_already {
            let (app, job) = (format!("-var=app_image={OLD}"), format!("-var=job_image={OLD}"));
            let variables = environment.path("secret.tfvars").display().to_string();
            environment.terraform(&[
                "apply",
                "-auto-approve",
                "-input=false",
                &app,
                &job,
                "-var=revision_suffix=old",
                &format!("-var-file={variables}"),
            ]);
        }
        environment.simulator.group(name, |group| {
            group.requests.clear();
            group.is_released = false;
        });
        environment
    }

    /// A file of the environment.
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// The settings, with this time limit for the migration and the new revision.
    pub fn write_config(&self, limit: u32) {
        let text = format!(
            "smoke = [\"sh\", \"{}\", \"{{url}}\"]\npolicies = \"{}\"\n[environments.sim]\nroot = \"{}\"\njob = \"terraform_data.job\"\n\
             steps = [10, 50, 100]\nwatch-seconds = 0\nmigration-seconds = {limit}\nhealthy-seconds = {limit}\n\
             poll-seconds = 0\n",
            self.path("smoke.sh").display(),
            self.path("policies").display(),
            self.path("root").display()
        );
        fs::write(self.path("rollout.toml"), text).unwrap();
    }

    /// The variables; another size is another plan.
    pub fn write_variables(&self, size: u32) {
        let text = format!(
            "database_password = \"{SECRET}\"\ngroup = \"{}\"\nsize = {size}\n",
            self.name
        );
        fs::write(self.path("secret.tfvars"), text).unwrap();
    }

    fn terraform(&self, args: &[&str]) {
        let root = format!("-chdir={}", self.path("root").display());
        let command = Command::new(&self.context, "terraform")
            .args([root])
            .args(args.to_vec());
        command.envs(self.variables()).output().unwrap();
    }

    fn variables(&self) -> EnvVars {
        let state = format!("{}/state/{}", self.simulator.url(), self.name);
        let certificate = self.simulator.certificate.display().to_string();
        let variables = [
            ("CARGO_TARGET_DIR", self.path("target").display().to_string()),
            ("AZURE_CONFIG_DIR", self.path("azure").display().to_string()),
            ("AZURE_CORE_INSTANCE_DISCOVERY", "false".to_owned()),
            ("REQUESTS_CA_BUNDLE", certificate.clone()),
            ("SSL_CERT_FILE", certificate),
            ("TF_HTTP_ADDRESS", state.clone()),
            ("TF_HTTP_LOCK_ADDRESS", state.clone()),
            ("TF_HTTP_UNLOCK_ADDRESS", state),
            ("TF_CLI_CONFIG_FILE", "/dev/null".to_owned()),
        ];
        variables
            .map(|(name, value)| (name.into(), value.into()))
            .to_vec()
    }

    fn command(&self, args: &[&str]) -> Command<'_> {
        Command::new(&self.context, env!("CARGO_BIN_EXE_rollout"))
            .args(["deploy", args[0], "sim", "--config"])
            .args([self.path("rollout.toml")])
            .args(args[1..].to_vec())
            .envs(self.variables())
    }

    /// Runs a subcommand to its end.
    pub fn run(&self, args: &[&str]) -> Printed {
        let ended = self.command(args).capture().unwrap();
        let text = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!text.contains(SECRET), "{text}");
        Printed {
            code: ended.status.code(),
            text,
        }
    }

    /// Plans the deploy of the new image as revision `app--new`; returns the SHA-256 to approve.
    pub fn plan(&self) -> String {
        let printed = self.run_plan();
        assert_eq!(printed.code, Some(0), "{}", printed.text);
        self.journal().deploy.plan_sha256
    }

    /// The same, whatever its end.
    pub fn run_plan(&self) -> Printed {
        let path = |file: &str| self.path(file).display().to_string();
        self.run(&[
            "plan",
            "--image",
            &new_image(),
            "--manifest",
            &path("manifest.json"),
            "--report",
            &path("report"),
            "--figures",
            &path("image.json"),
            "--revision-suffix",
            "new",
            "--var-file",
            &path("secret.tfvars"),
        ])
    }

    /// Applies the plan.
    pub fn apply(&self, sha256: &str) -> Printed {
        let variables = self.path("secret.tfvars").display().to_string();
        self.run(&["apply", "--approve", sha256, "--var-file", &variables])
    }

    /// Starts to apply the plan.
    pub fn start_apply(&self, sha256: &str) -> ChildProcess {
        let variables = self.path("secret.tfvars").display().to_string();
        let log = fs::File::create(self.path("log")).unwrap();
        self.command(&["apply", "--approve", sha256, "--var-file", &variables])
            .background(&log)
            .unwrap()
    }

    /// Plans and applies.
    pub fn deploy(&self) -> Printed {
        let sha256 = self.plan();
        self.apply(&sha256)
    }

    /// Writes what the deploy sent, beside the other results of tests: the proof that nothing else was touched.
    pub fn write_records(&self) {
        let folder = self.context.settings.target.join("deploy-test");
        fs::create_dir_all(&folder).unwrap();
        let requests = self.simulator.group(self.name, |group| group.requests.clone());
        let lines: Vec<String> = requests
            .iter()
            .map(|request| format!("{} {} {}", request.status, request.method, request.path))
            .collect();
        fs::write(
            folder.join(format!("{}-requests.txt", self.name)),
            lines.join("\n") + "\n",
        )
        .unwrap();
        // Of the commands, what a replay reads.
        let commands = fs::read_to_string(self.path("target/deploy/sim/commands.jsonl")).unwrap();
        let commands = commands
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let recorded = commands
            .filter(|command| command["program"] != "terraform")
            .map(|mut command| {
                let command = command.as_object_mut().unwrap();
                command.retain(|name, _| name != "at" && name != "milliseconds");
                // Further lines are a traceback of Python.
                let stderr: Vec<&str> = command["stderr"].as_str().unwrap().lines().take(2).collect();
                command["stderr"] = stderr.join("\n").into();
                if command["program"] == "sh" {
                    command["args"] = json!(["smoke.sh", "{url}"]);
                }
                json!(command).to_string() + "\n"
            });
        let recorded: String = recorded.collect();
        let name = format!("{}.jsonl", self.name);
        fs::write(folder.join(&name), &recorded).unwrap();
        // A recording that is replayed is what `az` prints: neither edited nor outdated.
        let replayed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/recorded");
        if let Ok(replayed) = fs::read_to_string(replayed.join(&name)) {
            let folder = folder.display();
            assert!(
                replayed == recorded,
                "tests/it/recorded/{name} is another recording than {folder}/{name}"
            );
        }
    }

    /// The journal.
    pub fn journal(&self) -> Journal {
        Journal::read(&Folder::unlocked(&self.path("target"), "sim")).unwrap()
    }

    /// Shares of the traffic, as `NAME=WEIGHT`.
    pub fn traffic(&self) -> Vec<String> {
        let shares = self.simulator.group(self.name, |group| group.shares());
        shares
            .iter()
            .map(|(name, weight)| format!("{name}={weight}"))
            .collect()
    }

    /// Names of the active revisions.
    pub fn active(&self) -> Vec<String> {
        self.simulator.group(self.name, |group| {
            let active = group.revisions.iter().filter(|(_, revision)| revision.is_active);
            active.map(|(name, _)| name.clone()).collect()
        })
    }

    /// Every kind of request that the simulator received, and what the changes of the app had in them.
    pub fn touched(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        self.simulator.group(self.name, |group| {
            let kinds = group.requests.iter().map(|request| {
                let path = request.path.trim_end_matches(|last: char| last.is_ascii_digit());
                format!("{} {path}", request.method)
            });
            let patches = group.requests.iter().filter(|request| request.method == "PATCH");
            let bodies = patches.flat_map(|request| leaves(&serde_json::from_str(&request.body).unwrap()));
            (kinds.collect(), bodies.collect())
        })
    }

    /// Changes that the simulator received.
    pub fn changes(&self) -> Vec<String> {
        self.simulator.group(self.name, |group| group.changes())
    }
}

/// Paths of the members of objects, down to lists and values.
fn leaves(json: &Value) -> Vec<String> {
    let Value::Object(members) = json else {
        return vec![String::new()];
    };
    let members = members.iter().flat_map(|(name, value)| {
        leaves(value)
            .into_iter()
            .map(move |rest| format!("/{name}{rest}"))
    });
    members.collect()
}

/// What the harness needs.
fn context() -> Context {
    Context {
        settings: Settings::read(),
        stop: Stop::default(),
    }
}
