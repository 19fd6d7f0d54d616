//! `postgresql/entrypoint.sh`, with programs in the place of PostgreSQL's.

use std::fs;
use std::path::Path;

use harness::context::Context;
use harness::process::command::{Command, Finished};
use harness::process::script;
use harness::process::shutdown::Stop;
use harness::settings::Settings;

use crate::compose_file::read;

/// As the real one it writes `PG_VERSION` early; `incomplete` in its folder makes it end there, as SIGKILL does.
const INITDB: &str = r#"#!/bin/sh
for argument; do
  case "$argument" in --pgdata=*) PGDATA="${argument#--pgdata=}" ;; esac
done
mkdir "$PGDATA" || exit 2
echo 15 >"$PGDATA/PG_VERSION"
[ ! -e "$(dirname "$0")/incomplete" ] || exit 137
echo >"$PGDATA/complete"
"#;

const POSTGRES: &str = "#!/bin/sh\nls \"$PGDATA\"\n";

fn run(folder: &Path) -> Finished {
    let context = Context {
        settings: Settings::read(),
        stop: Stop::default(),
    };
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let command = Command::new(&context, "/bin/sh").args([folder.join("entrypoint.sh")]);
    let command = command.envs([("PATH", path.into()), ("PGDATA", folder.join("data"))]);
    command.capture().unwrap()
}

/// L1: A cluster whose creation was interrupted is created again, and one that is complete is not.
#[test]
fn an_incomplete_cluster_is_never_started() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let entrypoint = read("postgresql/entrypoint.sh");
    let here = folder.display().to_string();
    let entrypoint = entrypoint
        .replace("/run/secrets", &here)
        .replace("/tmp/server.key", &format!("{here}/server.key"));
    fs::write(folder.join("postgresql_key"), "planted").unwrap();
    for (name, text) in [
        ("entrypoint.sh", entrypoint.as_str()),
        ("initdb", INITDB),
        ("postgres", POSTGRES),
    ] {
        script::write(&folder.join(name), text).unwrap();
    }
    fs::write(folder.join("incomplete"), "").unwrap();
    assert_eq!(run(folder).status.code(), Some(137));
    fs::remove_file(folder.join("incomplete")).unwrap();
    let started = run(folder);
    assert_eq!(started.stdout, "PG_VERSION\ncomplete\n", "{}", started.stderr);

    fs::write(folder.join("data/table"), "").unwrap();
    let started = run(folder);
    assert_eq!(
        started.stdout, "PG_VERSION\ncomplete\ntable\n",
        "{}",
        started.stderr
    );
    assert_eq!(fs::read_to_string(folder.join("server.key")).unwrap(), "planted");
}
