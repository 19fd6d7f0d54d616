//! The `Dockerfile` of the parts, compared with the service's.

use std::path::Path;

use image::source;

use crate::compose_file::read;

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
