//! What the policies about plans assume about the service, and the document that lists them.

use portcullis::config::setting_names::{PREFIX, SETTINGS};
use portcullis::startup::STOP_LIMIT;
use std::collections::BTreeSet;

const POLICIES: &str = include_str!("../../../../terraform/policies/container_apps.rego");
const VARIABLES: &str = include_str!("../../../../terraform/modules/app/variables.tf");
const RULES: &str = include_str!("../../../../terraform/policies/plan.rego");
const DOCUMENT: &str = include_str!("../../../../docs/azure.md");

/// Whether ACA-11 takes a setting of this name for a secret.
fn has_secret_name(name: &str) -> bool {
    let is_key = name.match_indices("KEY").any(|(at, _)| {
        let rest = &name[at + 3..];
        ["", "S"].contains(&rest) || !rest.starts_with(|next: char| next.is_ascii_uppercase())
    });
    is_key
        || ["PASSWORD", "SECRET", "TOKEN", "KEYS"]
            .iter()
            .any(|word| name.contains(word))
}

fn default(name: &str) -> &'static str {
    let setting = SETTINGS.iter().find(|setting| setting.name == name);
    setting.unwrap().default.unwrap()
}

/// L4: The settings that ACA-11 does not take for secrets are those of the service whose names only look so.
#[test]
fn the_policy_knows_which_settings_are_no_secrets() {
    let list = POLICIES.split_once("\nno_secrets := {\n").unwrap().1;
    let list = list.split_once("\n}").unwrap().0.lines();
    let listed: BTreeSet<String> = list
        .map(|line| line.trim().trim_matches(['"', ',']).to_owned())
        .collect();
    let settings = SETTINGS.iter().filter(|setting| {
        // A path is recognized by its name.
        !setting.secret && !setting.name.ends_with("_FILE") && has_secret_name(setting.name)
    });
    let expected: BTreeSet<String> = settings
        .map(|setting| format!("{PREFIX}{}", setting.name))
        .collect();
    assert_eq!(listed, expected);
}

/// L4: The variable `settings` refuses each secret of the service, and no other setting but the paths of secrets.
#[test]
fn the_module_takes_no_secret_as_a_setting() {
    let between = |start: &str, end: &str| {
        let rest = VARIABLES.split_once(start).unwrap().1;
        rest.split_once(end).unwrap().0
    };
    let words: Vec<&str> = between("regex(\"(", ")\"").split('|').collect();
    let excepted = between("(contains([", "]").split(", ");
    let excepted: BTreeSet<&str> = excepted.map(|name| name.trim_matches('"')).collect();
    assert!(words.len() > 2, "{words:?}");
    let is_named = |name: &str| words.iter().any(|word| name.contains(word));
    let mut wrongly_named = BTreeSet::new();
    for setting in SETTINGS {
        let name = format!("{PREFIX}{}", setting.name);
        if setting.secret {
            assert!(is_named(&name) && !excepted.contains(name.as_str()), "{name}");
        } else if is_named(&name) && !name.ends_with("_FILE") {
            wrongly_named.insert(name);
        }
    }
    let excepted: BTreeSet<String> = excepted.into_iter().map(str::to_owned).collect();
    assert_eq!(wrongly_named, excepted);
}

/// L4: The policies assume the service's defaults where a plan sets nothing.
#[test]
fn the_policies_know_the_defaults_of_the_service() {
    for name in ["SHUTDOWN_DELAY", "SHUTDOWN_GRACE"] {
        let call = format!("seconds(container, \"{PREFIX}{name}\", ");
        let assumed = POLICIES.split(&call).skip(1);
        let assumed: BTreeSet<&str> = assumed.map(|rest| rest.split(')').next().unwrap()).collect();
        assert_eq!(assumed, BTreeSet::from([default(name)]), "{name}");
    }
    assert!(POLICIES.contains(&format!("\nstop_limit := {}\n", STOP_LIMIT.as_secs())));
    let listen = format!("\"{PREFIX}INTERNAL_LISTEN\", \"{}\"", default("INTERNAL_LISTEN"));
    assert!(POLICIES.contains(&listen), "{listen}");
}

/// L4: docs/azure.md has every rule.
#[test]
fn the_document_has_every_rule() {
    let rules = RULES
        .split("{\"rule\": \"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    let rules: BTreeSet<String> = rules.map(str::to_owned).collect();
    assert!(rules.len() > 30, "{rules:?}");
    let table = DOCUMENT
        .split_once("| rules | about |\n")
        .unwrap()
        .1
        .lines()
        .skip(1);
    let cells = table
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.split('|').nth(1).unwrap().trim());
    let mut documented = BTreeSet::new();
    for part in cells.flat_map(|cell| cell.split(", ")) {
        let Some((first, last)) = part.split_once(" to ") else {
            documented.insert(part.to_owned());
            continue;
        };
        let numbered = |name: &str| {
            let (kind, number) = name.split_once('-').unwrap();
            (kind.to_owned(), number.parse::<u32>().unwrap())
        };
        let ((kind, first), (_, last)) = (numbered(first), numbered(last));
        documented.extend((first..=last).map(|number| format!("{kind}-{number:02}")));
    }
    assert_eq!(documented, rules);
}
