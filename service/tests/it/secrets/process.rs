//! What other processes and users of the machine can read of a service and of its files.

use crate::support::database::{DATA_KEY, Database};
use crate::support::program::{BackgroundTool, ServiceProcess, run, run_tool_as, stderr, stdout};
use crate::support::temp_file::TempFile;
use private_postgres::account::Account;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Files of a process that show its memory, or lead to it.
const FILES: [&str; 6] = ["environ", "mem", "maps", "pagemap", "auxv", "io"];

/// What `head` prints of a file of a process, as this account. Some of them are as large as the address space.
fn read_as(account: Account, pid: u32, file: &str) -> (String, String) {
    let path = format!("/proc/{pid}/{file}");
    let output = run_tool_as(account, Path::new("/usr/bin/head"), &["-c", "4096", &path]);
    (stdout(&output), stderr(&output))
}

fn is_refused(account: Account, pid: u32, file: &str) -> bool {
    let (content, error) = read_as(account, pid, file);
    let refused = error.contains("Permission denied");
    assert!(!refused || content.is_empty(), "{file}: {error}");
    refused
}

/// Whether Yama forbids all processes to attach to others than their children.
fn forbids_attaching() -> bool {
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
    scope.is_ok_and(|scope| scope.trim() != "0")
}

/// V7: Another process of the service's own user reads neither its memory nor the environment that it was started with;
/// of an unprotected process it reads both.
#[test]
fn another_process_of_its_user_cannot_read_the_service() {
    let account = Account::for_server().unwrap();
    let secret = [("PORTCULLIS_DATA_KEY", DATA_KEY)];
    let unprotected = BackgroundTool::start_as(account, Path::new("/bin/sleep"), &["600"], &secret);
    let (environment, error) = read_as(account, unprotected.pid(), "environ");
    assert!(
        environment.contains(DATA_KEY),
        "the control cannot be read: {error}"
    );
    let serving = ServiceProcess::start_as(account, &Database::not_created().pairs());
    for file in FILES {
        let is_readable = !is_refused(account, unprotected.pid(), file);
        assert!(is_readable || (file == "mem" && forbids_attaching()), "{file}");
        assert!(
            is_refused(account, serving.pid(), file),
            "{file} of the service is readable"
        );
    }
    let files = format!("/proc/{}/fd", serving.pid());
    let open_files = run_tool_as(account, Path::new("/bin/ls"), &[&files]);
    assert!(
        stderr(&open_files).contains("Permission denied"),
        "{open_files:?}"
    );
}

/// V7: In production the secrets whose values are in the environment are named in one warning.
#[test]
fn secrets_in_the_environment_are_named() {
    let file = TempFile::new("password", "not-the-password\n");
    fs::set_permissions(file.path(), Permissions::from_mode(0o600)).unwrap();
    let warning = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let text = stderr(&run(&["migrate", "status"], &pairs));
        assert!(!text.contains("not-the-password"), "{text}");
        text.lines()
            .find(|line| line.contains("secret.in_environment"))
            .map(str::to_owned)
    };
    let rates = ("DATABASE_RATES_PASSWORD", "not-the-password");
    let both = warning(&[rates, ("DATABASE_MIGRATOR_PASSWORD", "not-the-password")]).unwrap();
    assert!(
        both.contains("DATABASE_RATES_PASSWORD,DATABASE_MIGRATOR_PASSWORD"),
        "{both}"
    );
    assert_eq!(
        warning(&[("DATABASE_MIGRATOR_PASSWORD_FILE", file.path_str())]),
        None
    );
    assert_eq!(warning(&[rates, ("PROFILE", "development")]), None);
}

/// V7: The process leaves no core dump, which would hold keys and passwords.
#[test]
fn the_process_leaves_no_core_dump() {
    let serving = ServiceProcess::start(&Database::not_created().pairs());
    assert_eq!(serving.core_limits(), ["0", "0"]);
}

/// V7: In production a secret's file that others can read is named in a warning.
#[test]
fn a_secret_file_that_others_can_read_is_named() {
    let file = TempFile::new("password", "not-the-password\n");
    let config = TempFile::new("toml", "database_migrator_password = \"not-the-password\"\n");
    let harmless = TempFile::new("toml", "listen = \"127.0.0.1:0\"\n");
    let settings = [(
        "DATABASE_MIGRATOR_PASSWORD_FILE".to_owned(),
        file.path_str().to_owned(),
    )];
    for (mode, is_named) in [(0o644, true), (0o640, true), (0o600, false), (0o400, false)] {
        fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
        let text = stderr(&run(&["migrate", "status"], &settings));
        let named = text.contains("secret.exposed") && text.contains("DATABASE_MIGRATOR_PASSWORD");
        assert_eq!(named, is_named, "{mode:o}: {text}");
        assert!(!text.contains("not-the-password"), "{text}");
        for (config, has_secret) in [(&config, true), (&harmless, false)] {
            fs::set_permissions(config.path(), Permissions::from_mode(mode)).unwrap();
            let text = stderr(&run(&["--config", config.path_str(), "migrate", "status"], &[]));
            let named = text.contains("secret.exposed") && text.contains(config.path_str());
            assert_eq!(named, is_named && has_secret, "{mode:o}: {text}");
        }
    }
}
