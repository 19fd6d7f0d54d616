//! A folder with a Terraform configuration, and the provider that it uses.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use harness::context::Context;
use harness::process::command::{Command, Finished};
use harness::process::interactive::Interactive;
use harness::process::shutdown::Stop;
use harness::settings::Settings;
use harness::test_results::ignored;
use offline_provider::{Drift, OfflineProvider, SchemaFile};
use serde_json::Value;
use tempfile::TempDir;

/// The value of the ephemeral variable `password`.
pub const PASSWORD: &str = "canary-qx7lr2vn9tb4";

const HEAD: &str = "terraform {
  required_providers {
    cloud = {
      source = \"example/cloud\"
    }
  }
}

provider \"cloud\" {}

variable \"password\" {
  type      = string
  ephemeral = true
}
";

pub struct Workspace {
    context: Context,
    terraform: PathBuf,
    folder: TempDir,
    provider: OfflineProvider,
}

impl Workspace {
    /// Initialised; `None` without Terraform, in which case the test is reported as ignored.
    pub fn new(resources: &str) -> Option<Workspace> {
        let context = Context {
            settings: Settings::read(),
            stop: Stop::default(),
        };
        let Some(terraform) = context.settings.find_program("terraform") else {
            ignored::report("terraform is not installed");
            return None;
        };
        let workspace = Workspace {
            context,
            terraform,
            folder: TempDir::new().unwrap(),
            provider: start(&Drift::new()),
        };
        workspace.write("terraform.tfvars", &format!("password = \"{PASSWORD}\"\n"));
        workspace.configure(resources);
        workspace.ok(&["init"]);
        Some(workspace)
    }

    /// Replaces the resources.
    pub fn configure(&self, resources: &str) {
        self.write("main.tf", &format!("{HEAD}{resources}"));
    }

    /// Continues with a provider that reports changes made by hand.
    pub fn drift(&mut self, drift: Value) {
        self.provider = start(&serde_json::from_value(drift).unwrap());
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Terraform in the folder, without a provider.
    pub fn command(&self, args: &[&str]) -> Command<'_> {
        Command::new(&self.context, &self.terraform)
            .current_dir(self.folder.path())
            .args(args.iter().copied())
            .envs([
                ("TF_IN_AUTOMATION", "1"),
                ("TF_INPUT", "0"),
                ("TF_CLI_ARGS", "-no-color"),
            ])
    }

    pub fn run(&self, args: &[&str]) -> Finished {
        self.command(args)
            .envs(self.provider.environment())
            .capture()
            .unwrap()
    }

    /// Runs what must succeed, and returns its output.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(
            output.status.success(),
            "{args:?}: {}{}",
            output.stdout,
            output.stderr
        );
        output.stdout
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        serde_json::from_str(&output.stdout).unwrap()
    }

    /// A new plan as JSON.
    pub fn plan(&self) -> Value {
        self.ok(&["plan", "-out=plan"]);
        self.json(&["show", "-json", "plan"])
    }

    /// Starts the program, and returns the variables that it prints.
    pub fn start_program(&self) -> (Interactive, BTreeMap<String, String>) {
        let log = fs::File::create(self.folder.path().join("provider.log")).unwrap();
        let mut program = Command::new(&self.context, env!("CARGO_BIN_EXE_offline-provider"))
            .args([Path::new("--schema"), &schema()])
            .interactive(&log)
            .unwrap();
        let environment = serde_json::from_str(&program.line().unwrap()).unwrap();
        (program, environment)
    }
}

fn schema() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema.json")
}

fn start(drift: &Drift) -> OfflineProvider {
    OfflineProvider::start(SchemaFile::read(&schema()).unwrap(), drift).unwrap()
}
