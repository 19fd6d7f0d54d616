//! The `Dockerfile` of the parts, compared with the service's.

use std::path::Path;

use image::source;

use crate::compose_file::{file, read};

/// L1: The parts have the base of the service's image, so that one is to be trusted and updated.
#[test]
fn all_images_have_the_same_base() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let base = source::base(&root).unwrap().image;
    let parts = read("Dockerfile");
    let bases: Vec<&str> = parts
        .lines()
        .filter_map(|line| line.strip_prefix("FROM "))
        .filter(|from| !from.starts_with("scratch "))
        .collect();
    assert_eq!(bases, [format!("${{RUST_IMAGE:-{base}}} AS debian")]);
}

/// L1: The health check of an image is that of its service. trivy and checkov demand the former, and podman ignores the interval of a
/// service without a check of its own.
#[test]
fn the_health_checks_of_images_and_services_are_the_same() {
    let file = file();
    let dockerfile = read("Dockerfile");
    let mut compared = 0;
    for stage in dockerfile.split("FROM scratch AS ").skip(1) {
        let name = stage.lines().next().unwrap();
        let check = stage
            .lines()
            .find_map(|line| line.strip_prefix("HEALTHCHECK CMD "))
            .unwrap();
        let check: Vec<String> = serde_json::from_str(check).unwrap();
        let service: Vec<String> =
            serde_yaml::from_value(file["services"][name]["healthcheck"]["test"].clone()).unwrap();
        assert_eq!(service[0], "CMD", "{name}");
        assert_eq!(service[1..], check, "{name}");
        compared += 1;
    }
    assert_eq!(compared, compose::images::PARTS.len());
}
