//! Starts the image as an operator should, read-only and without privileges, with a PostgreSQL of this machine, and observes it from
//! outside.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use harness::context::Context;
use harness::http_client;
use harness::output::Progress;
use harness::ports;
use harness::process::command::EnvVars;
use serde::{Deserialize, Serialize};
use stack::local_stack::{Load, LocalStack, Plan};

use crate::archive::Archive;
use crate::container::{Container, Status};
use crate::engine::Engine;

/// Migrations are done before, so the service needs a second.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// No request is running, and the delay before the end is 0.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// What differs from a local stack. A name instead of an address must be looked up without a C library beside the program. No mail is
/// sent: a folder for mails would be the only one that must be writable.
const SETTINGS: [(&str, &str); 4] = [
    ("PORTCULLIS_DATABASE_HOST", "localhost"),
    ("PORTCULLIS_MAIL_TRANSPORT", "smtp"),
    ("PORTCULLIS_SMTP_HOST", "127.0.0.1"),
    ("PORTCULLIS_SMTP_PORT", "9"),
];

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Milliseconds from the engine's command to the first 200 of `/health/ready`.
    pub ready_after: u64,
    /// Milliseconds from SIGTERM to the end of the container.
    pub stopped_after: u64,
    /// The largest resident memory in KiB.
    pub peak_memory: u64,
}

/// Starts the image of this name, checks it, and stops it.
///
/// # Errors
/// When it does not start, has a privilege, can write, or does not stop in time.
pub fn check(engine: &Engine<'_>, name: &str, image: &Archive) -> Result<(Started, String)> {
    let context = engine.context;
    let plan = Plan {
        load: Load::Nothing,
        serve: false,
        ..Plan::temporary(context, "image")?
    };
    let stack = LocalStack::start(context, plan, &mut Progress::silent())?;
    let (port, internal) = (ports::any_free()?, ports::any_free()?);
    let mut settings = stack.portcullis.serve_settings(port, internal);
    settings.extend(SETTINGS.map(|(name, value)| (OsString::from(name), OsString::from(value))));
    let settings = by_value(settings, stack.portcullis.secrets_directory())?;

    let since = Instant::now();
    let container = Container::start(engine, name, &settings)?;
    wait_until_ready(context, &container, port)?;
    let ready_after = millis(since);
    let root = http_client::status(port, "/");
    ensure!(root == Some(200), "`/` answers {root:?}, not 200");
    let status = container.status()?;
    ensure_unprivileged(&status)?;
    ensure_read_only(&container)?;
    let healthcheck = image.config.healthcheck.clone().unwrap_or_default().test;
    let command: Vec<&str> = healthcheck.iter().skip(1).map(String::as_str).collect();
    let health = container.exec(&command)?;
    ensure!(
        health.status.success(),
        "the health check fails: {}",
        health.stderr.trim()
    );
    ensure!(
        !container.exec(&["/bin/sh", "-c", "true"])?.status.success(),
        "the image has a shell"
    );
    let peak_memory = container.status()?.number("VmHWM").unwrap_or(0);

    let since = Instant::now();
    let code = container.stop(STOP_TIMEOUT)?;
    let stopped_after = millis(since);
    // 137: SIGKILL, because SIGTERM did not end it in time. 139: a crash.
    if code != 0 {
        bail!(
            "SIGTERM ended the container with exit code {code}, not 0; its last log lines:\n{}",
            container.log()?
        );
    }
    drop(container);
    stack.stop()?;
    let started = Started {
        ready_after,
        stopped_after,
        peak_memory,
    };
    let outcome = format!(
        "read-only, no capabilities, no new privileges, user 65532, healthy; ready after {ready_after} ms, stopped by SIGTERM after \
         {stopped_after} ms, {} MiB at most",
        peak_memory.div_ceil(1024)
    );
    Ok((started, outcome))
}

/// Secrets as values: the container sees no file of this machine. The last of several values of a setting counts.
fn by_value(settings: EnvVars, secrets: &Path) -> Result<BTreeMap<OsString, OsString>> {
    let settings: BTreeMap<OsString, OsString> = settings.into_iter().collect();
    let value = |(name, value): (OsString, OsString)| {
        let file = Path::new(&value);
        let setting = name.to_str().and_then(|name| name.strip_suffix("_FILE"));
        match setting {
            Some(setting) if file.starts_with(secrets) => {
                let secret =
                    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
                Ok((setting.into(), secret.trim_end().into()))
            }
            _ => Ok((name, value)),
        }
    };
    settings.into_iter().map(value).collect()
}

