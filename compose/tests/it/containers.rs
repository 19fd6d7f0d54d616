//! The stack, started for real. It takes minutes and needs docker or podman: `cargo test --package compose -- --ignored --nocapture`.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use compose::project::Project;
use compose::{Options, Ports, certificates, down, up};
use harness::context::Context;
use harness::ports;
use harness::process::command::Command;
use image::engine::Engine;
use stack::accounts;
use stack::browser::Browser;
use tempfile::TempDir;

use crate::load::{Load, WRITERS};
use crate::mails::Mails;
use crate::pages::wait_for;

const NETWORK: &str = "10.188.17";

/// Removes the stack also when the test fails.
struct Running<'a> {
    engine: &'a Engine<'a>,
    options: Options,
    folder: TempDir,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let removed = down(self.engine, &self.options);
        assert!(std::thread::panicking() || removed.is_ok(), "{removed:?}");
    }
}

fn free_ports() -> Ports {
    let free = || ports::any_free().unwrap();
    Ports {
        port: free(),
        mailpit_port: free(),
        zipkin_port: free(),
        logs_port: free(),
        prometheus_port: free(),
    }
}

/// L1, L6: The stack starts with one command, is used by browsers and API clients through nginx, is restarted and killed in parts under
/// load, shows its traces, logs and metrics, and leaves nothing when it is stopped.
#[test]
#[ignore = "starts the whole stack in containers, which takes minutes"]
fn the_stack_serves_through_nginx_survives_restarts_and_leaves_nothing() {
    let context = Context::new().unwrap();
    let engine = Engine::find(&context).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let running = Running {
        engine: &engine,
        options: Options::of("portcullis-test", NETWORK, folder.path().join("state")),
        folder,
    };
    let ports = free_ports();
    let project = up(&engine, &running.options, &ports, false).unwrap();
    networks(&engine, &project);
    walk(&context, &running, &ports);
    restarts(&running, &project, &ports);
    replacement(&running, &project, &ports);
    wait_for(ports.zipkin_port, "/api/v2/services", "portcullis");
    wait_for(
        ports.prometheus_port,
        "/api/v1/query?query=count(http_server_request_duration_seconds_count)",
        "\"value\"",
    );
    wait_for(ports.logs_port, "/select/logsql/query?query=*&limit=1", "_msg");
    assert!(!project.left().unwrap().is_empty());
    let (engine, options) = (running.engine, running.options.clone());
    down(engine, &options).unwrap();
    assert_eq!(project.left().unwrap(), [""; 0]);
    assert!(!running.folder.path().join("state").exists());
}

/// L1: nginx reaches the API of a replica and not its metrics, telemetry the metrics and not the API.
fn networks(engine: &Engine<'_>, project: &Project<'_>) {
    let reaches = |part: &str, address: &str| {
        let url = format!("http://{NETWORK}.{address}/health/live");
        let container = project.container(part).unwrap();
        let exec = ["exec", container.as_str(), "/usr/bin/healthcheck", url.as_str()];
        engine.command(exec).capture().unwrap().status.success()
    };
    for (api, metrics) in [("3:3000", "131:9464"), ("4:3000", "132:9464")] {
        assert!(reaches("nginx", api) && !reaches("nginx", metrics), "{api}");
        assert!(
            reaches("prometheus", metrics) && !reaches("prometheus", api),
            "{metrics}"
        );
    }
}

