//! The root modules of the environments: what Terraform makes them repeat is the same in all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "production"];

fn terraform() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../terraform")
}

fn read(file: &str) -> String {
    fs::read_to_string(terraform().join(file)).unwrap()
}

/// The blocks of this kind by name, without their validations.
fn declared(kind: &str, code: &str) -> BTreeMap<String, String> {
    let code = format!("\n{code}");
    let start = format!("\n{kind} \"");
    let blocks = code.split(&start).skip(1);
    let block = |block: &str| {
        let (name, rest) = block.split_once('"').unwrap();
        let body = rest.split("\n}").next().unwrap();
        let body = body.split("\n\n  validation {").next().unwrap();
        (name.to_owned(), body.to_owned())
    };
    blocks.map(block).collect()
}

/// L4: The files of the environments differ in the call of the stack only: a variable or an output is in all of them or in none.
#[test]
fn root_modules_differ_in_their_size_only() {
    for file in ["variables.tf", "outputs.tf", "versions.tf"] {
        let texts = ENVIRONMENTS.map(|name| read(&format!("environments/{name}/{file}")));
        assert!(
            texts.iter().all(|text| *text == texts[0]),
            "{file} is not the same"
        );
    }
    let folders = fs::read_dir(terraform().join("environments")).unwrap();
    let names = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let roots: BTreeSet<String> = names
        .filter(|name| {
            terraform()
                .join("environments")
                .join(name)
                .join("main.tf")
                .exists()
        })
        .collect();
    assert_eq!(roots, ENVIRONMENTS.map(str::to_owned).into());
    let configured: toml::Table = include_str!("../../../deploy/rollout.toml").parse().unwrap();
    let configured = configured["environments"].as_table().unwrap().keys().cloned();
    assert_eq!(configured.collect::<BTreeSet<_>>(), roots);
}

/// L4: What a root module passes on is declared as the stack declares it, which also validates it.
#[test]
fn root_modules_pass_on_what_the_stack_declares() {
    let of_root = declared("variable", &read("environments/dev/variables.tf"));
    let mut of_stack = declared("variable", &read("modules/stack/variables.tf"));
    // These two are the choice of a root module.
    for name in ["environment", "size"] {
        assert!(of_stack.remove(name).is_some(), "{name}");
    }
    assert_eq!(of_root, of_stack);
    let outputs = |file: &str| -> BTreeSet<String> { declared("output", &read(file)).into_keys().collect() };
    assert_eq!(
        outputs("environments/dev/outputs.tf"),
        outputs("modules/stack/outputs.tf")
    );
}

/// L4: A variable that several modules declare for the same thing is declared and validated in the same way.
#[test]
fn modules_declare_what_they_share_in_the_same_way() {
    let whole = |module: &str| -> BTreeMap<String, String> {
        let code = format!("\n{}", read(&format!("modules/{module}/variables.tf")));
        let blocks = code.split("\nvariable \"").skip(1);
        blocks
            .map(|block| {
                let (name, rest) = block.split_once('"').unwrap();
                (name.to_owned(), rest.split("\n}").next().unwrap().to_owned())
            })
            .collect()
    };
    let (app, job) = (whole("app"), whole("migration-job"));
    let common = app.iter().filter(|(name, _)| job.contains_key(*name));
    let common: Vec<&str> = common
        .map(|(name, declaration)| {
            assert_eq!(declaration, &job[name], "{name}");
            name.as_str()
        })
        .collect();
    let expected = [
        "database",
        "environment_id",
        "image",
        "location",
        "name",
        "registry",
        "resource_group_name",
        "tags",
    ];
    assert_eq!(common, expected);
    for entry in fs::read_dir(terraform().join("modules")).unwrap() {
        let module = entry.unwrap().file_name().into_string().unwrap();
        let own = whole(&module);
        for name in ["location", "name", "resource_group_name", "tags"] {
            // The stack has them as locals.
            let declaration = own.get(name).unwrap_or(&app[name]);
            assert_eq!(declaration, &app[name], "{name} of {module}");
        }
    }
}

/// L10: The deploy waits longer for a migration than its job may run: otherwise it would fail while the migration still succeeds.
#[test]
fn the_deploy_waits_longer_than_the_migration_job_may_run() {
    let declared = declared("variable", &read("modules/migration-job/variables.tf"));
    let default = declared["timeout_seconds"]
        .lines()
        .find_map(|line| line.trim().strip_prefix("default     = "));
    let limit: i64 = default.unwrap().parse().unwrap();
    assert!(
        !read("modules/stack/main.tf").contains("timeout_seconds"),
        "the stack gives the job no other time limit"
    );
    let configured: toml::Table = include_str!("../../../deploy/rollout.toml").parse().unwrap();
    for (name, environment) in configured["environments"].as_table().unwrap() {
        let waits = environment["migration-seconds"].as_integer().unwrap();
        // Starting a replica, which pulls its image first, is not part of the job's time.
        assert!(waits >= limit + 300, "{name}: {waits} s, the job {limit} s");
    }
}
