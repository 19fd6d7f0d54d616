//! The real Terraform plans, applies and tests configurations with this provider.

#![expect(clippy::unwrap_used, reason = "the whole file is tests")]

mod workspace;

use serde_json::{Value, json};
use workspace::{PASSWORD, Workspace};

/// Everything that the tests below look at.
const SERVERS: &str = r#"
data "cloud_account" "me" {}

ephemeral "cloud_token" "token" {
  name = "token"
}

resource "cloud_server" "first" {
  name                = "first"
  password_wo         = var.password
  password_wo_version = 1
  identity            = { type = "own" }
  tags                = { tenant = data.cloud_account.me.tenant_id }

  disk {
    gigabytes = 10
  }

  rule {
    name = "web"
  }
}

resource "cloud_server" "second" {
  name        = "second"
  size        = "large"
  password_wo = ephemeral.cloud_token.token.value
  owner_ids   = ["a", cloud_server.first.id]

  network {
    subnet = "own"
  }
}
"#;

/// L3: A plan without an account has defaults, and "known after apply" where the cloud decides.
#[test]
fn a_plan_has_defaults_and_unknown_values() {
    let Some(workspace) = Workspace::new(SERVERS) else {
        return;
    };
    workspace.ok(&["validate"]);
    let plan = workspace.plan();
    let (after, unknown) = change(&plan, "cloud_server.first");
    for (name, value) in [
        ("size", json!("small")),
        ("replicas", json!(2)),
        ("cpu", json!(0.25)),
        ("public", json!(true)),
        ("password_wo", json!(null)),
        ("password_wo_version", json!(1)),
        (
            "tags",
            json!({ "tenant": "00000000-0000-0000-0000-000000000000" }),
        ),
    ] {
        assert_eq!(after[name], value, "{name}");
    }
    assert_eq!(after["disk"][0]["kind"], "ssd");
    // Unset values in the elements of a set are empty.
    assert_eq!(
        after["rule"],
        json!([{ "name": "web", "direction": "", "ports": [] }])
    );
    for name in ["id", "address", "zone", "network"] {
        assert_eq!(unknown[name], true, "{name}");
    }
    assert_eq!(unknown["disk"], json!([{ "path": true }]));
    assert_eq!(unknown["rule"], json!([{ "ports": [], "rule_id": true }]));
    assert_eq!(unknown["identity"], json!({ "principal_id": true }));
    let (after, unknown) = change(&plan, "cloud_server.second");
    assert_eq!(
        (&after["size"], &after["network"]),
        (&json!("large"), &json!([{ "subnet": "own" }]))
    );
    assert_eq!(unknown["owner_ids"], true, "one element is unknown");
}

/// L3: What was applied needs no further change.
#[test]
fn a_second_plan_has_no_changes() {
    let Some(workspace) = Workspace::new(SERVERS) else {
        return;
    };
    workspace.ok(&["apply", "-auto-approve"]);
    workspace.ok(&["plan", "-detailed-exitcode"]);
    let state = workspace.json(&["show", "-json"]);
    let resources = state["values"]["root_module"]["resources"].as_array().unwrap();
    let first = resources
        .iter()
        .find(|it| it["address"] == "cloud_server.first")
        .unwrap();
    assert_eq!(first["values"]["id"], "/groups/example/servers/first");
    let principal = first["values"]["identity"]["principal_id"].as_str().unwrap();
    assert_eq!((principal.len(), principal.split('-').count()), (36, 5));
    workspace.ok(&["destroy", "-auto-approve"]);
    let state = workspace.json(&["show", "-json"]);
    assert_eq!(state["values"], Value::Null);
}

/// L4: A write-only value is in no plan and in no state.
#[test]
fn a_write_only_value_is_in_no_plan_and_no_state() {
    let Some(workspace) = Workspace::new(SERVERS) else {
        return;
    };
    let plan = workspace.plan();
    assert!(!plan.to_string().contains(PASSWORD));
    workspace.ok(&["apply", "-auto-approve"]);
    let state = workspace.read("terraform.tfstate");
    assert!(state.contains("cloud_server") && !state.contains(PASSWORD));
    // The same value in an argument that is stored: the search would find it.
    workspace.configure(&SERVERS.replace("size        = \"large\"", &format!("size = \"{PASSWORD}\"")));
    assert!(workspace.plan().to_string().contains(PASSWORD));
}

/// L3: What cannot be changed in place is replaced.
#[test]
fn a_change_is_made_in_place_or_by_replacement() {
    let Some(workspace) = Workspace::new(SERVERS) else {
        return;
    };
    workspace.ok(&["apply", "-auto-approve"]);
    let change = |old: &str, new: &str| {
        assert!(SERVERS.contains(old));
        workspace.configure(&SERVERS.replacen(old, new, 1));
        let plan = workspace.plan();
        let change = &resource(&plan, "cloud_server.first")["change"];
        (change["actions"].clone(), change["replace_paths"].clone())
    };
    let in_place = (json!(["update"]), Value::Null);
    let replaced = |path: Value| (json!(["delete", "create"]), json!([path]));
    assert_eq!(change("gigabytes = 10", "gigabytes = 20"), in_place);
    assert_eq!(change("name = \"web\"", "name = \"ssh\""), in_place);
    assert_eq!(
        change("\"first\"\n  password", "\"other\"\n  password"),
        replaced(json!(["name"]))
    );
    assert_eq!(
        change("gigabytes = 10", "gigabytes = 10\n    kind = \"hdd\""),
        replaced(json!(["disk", 0, "kind"]))
    );
    assert_eq!(
        change("name = \"web\"", "name = \"web\"\n    direction = \"in\""),
        replaced(json!(["rule"]))
    );
}

