//! The image that `cargo xtask image` built is checked and started again. A build takes many minutes, so the test makes none.

use harness::context::Context;
use harness::process::shutdown::Stop;
use harness::settings::Settings;
use harness::test_results::ignored;
use image::archive::Archive;
use image::content;
use image::engine::{self, Engine};
use image::figures::{self, Figures};
use image::source;
use image::start;

/// L2: The image of this tree has exactly the listed files, and starts read-only, without capabilities, as another user than root.
#[test]
fn the_image_of_this_tree_passes_all_checks_and_starts_without_privileges() {
    let context = Context {
        settings: Settings::read(),
        stop: Stop::default(),
    };
    let Some(figures) = Figures::read(&context) else {
        return ignored::report("no image: `cargo xtask image` builds one");
    };
    if figures.source != source::digest(&context).unwrap() {
        return ignored::report("the image is older than its source: `cargo xtask image` builds a new one");
    }
    let image = Archive::read(&figures::archive_file(&context)).unwrap();
    assert_eq!(image.digest, figures.digest);
    assert_eq!(content::problems(&image), [""; 0]);
    let engine = match Engine::find(&context) {
        Ok(engine) if engine.can_run() => engine,
        Ok(_) => return ignored::report("buildah starts no image: install podman or docker"),
        Err(error) => return ignored::report(&error.to_string()),
    };
    let name = engine::name_of(&figures.source);
    if !engine.has_image(&name).unwrap() {
        return ignored::report("the engine does not have the image: `cargo xtask image` builds a new one");
    }
    let (started, _) = start::check(&engine, &name, &image).unwrap();
    assert!(started.stopped_after < 10_000, "{started:?}");
}