/// The features that need neither the internal listener nor accounts without a second factor: sign-up, mail, confirmation, sign-in and
/// wishes in a browser, and rates.
fn walk(context: &Context, running: &Running<'_>, ports: &Ports) {
    let mails = Mails::follow(ports.mailpit_port, &running.folder.path().join("mails"));
    let browser = Browser::start(context).unwrap();
    assert!(!browser.options().is_empty(), "{:?}", browser.not_run);
    let authority = running
        .folder
        .path()
        .join("state/secrets")
        .join(certificates::AUTHORITY);
    let command = Command::cargo(context)
        .args(["xtask", "features"])
        .args(["--base-url", &format!("https://localhost:{}", ports.port)])
        .args(["--authority".as_ref(), authority.as_os_str()])
        .args(["--mail-folder".as_ref(), mails.folder.as_os_str()])
        .args(browser.options())
        // Each browser and each mail takes a while on a busy machine.
        .args(["--concurrency", "4", "--tags", "@G1 or @B1"]);
    let finished = command.capture().unwrap();
    let lines: Vec<&str> = finished.stdout.trim_end().lines().collect();
    println!("{}", lines[lines.len().saturating_sub(3)..].join("\n"));
    assert!(
        finished.status.success(),
        "{}\n{}",
        finished.stdout,
        finished.stderr
    );
}

/// L6: Another `up` replaces replicas of a former image one after the other, and fails no request. Other containers stay.
fn replacement(running: &Running<'_>, project: &Project<'_>, ports: &Ports) {
    let engine = running.engine;
    let id = |arguments: [&str; 4]| engine.command(arguments).output().unwrap().trim().to_owned();
    let image = project.image("portcullis-1");
    let former = id(["image", "inspect", "--format={{.Id}}", &image]);
    let containers = || {
        ["portcullis-1", "portcullis-2", "nginx", "postgresql"].map(|part| project.container(part).unwrap())
    };
    let before = containers();

    let build = running.folder.path().join("build");
    fs::create_dir(&build).unwrap();
    fs::write(
        build.join("Dockerfile"),
        format!("FROM {image}\nLABEL test=replacement\n"),
    )
    .unwrap();
    let mut command = engine.command(["build", "--quiet", "--tag", &image]);
    if engine.is_bare && engine.is_podman() {
        command = command.args(["--isolation", "chroot"]);
    }
    command.args([build]).output().unwrap();
    let replaced = load(running, ports).during(|| drop(up(engine, &running.options, ports, false).unwrap()));
    let after = containers();
    let new = id(["image", "inspect", "--format={{.Id}}", &image]);
    // The name is that of this tree's image again.
    engine.tag(&former, &image).unwrap();
    println!("replacement of both replicas: {replaced}");
    assert_ne!(former, new);
    for (index, replica) in after[..2].iter().enumerate() {
        assert_ne!(*replica, before[index]);
        assert_eq!(id(["container", "inspect", "--format={{.Image}}", replica]), new);
    }
    assert_eq!(after[2..], before[2..]);
    assert_eq!(replaced.failed(), 0, "{replaced}");
}

fn load(running: &Running<'_>, ports: &Ports) -> Load {
    let secrets = running.folder.path().join("state/secrets");
    let accounts = accounts::in_secrets(&secrets).unwrap();
    let user = accounts.iter().find(|account| account.role == "user").unwrap();
    Load::new(ports.port, &secrets.join(certificates::AUTHORITY), user)
}

/// L6: A rolling restart fails no request; a kill fails at most those changes that were being processed.
fn restarts(running: &Running<'_>, project: &Project<'_>, ports: &Ports) {
    let load = self::load(running, ports);
    let rolling = load.during(|| {
        for replica in ["portcullis-1", "portcullis-2"] {
            project.restart(replica).unwrap();
            // Until nginx uses it again.
            sleep(Duration::from_secs(3));
        }
    });
    println!("rolling restart of both replicas: {rolling}");
    assert_eq!(rolling.failed(), 0, "{rolling}");
    assert!(rolling.succeeded > 500, "{rolling}");
    let killed = load.during(|| {
        project.kill("portcullis-1").unwrap();
        sleep(Duration::from_secs(5));
    });
    println!("kill -9 of one replica: {killed}");
    assert!(killed.failed() <= WRITERS, "{killed}");
    assert!(killed.succeeded > 100, "{killed}");
    // An engine does not restart what its operator killed.
    project.start_again("portcullis-1").unwrap();
}
