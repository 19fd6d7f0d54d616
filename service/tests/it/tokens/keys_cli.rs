//! Signing keys as files: made, rotated, listed at the command line.
use crate::support::program::{run, stderr, stdout};
use portcullis::crypto::data_key::DataKey;
use portcullis::crypto::token_keys::TokenKeys;
use portcullis::types::clock;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A folder that vanishes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("portcullis-keys-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs `portcullis keys …`; a bad setting in the environment shows that none is read.
fn keys(arguments: &[&str]) -> std::process::Output {
    let arguments = [&["keys"], arguments].concat();
    run(&arguments, &[("LISTEN".into(), "nonsense".into())])
}

fn good(arguments: &[&str]) -> String {
    let output = keys(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

fn bad(arguments: &[&str]) -> String {
    let output = keys(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert_eq!(stdout(&output), "");
    stderr(&output)
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn document(path: &Path) -> TokenKeys {
    TokenKeys::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// kid and state of each line.
fn listed(text: &str) -> Vec<(String, String)> {
    let rows = text.lines().skip(1).map(|line| {
        let mut words = line.split_whitespace().map(str::to_owned);
        (words.next().unwrap(), words.next().unwrap())
    });
    rows.collect()
}

fn words(text: &str) -> Vec<String> {
    listed(text).into_iter().map(|(_, state)| state).collect()
}

/// F6, F7: for their owner only, and never over others.
#[test]
fn generate_writes_a_private_file_once() {
    let folder = Folder::new("generate");
    let file = folder.file("keys.json");
    let path = file.to_str().unwrap();
    let told = good(&["generate", path]);
    assert_eq!(mode(&file), 0o600);
    assert!(!told.contains("PRIVATE"), "{told}");
    let before = std::fs::read(&file).unwrap();
    assert!(bad(&["generate", path]).contains(path));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert!(TokenKeys::parse(&good(&["generate"])).is_ok());
    // No folder: nobody, not even an administrator, makes a file below a file.
    let below = format!("{path}/keys.json");
    assert!(bad(&["generate", &below]).contains(&below));
}

/// F7: what is printed is good enough to be taken.
#[test]
fn a_data_key_is_printed() {
    let (one, two) = (good(&["data-key"]), good(&["data-key"]));
    assert_ne!(one, two);
    assert!(DataKey::parse(&one).is_ok() && one.lines().count() == 1);
}

/// F6
#[test]
fn rotate_adds_a_key_that_waits_and_list_tells_no_private_key() {
    let folder = Folder::new("rotate");
    let file = folder.file("keys.json");
    let path = file.to_str().unwrap();
    good(&["generate", path]);
    let first = document(&file).keys[0].kid.clone();
    good(&["rotate", path]);
    let keys = document(&file).keys;
    assert_eq!(keys[0].kid, first);
    assert_eq!((keys[1].sign_from - keys[1].created_at).num_seconds(), 300);
    assert_eq!(
        (keys[0].verify_until.unwrap() - keys[1].sign_from).num_seconds(),
        3660
    );
    assert_eq!(words(&good(&["list", path])), ["signing", "waiting"]);
    good(&["rotate", path, "--now"]);
    let list = good(&["list", path]);
    assert_eq!(words(&list), ["verifying", "verifying", "signing"]);
    assert_eq!(listed(&list)[0].0, first);
    for key in document(&file).keys {
        let secret = key.pem.lines().nth(1).unwrap();
        assert!(list.contains(&key.kid) && !list.contains(secret));
    }
    good(&["rotate", path, "--overlap", "60", "--verify", "90"]);
    assert_eq!(words(&good(&["list", path])).last().unwrap(), "waiting");
    assert_eq!(folder.names(), ["keys.json"], "nothing is left beside it");
}

/// F6: what is over is listed as such, and goes with the next rotation.
#[test]
fn a_key_whose_time_is_over_goes() {
    let folder = Folder::new("over");
    let file = folder.file("keys.json");
    let path = file.to_str().unwrap();
    let long_ago = clock::now() - chrono::Duration::days(9);
    let mut keys = TokenKeys::generate(long_ago).unwrap();
    let hour = chrono::Duration::hours(1);
    keys.rotate(long_ago, hour, hour).unwrap();
    std::fs::write(&file, keys.to_text()).unwrap();
    assert_eq!(words(&good(&["list", path])), ["over", "signing"]);
    assert_eq!(words(&good(&["rotate", path])), ["signing", "waiting"]);
}

/// F6: mode stays, a link stays a link, and what cannot be read is left alone.
#[test]
fn rotate_replaces_the_file_and_nothing_else() {
    let folder = Folder::new("replace");
    let (file, link) = (folder.file("keys.json"), folder.file("link.json"));
    good(&["generate", file.to_str().unwrap()]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("keys.json", &link).unwrap();
    let before = file.metadata().unwrap();
    good(&["rotate", link.to_str().unwrap()]);
    let after = file.metadata().unwrap();
    assert_eq!(mode(&file), 0o640);
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    assert_ne!(after.ino(), before.ino(), "another file, whole");
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(document(&file).keys.len(), 2);

    let broken = folder.file("broken.json");
    std::fs::write(&broken, "{\"keys\": [\"hush-7f3a\"]}").unwrap();
    for command in ["rotate", "list"] {
        let said = bad(&[command, broken.to_str().unwrap()]);
        assert!(
            said.contains("is not a document of keys") && !said.contains("7f3a"),
            "{said}"
        );
        let missing = folder.file("missing.json");
        let missing = missing.to_str().unwrap();
        assert!(bad(&[command, missing]).contains(missing));
    }
    assert_eq!(folder.names(), ["broken.json", "keys.json", "link.json"]);
}

/// F6: of many rotations at once none is lost.
#[test]
fn rotations_at_the_same_time_wait_for_each_other() {
    let folder = Folder::new("race");
    let file = folder.file("keys.json");
    let path = file.to_str().unwrap();
    good(&["generate", path]);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| good(&["rotate", path, "--now"]));
        }
    });
    assert_eq!(document(&file).keys.len(), 7);
    assert_eq!(folder.names(), ["keys.json"]);
}