fn wait_until_ready(context: &Context, container: &Container<'_>, port: u16) -> Result<()> {
    let mut status = None;
    let ready = context.stop.wait_until(READY_TIMEOUT, || {
        status = http_client::status(port, "/health/ready");
        Ok(status == Some(200) || !container.is_running()?)
    })?;
    if ready && status == Some(200) {
        return Ok(());
    }
    let status = status.map_or("no response".to_owned(), |status| status.to_string());
    bail!(
        "the container is not ready ({status}); its last log lines:\n{}",
        container.log()?
    )
}

/// What the kernel reports about the process, not what the engine was given.
fn ensure_unprivileged(status: &Status) -> Result<()> {
    for (field, wanted) in [
        ("Uid", "65532\t65532\t65532\t65532"),
        ("Gid", "65532\t65532\t65532\t65532"),
        ("CapInh", "0000000000000000"),
        ("CapPrm", "0000000000000000"),
        ("CapEff", "0000000000000000"),
        ("CapBnd", "0000000000000000"),
        ("CapAmb", "0000000000000000"),
        ("NoNewPrivs", "1"),
    ] {
        let found = status.field(field).unwrap_or_default();
        ensure!(
            found == wanted,
            "the process has {field} `{found}`, not `{wanted}`"
        );
    }
    Ok(())
}

/// The kernel checks whether the file system is read-only before it checks permissions, so that this needs no root.
fn ensure_read_only(container: &Container<'_>) -> Result<()> {
    for file in ["/written", "/etc/written"] {
        let written = container.exec(&["/portcullis", "keys", "generate", file])?;
        let output = format!("{}{}", written.stdout, written.stderr);
        ensure!(
            !written.status.success() && output.contains("Read-only file system"),
            "a write to {file} does not fail as on a read-only file system: {}",
            output.trim()
        );
    }
    Ok(())
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `/proc/PID/status` of a container without privileges.
    const UNPRIVILEGED: &str = "Name:\tportcullis\nUid:\t65532\t65532\t65532\t65532\nGid:\t65532\t65532\t65532\t65532\n\
        CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n\
        CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nVmHWM:\t   34567 kB\n";

    /// L2: A process with a capability, another user or a way to new privileges is refused.
    #[test]
    fn every_privilege_is_found() {
        let ensure = |text: &str| ensure_unprivileged(&Status::of(text)).map_err(|error| error.to_string());
        assert_eq!(ensure(UNPRIVILEGED), Ok(()));
        assert_eq!(Status::of(UNPRIVILEGED).number("VmHWM"), Some(34_567));
        for (holds, breaks, problem) in [
            ("CapEff:\t0000000000000000", "CapEff:\t0000000000000400", "CapEff"),
            ("CapBnd:\t0000000000000000", "CapBnd:\t00000000a80425fb", "CapBnd"),
            ("NoNewPrivs:\t1", "NoNewPrivs:\t0", "NoNewPrivs"),
            ("NoNewPrivs:\t1\n", "", "NoNewPrivs"),
            ("Uid:\t65532", "Uid:\t0", "Uid"),
            ("Gid:\t65532\t65532", "Gid:\t65532\t0", "Gid"),
        ] {
            let error = ensure(&UNPRIVILEGED.replace(holds, breaks)).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn secrets_are_passed_by_value() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rates");
        fs::write(&file, "planted\n").unwrap();
        let settings: EnvVars = vec![
            ("A_PASSWORD_FILE".into(), "/elsewhere".into()),
            ("B_PASSWORD_FILE".into(), file.into()),
            ("C".into(), "1".into()),
            ("C".into(), "2".into()),
        ];
        let settings = by_value(settings, folder.path()).unwrap();
        let wanted = [
            ("A_PASSWORD_FILE", "/elsewhere"),
            ("B_PASSWORD", "planted"),
            ("C", "2"),
        ];
        let wanted: BTreeMap<OsString, OsString> =
            wanted.map(|(name, value)| (name.into(), value.into())).into();
        assert_eq!(settings, wanted);
    }
}
