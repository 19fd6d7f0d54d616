//! A server that is killed and started again has what it had answered, and is sealed.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::support::issuer::{call, set_up};
use crate::support::postgres::Postgres;

/// The program, killed when dropped.
struct Program {
    child: Child,
    address: SocketAddr,
    output: Value,
}

impl Program {
    #[expect(clippy::disallowed_methods, reason = "the program is killed, not stopped")]
    fn start(state: &Path) -> Program {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_fake-vault"))
            .arg("--state")
            .arg(state)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let output: Value = serde_json::from_str(&line).unwrap();
        let address = output["address"]
            .as_str()
            .unwrap()
            .strip_prefix("http://")
            .unwrap();
        Program {
            address: address.parse().unwrap(),
            output,
            child,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGKILL.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_killed_server_comes_up_sealed_with_its_leases() {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let killed = Program::start(&file);
    let root = killed.output["root_token"].as_str().unwrap().to_owned();
    let key = killed.output["unseal_keys"][0].clone();
    set_up(killed.address, &root, postgres.address());
    let answer = call(killed.address, "GET", "database/creds/app", &root, &Value::Null);
    let login: Value = serde_json::from_str(&answer.body).unwrap();
    call(
        killed.address,
        "POST",
        "sys/mounts/transit",
        &root,
        &json!({"type": "transit"}),
    );
    let key_of = |address| {
        call(
            address,
            "POST",
            "transit/keys/jwt",
            &root,
            &json!({"type": "ecdsa-p256"}),
        );
        let answer = call(address, "GET", "transit/keys/jwt", &root, &Value::Null);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        body["data"]["keys"]["1"]["public_key"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let public_key = key_of(killed.address);
    drop(killed);

    let again = Program::start(&file);
    assert_eq!(again.output["root_token"], "");
    let sealed = call(
        again.address,
        "GET",
        "auth/token/lookup-self",
        &root,
        &Value::Null,
    );
    assert_eq!(sealed.status, 503);
    let opened = call(again.address, "POST", "sys/unseal", "", &json!({ "key": key }));
    assert_eq!(opened.status, 200, "{}", opened.body);
    let lease = json!({"lease_id": login["lease_id"]});
    assert_eq!(
        call(again.address, "POST", "sys/leases/lookup", &root, &lease).status,
        200
    );
    assert_eq!(key_of(again.address), public_key);
    assert_eq!(postgres.roles("v-").len(), 1);
    assert_eq!(
        call(again.address, "POST", "sys/leases/revoke", &root, &lease).status,
        204
    );
    assert_eq!(postgres.roles("v-"), Vec::<String>::new());
}