/// A change that was made by hand is in the plan.
#[test]
fn a_change_made_by_hand_is_drift() {
    let Some(mut workspace) = Workspace::new(SERVERS) else {
        return;
    };
    workspace.ok(&["apply", "-auto-approve"]);
    assert_eq!(workspace.plan()["resource_drift"], Value::Null);
    workspace.drift(json!({ "cloud_server": { "replicas": 9 } }));
    let output = workspace.run(&["plan", "-detailed-exitcode"]);
    assert_eq!(output.status.code(), Some(2), "{}", output.stderr);
    let plan = workspace.plan();
    let drift = plan["resource_drift"].as_array().unwrap();
    assert_eq!(drift.len(), 2);
    let change = &drift[0]["change"];
    assert_eq!(
        (&change["before"]["replicas"], &change["after"]["replicas"]),
        (&json!(2), &json!(9))
    );
    // A place that the resource does not have is an error, and not the absence of drift.
    workspace.drift(json!({ "cloud_server": { "replica": 9 } }));
    let output = workspace.run(&["plan"]);
    assert!(
        output.stderr.contains("cloud_server has no replica"),
        "{}",
        output.stderr
    );
}

/// L3: Mistakes in form are refused by `validate`.
#[test]
fn mistakes_in_form_are_refused() {
    let Some(workspace) = Workspace::new("") else {
        return;
    };
    for (body, expected) in [
        (
            "name = \"a\"\n  address = \"b\"",
            "Value for unconfigurable attribute",
        ),
        ("name = \"a\"\n  id = \"b\"", "Value for unconfigurable attribute"),
        (
            "name = \"a\"\n  disk {\n    gigabytes = 1\n    path = \"b\"\n  }",
            "Value for unconfigurable attribute",
        ),
        ("size = \"a\"", "Missing required argument"),
        ("name = \"a\"\n  nothing = 1", "Unsupported argument"),
        (
            "name = \"a\"\n  replicas = \"two\"",
            "Incorrect attribute value type",
        ),
        ("name = var.password", "Invalid use of ephemeral value"),
    ] {
        workspace.configure(&format!("resource \"cloud_server\" \"one\" {{\n  {body}\n}}\n"));
        let report = workspace.json(&["validate", "-json"]);
        let found: Vec<_> = report["diagnostics"].as_array().unwrap().iter().collect();
        assert!(
            found.iter().any(|it| it["summary"] == expected),
            "{body}: {found:?}"
        );
    }
}

/// L3: Tests of modules run, with mocked values as well.
#[test]
fn tests_of_modules_run() {
    let Some(workspace) = Workspace::new(SERVERS) else {
        return;
    };
    let test = |mock: &str, condition: &str| {
        let run = format!(
            "{mock}\nvariables {{\n  password = \"p\"\n}}\nrun \"first\" {{\n  command = plan\n  assert {{\n    condition = cloud_server.first.{condition}\n    error_message = \"wrong\"\n  }}\n}}\n"
        );
        workspace.write("first.tftest.hcl", &run);
        workspace.run(&["test"]).status.success()
    };
    assert!(test("", "size == \"small\""));
    assert!(!test("", "size == \"large\""));
    // A mocked provider is not called, so it has no defaults. Terraform cannot mock ephemeral resources.
    workspace.configure("resource \"cloud_server\" \"first\" {\n  name = \"first\"\n}\n");
    let mock = "mock_provider \"cloud\" {}";
    assert!(test(mock, "name == \"first\"") && !test(mock, "size == \"small\""));
}

#[test]
fn an_import_is_refused() {
    let Some(workspace) = Workspace::new(SERVERS) else {
        return;
    };
    let output = workspace.run(&["import", "cloud_server.first", "/groups/example/servers/first"]);
    assert!(
        output.stderr.contains("Import needs the real provider"),
        "{}",
        output.stderr
    );
}

/// The program prints the environment and ends with its standard input.
#[test]
fn the_program_serves_until_its_input_is_closed() {
    let Some(workspace) = Workspace::new(SERVERS) else {
        return;
    };
    let (program, environment) = workspace.start_program();
    let output = workspace
        .command(&["validate"])
        .envs(environment)
        .capture()
        .unwrap();
    assert!(output.status.success(), "{}", output.stderr);
    drop(program);
}

fn resource<'p>(plan: &'p Value, address: &str) -> &'p Value {
    let changes = plan["resource_changes"].as_array().unwrap();
    changes
        .iter()
        .find(|change| change["address"] == address)
        .unwrap()
}

/// The planned values of a resource, and which of them are unknown.
fn change<'p>(plan: &'p Value, address: &str) -> (&'p Value, &'p Value) {
    let change = &resource(plan, address)["change"];
    (&change["after"], &change["after_unknown"])
}
