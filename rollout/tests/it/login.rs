//! An `az` that is logged in to the simulator: once for all tests, each of which gets a copy of its configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use harness::context::Context;
use harness::process::command::Command;
use tools::{find, table};

use crate::simulator::{Simulator, TENANT};

/// Copies the configuration.
pub fn copy(context: &Context, simulator: &Simulator, to: &Path) {
    copy_folder(login(context, simulator), to);
}

/// The configuration of an `az` that is logged in to the simulator.
fn login(context: &Context, simulator: &Simulator) -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap().keep();
        let az = find::find(context, &table::get("azure-cli").unwrap())
            .unwrap()
            .unwrap()
            .file;
        let url = simulator.url();
        for args in [
            vec![
                "cloud",
                "register",
                "--name",
                "Simulator",
                "--endpoint-resource-manager",
                &url,
            ],
            vec!["cloud", "set", "--name", "Simulator"],
            vec![
                "login",
                "--service-principal",
                "--username",
                "deploy",
                "--password",
                "none",
                "--tenant",
                TENANT,
            ],
        ] {
            let variables = [
                ("AZURE_CONFIG_DIR", folder.display().to_string()),
                ("AZURE_CORE_INSTANCE_DISCOVERY", "false".to_owned()),
                ("AZURE_CORE_COLLECT_TELEMETRY", "0".to_owned()),
                ("REQUESTS_CA_BUNDLE", simulator.certificate.display().to_string()),
            ];
            Command::new(context, &az)
                .args(args)
                .envs(variables)
                .output()
                .unwrap();
        }
        folder
    })
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
