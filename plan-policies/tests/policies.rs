//! Policies of a temporary folder judge plans, and their tests notice policies that deny too little or too much.

#![expect(clippy::unwrap_used, reason = "the whole file is tests")]

use std::fs;
use std::path::Path;

use plan_policies::{Policies, Tested};
use serde_json::{Value, json};
use tempfile::TempDir;

const POLICY: &str = r#"package example.images

import rego.v1

deny contains {
	"rule": "IMG-01",
	"address": resource.address,
	"message": sprintf("%s is no digest", [resource.values.image]),
	"control": "own:1",
} if {
	some resource in input.planned_values.root_module.resources
	not regex.match(`@sha256:[0-9a-f]{64}$`, resource.values.image)
}
"#;

fn digest() -> String {
    format!("r.example/app@sha256:{}", "0".repeat(64))
}

fn plan(image: &str) -> Value {
    let resource = json!({ "address": "app.one", "values": { "image": image } });
    json!({ "format_version": "1.2", "planned_values": { "root_module": { "resources": [resource] } } })
}

fn write(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// With the policy, a good plan and one test, which replaces the image and expects a denial at this address.
fn folder(image: &str, address: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "images.rego", POLICY);
    write(folder.path(), "tests/good.json", &plan(&digest()).to_string());
    let fixture = json!({
        "plan": "good.json",
        "patch": [{ "op": "replace", "path": "/planned_values/root_module/resources/0/values/image", "value": image }],
        "expect": [{ "rule": "IMG-01", "address": address }],
    });
    write(folder.path(), "tests/IMG-01.json", &fixture.to_string());
    folder
}

fn test(folder: &TempDir) -> anyhow::Result<Tested> {
    plan_policies::test(folder.path(), &mut Policies::read(folder.path())?)
}

/// L4: A plan is denied with rule, address, message and control.
#[test]
fn a_bad_plan_is_denied() {
    let folder = folder("app:latest", "app.one");
    let mut policies = Policies::read(folder.path()).unwrap();
    assert!(policies.denials(&plan(&digest())).unwrap().is_empty());
    let denials = policies.denials(&plan("app:latest")).unwrap();
    let denial = denials.first().unwrap();
    assert_eq!(
        (denial.rule.as_str(), denial.address.as_str()),
        ("IMG-01", "app.one")
    );
    assert_eq!(
        (denial.message.as_str(), denial.control.as_str()),
        ("app:latest is no digest", "own:1")
    );
}

/// L4: A policy that denies too little or too much fails its tests.
#[test]
fn tests_notice_what_is_denied_and_what_is_not() {
    let tested = test(&folder("app:latest", "app.one")).unwrap();
    assert_eq!(tested.fixtures.len(), 2);
    for fixture in &tested.fixtures {
        assert!(
            fixture.missing.is_empty() && fixture.unexpected.is_empty(),
            "{fixture:?}"
        );
    }
    assert!(tested.untested.is_empty());
    let is_bad = |folder: &TempDir| {
        let tested = test(folder).unwrap();
        let bad = |name: &str| {
            let fixture = tested.fixtures.iter().find(|it| it.name == name).unwrap();
            (fixture.missing.len(), fixture.unexpected.len())
        };
        (bad("IMG-01"), bad("good"))
    };
    assert_eq!(is_bad(&folder("app:latest", "app.two")), ((1, 1), (0, 0)));
    assert_eq!(is_bad(&folder(&digest(), "app.one")), ((1, 0), (0, 0)));
    let bad_plan = folder("app:latest", "app.one");
    write(bad_plan.path(), "tests/good.json", &plan("app:1").to_string());
    assert_eq!(is_bad(&bad_plan), ((0, 0), (0, 1)));
}

#[test]
fn a_rule_without_a_bad_plan_is_reported() {
    let folder = folder("app:latest", "app.one");
    write(
        folder.path(),
        "other.rego",
        &POLICY.replace("IMG-01", "IMG-02").replace("not regex", "regex"),
    );
    let tested = test(&folder).unwrap();
    assert_eq!(Vec::from_iter(tested.untested), ["IMG-02"]);
}

/// L4: A rule that is reported and not listed is an error: its finding is undefined, so it would never deny anything.
#[test]
fn a_reported_rule_that_is_not_listed_is_an_error() {
    const LISTED: &str = r#"package plan

import rego.v1

controls := {entry.rule: entry.control | some entry in [{"rule": "IMG-01", "control": "own:1"}]}

finding(rule, address, message) := {"rule": rule, "address": address, "message": message, "control": controls[rule]}
"#;
    let reporting = |rule: &str| {
        format!("package a\nimport rego.v1\ndeny contains data.plan.finding(\"{rule}\", \"app.one\", \"\")\n")
    };
    let folder = folder("app:latest", "app.one");
    write(folder.path(), "plan.rego", LISTED);
    write(folder.path(), "a.rego", &reporting("IMG-01"));
    let mut policies = Policies::read(folder.path()).unwrap();
    assert_eq!(policies.denials(&plan(&digest())).unwrap().len(), 1);
    write(folder.path(), "a.rego", &reporting("IMG-02"));
    let error = Policies::read(folder.path()).err().unwrap().to_string();
    assert!(
        error.ends_with("a.rego: the rule IMG-02 is not in the list of rules"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_evaluated_is_an_error() {
    let message = |name: &str, text: &str| {
        let folder = folder("app:latest", "app.one");
        write(folder.path(), name, text);
        test(&folder).map(|_| ()).map_err(|error| format!("{error:#}"))
    };
    for (name, text) in [
        ("a.rego", "package a\nthis is no rego"),
        ("a.rego", "package a\ndeny contains \"text\""),
        ("a.rego", "package a\ndeny contains {\"rule\": \"A\"}"),
        ("a.rego", "package a\ndeny contains to_number(\"one\")"),
        ("tests/a.json", "{}"),
        (
            "tests/a.json",
            "{\"plan\": \"good.json\", \"patch\": [], \"expect\": []}",
        ),
        (
            "tests/a.json",
            "{\"plan\": \"no.json\", \"patch\": [], \"expect\": [{\"rule\": \"a\", \"address\": \"b\"}]}",
        ),
        (
            "tests/a.json",
            "{\"plan\": \"good.json\", \"patch\": [{\"op\": \"remove\", \"path\": \"/no\"}], \"expect\": [{\"rule\": \"a\", \"address\": \"b\"}]}",
        ),
    ] {
        assert!(message(name, text).is_err(), "{name}: {text}");
    }
    assert!(
        message("a.rego", "package a\nallowed := [\"x\"]").is_ok(),
        "a package of values"
    );
    let empty = TempDir::new().unwrap();
    assert!(Policies::read(empty.path()).is_err());
    write(empty.path(), "images.rego", POLICY);
    assert!(test(&empty).is_err(), "no tests");
}
