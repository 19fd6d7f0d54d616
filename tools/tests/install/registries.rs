//! Each registry's package is compared with the table before any of it is used.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::machine::{Machine, SUM};

#[test]
fn another_module_is_rejected_before_it_is_built() {
    let machine = Machine::with_go("refused");
    machine.write("bin/go.sum", "h1:tampered=");
    machine.fails(&["install", "actionlint"], &["h1:tampered=", SUM]);
    assert_eq!(machine.read("bin/go.built"), "");
    assert!(!machine.installed().exists() && machine.staged().is_empty());
}

#[test]
fn another_crate_is_rejected_before_it_is_built() {
    let machine = Machine::new("crate");
    machine.program("cc", "");
    machine.program("tar", "touch \"$0.ran\"");
    let script = r#"
        echo "$*" >> "$0.args"
        mkdir -p "$CARGO_HOME/registry/cache/one"
        printf abc > "$CARGO_HOME/registry/cache/one/cargo-audit-0.22.2.crate""#;
    machine.program("cargo", script);
    let digests = [
        // SHA-256 of abc, FIPS 180-2.
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "700c2b240f7fd330c24b675fe429f73a5b676531fcc6300400b2b67f155ba12a",
    ];
    machine.fails(&["install", "cargo-audit"], &digests);
    let args = machine.read("bin/cargo.args");
    assert_eq!(args, "info --registry crates-io cargo-audit@0.22.2\n");
    assert!(!machine.0.join("bin/tar.ran").exists());
}

#[test]
fn another_npm_package_is_rejected_before_it_is_unpacked() {
    let machine = Machine::new("npm");
    machine.program("tar", "touch \"$0.ran\"");
    let script = "for last; do :; done; printf abc > \"$last/microsoft-sarif-multitool-linux-5.7.0.tgz\"";
    machine.program("npm", script);
    let digests = ["sha512-3a81oZNherrMQXNJ", "sha512-NxUbpq6ISCWoTQ"];
    machine.fails(&["install", "sarif-multitool"], &digests);
    assert!(!machine.0.join("bin/tar.ran").exists());
}

#[test]
fn pip_gets_hashes_and_wheels_only_and_a_script_finds_its_python_after_the_move() {
    let machine = Machine::new("pypi");
    let script = r#"
        echo "$*" >> "$0.args"
        case "$*" in
        "-m venv "*) mkdir -p "$3/bin"; cp -P "$0" "$3/bin/python"; cp "$0.sh" "$3/bin/python.sh"; : > "$3/bin/activate" ;;
        "-m pip "*)
            bin="$(dirname "$0")"
            printf '#!%s/python\nprint(1)\n' "$bin" > "$bin/zizmor"
            chmod +x "$bin/zizmor" ;;
        */bin/zizmor" --version") echo "zizmor 1.32.0" ;;
        esac"#;
    machine.program("python3", script);
    for tool in ["dirname", "realpath"] {
        symlink(Path::new("/usr/bin").join(tool), machine.0.join("bin").join(tool)).unwrap();
    }
    machine.succeeds(&["install", "zizmor"]);
    let bin = machine.0.join("cache/portcullis/tools/zizmor/1.32.0/bin");
    let pip = fs::read_to_string(bin.join("python.args")).unwrap();
    assert!(
        pip.contains("--require-hashes --no-deps --only-binary=:all:"),
        "{pip}"
    );
    assert!(!bin.join("activate").exists());
    let listed = machine.listed("zizmor");
    assert!(listed.contains("cache: "), "{listed}");
}
