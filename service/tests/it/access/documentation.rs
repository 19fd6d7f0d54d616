//! docs/secure-database-access.md, compared with what it describes.

use crate::support::app::App;
use crate::support::database::Database;
use portcullis::types::access::{AccessLevel, AccessState};
use std::path::PathBuf;

/// N7: The design names every operation, level and state, with diagrams, the rejected alternatives, and the mapping to Azure and AWS.
#[test]
fn the_design_names_every_operation_level_and_state() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/secure-database-access.md");
    let design = std::fs::read_to_string(path).unwrap();
    let database = Database::not_created();
    let document = App::over(&database).get("/openapi.json").json();
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    let of_access: Vec<&&String> = paths.iter().filter(|path| path.starts_with("/access/")).collect();
    assert!(of_access.len() >= 8, "{of_access:?}");
    for path in of_access {
        let short = path.replace("/access/requests/{id}/", "…/");
        assert!(
            design.contains(path.as_str()) || design.contains(&short),
            "{path}"
        );
    }
    let levels = AccessLevel::ALL.map(AccessLevel::as_str);
    let states = AccessState::ALL.map(AccessState::as_str);
    for name in levels.into_iter().chain(states) {
        assert!(design.contains(name), "{name}");
    }
    for part in [
        "sequenceDiagram",
        "stateDiagram",
        "rejected alternative",
        "| Azure | AWS |",
        "Teleport",
    ] {
        assert!(design.contains(part), "{part}");
    }
}
