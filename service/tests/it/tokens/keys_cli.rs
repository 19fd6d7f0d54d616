//! `portcullis keys`: generating, rotating and listing signing keys and data keys in files.

use crate::support::program::{run, stderr, stdout};
use portcullis::crypto::data_key::DataKey;
use portcullis::crypto::data_key_document::DataKeyDocument;
use portcullis::crypto::token_keys::TokenKeys;
use portcullis::types::clock;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A folder that is deleted when this value is dropped.
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

/// Runs `portcullis keys …` with an invalid setting, which shows that the command reads none.
fn keys(arguments: &[&str]) -> std::process::Output {
    let arguments = [&["keys"], arguments].concat();
    run(&arguments, &[("LISTEN".into(), "nonsense".into())])
}

fn succeed(arguments: &[&str]) -> String {
    let output = keys(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

fn fail(arguments: &[&str]) -> String {
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

/// The key ID and state of each line.
fn parse_list(text: &str) -> Vec<(String, String)> {
    let rows = text.lines().skip(1).map(|line| {
        let mut columns = line.split_whitespace().map(str::to_owned);
        (columns.next().unwrap(), columns.next().unwrap())
    });
    rows.collect()
}

fn states(text: &str) -> Vec<String> {
    parse_list(text).into_iter().map(|(_, state)| state).collect()
}

/// F6, F7: `generate` writes a file that only its owner can read, and never overwrites one.
#[test]
fn generate_writes_a_private_file_and_overwrites_none() {
    let folder = Folder::new("generate");
    let file = folder.file("keys.json");
    let path = file.to_str().unwrap();
    let output = succeed(&["generate", path]);
    assert_eq!(mode(&file), 0o600);
    assert!(!output.contains("PRIVATE"), "{output}");
    let before = std::fs::read(&file).unwrap();
    assert!(fail(&["generate", path]).contains(path));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert!(TokenKeys::parse(&succeed(&["generate"])).is_ok());
    // Not even root can create a file below a file.
    let below = format!("{path}/keys.json");
    assert!(fail(&["generate", &below]).contains(&below));
}

/// F7: `data-key` prints a valid data key.
#[test]
fn data_key_prints_a_valid_key() {
    let (one, two) = (succeed(&["data-key"]), succeed(&["data-key"]));
    assert_ne!(one, two);
    assert!(DataKey::parse(&one).is_ok() && one.lines().count() == 1);
}

/// F6: `rotate` adds a key that signs after the overlap, and `list` shows states without private keys.
#[test]
fn rotate_adds_a_waiting_key_and_list_shows_no_private_key() {
    let folder = Folder::new("rotate");
    let file = folder.file("keys.json");
    let path = file.to_str().unwrap();
    succeed(&["generate", path]);
    let first = document(&file).keys[0].kid.clone();
    succeed(&["rotate", path]);
    let keys = document(&file).keys;
    assert_eq!(keys[0].kid, first);
    assert_eq!((keys[1].sign_from - keys[1].created_at).num_seconds(), 300);
    assert_eq!(
        (keys[0].verify_until.unwrap() - keys[1].sign_from).num_seconds(),
        3660
    );
    assert_eq!(states(&succeed(&["list", path])), ["signing", "waiting"]);
    succeed(&["rotate", path, "--now"]);
    let list = succeed(&["list", path]);
    assert_eq!(states(&list), ["verifying", "verifying", "signing"]);
    assert_eq!(parse_list(&list)[0].0, first);
    for key in document(&file).keys {
        let secret = key.pem.lines().nth(1).unwrap();
        assert!(list.contains(&key.kid) && !list.contains(secret));
    }
    succeed(&["rotate", path, "--overlap", "60", "--verify", "90"]);
    assert_eq!(states(&succeed(&["list", path])).last().unwrap(), "waiting");
    assert_eq!(folder.names(), ["keys.json"], "no temporary file is left");
}

/// E21: `--data` generates, rotates and lists data keys, also in a file with a single key; `remove` removes one that does
/// not seal. No output contains a key.
#[test]
fn data_keys_are_rotated_listed_and_removed() {
    let folder = Folder::new("data");
    let (file, plain) = (folder.file("data-keys.json"), folder.file("data-key"));
    let path = file.to_str().unwrap();
    let generated = succeed(&["generate", "--data", path]);
    assert_eq!(mode(&file), 0o600);
    assert_eq!(states(&generated), ["sealing"]);
    assert!(fail(&["generate", "--data", path]).contains(path));
    let printed = succeed(&["generate", "--data"]);
    assert!(DataKeyDocument::parse(&printed).is_ok());

    std::fs::write(&plain, succeed(&["data-key"])).unwrap();
    std::fs::set_permissions(&plain, std::fs::Permissions::from_mode(0o640)).unwrap();
    let plain_path = plain.to_str().unwrap();
    assert_eq!(states(&succeed(&["list", "--data", plain_path])), ["sealing"]);
    assert_eq!(
        states(&succeed(&["rotate", "--data", plain_path])),
        ["sealing", "waiting"]
    );
    let rotated = succeed(&["rotate", "--data", "--now", plain_path]);
    assert_eq!(states(&rotated), ["opening", "opening", "sealing"]);
    assert_eq!(mode(&plain), 0o640);
    let document = || DataKeyDocument::parse(&std::fs::read_to_string(&plain).unwrap()).unwrap();
    for entry in document().keys {
        assert!(rotated.contains(&entry.kid) && !rotated.contains(&entry.key));
    }
    let kid = |index: usize| parse_list(&rotated)[index].0.clone();
    assert!(fail(&["remove", plain_path, &kid(2)]).contains("this key seals new values"));
    assert!(fail(&["remove", plain_path, "0011223344556677"]).contains("has no key with this id"));
    let left = succeed(&["remove", plain_path, &kid(0)]);
    assert_eq!(states(&left), ["opening", "sealing"]);
    assert_eq!(document().keys.len(), 2);

    // Neither kind of file is taken for the other.
    let tokens = folder.file("token-keys.json");
    succeed(&["generate", tokens.to_str().unwrap()]);
    for command in ["rotate", "list"] {
        let error = fail(&[command, "--data", tokens.to_str().unwrap()]);
        assert!(error.contains("is not a document of data keys"), "{error}");
        assert!(fail(&[command, path]).contains("is not a key document"));
    }
    assert_eq!(folder.names(), ["data-key", "data-keys.json", "token-keys.json"]);
}

/// F6: An expired key is listed as such and removed by the next rotation.
#[test]
fn an_expired_key_is_removed_by_rotation() {
    let folder = Folder::new("expired");
    let file = folder.file("keys.json");
    let path = file.to_str().unwrap();
    let long_ago = clock::now() - chrono::Duration::days(9);
    let mut keys = TokenKeys::generate(long_ago).unwrap();
    let hour = chrono::Duration::hours(1);
    keys.rotate(long_ago, hour, hour).unwrap();
    std::fs::write(&file, keys.to_text()).unwrap();
    assert_eq!(states(&succeed(&["list", path])), ["expired", "signing"]);
    assert_eq!(states(&succeed(&["rotate", path])), ["signing", "waiting"]);
}

/// F6: `rotate` keeps the mode of the file, follows a symbolic link, and leaves an unreadable file unchanged.
#[test]
fn rotate_replaces_the_file_and_nothing_else() {
    let folder = Folder::new("replace");
    let (file, link) = (folder.file("keys.json"), folder.file("link.json"));
    succeed(&["generate", file.to_str().unwrap()]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("keys.json", &link).unwrap();
    let before = file.metadata().unwrap();
    succeed(&["rotate", link.to_str().unwrap()]);
    let after = file.metadata().unwrap();
    assert_eq!(mode(&file), 0o640);
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    assert_ne!(after.ino(), before.ino(), "the file is replaced");
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(document(&file).keys.len(), 2);

    let broken = folder.file("broken.json");
    std::fs::write(&broken, "{\"keys\": [\"hush-7f3a\"]}").unwrap();
    for command in ["rotate", "list"] {
        let error = fail(&[command, broken.to_str().unwrap()]);
        assert!(
            error.contains("is not a key document") && !error.contains("7f3a"),
            "{error}"
        );
        let missing = folder.file("missing.json");
        let missing = missing.to_str().unwrap();
        assert!(fail(&[command, missing]).contains(missing));
    }
    assert_eq!(folder.names(), ["broken.json", "keys.json", "link.json"]);
}

/// F6: Concurrent rotations wait for each other and none is lost.
#[test]
fn concurrent_rotations_wait_for_each_other() {
    let folder = Folder::new("race");
    let file = folder.file("keys.json");
    let path = file.to_str().unwrap();
    succeed(&["generate", path]);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| succeed(&["rotate", path, "--now"]));
        }
    });
    assert_eq!(document(&file).keys.len(), 7);
    assert_eq!(folder.names(), ["keys.json"]);
}
