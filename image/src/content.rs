//! What an image must be: exactly these files, below the size limit, an account without privileges, and no shell.

use crate::archive::{Archive, Entry, Folder};

/// The limit for the uncompressed layers.
pub const MAX_SIZE: u64 = 40_000_000;

/// The program.
pub const PROGRAM: &str = "portcullis";

/// User and group.
pub const USER: &str = "65532:65532";

/// All files.
const FILES: [&str; 5] = [
    PROGRAM,
    "etc/passwd",
    "etc/group",
    "etc/nsswitch.conf",
    "etc/ssl/certs/ca-certificates.crt",
];

/// All folders.
const FOLDERS: [&str; 3] = ["etc", "etc/ssl", "etc/ssl/certs"];

/// All variables. The engines add `PATH`.
const VARIABLES: [&str; 2] = ["PATH", "SSL_CERT_FILE"];

/// Names of programs that run other programs.
const SHELLS: [&str; 8] = ["sh", "bash", "dash", "ash", "busybox", "zsh", "ksh", "perl"];

/// Set-user-id, set-group-id, and writable by others.
const FORBIDDEN_MODE: u32 = 0o6022;

/// What is wrong with an image, a line each; empty if it passes all checks.
pub fn problems(image: &Archive) -> Vec<String> {
    let mut problems = Vec::new();
    let config = &image.config;
    let mut compare = |what: &str, found: &str, wanted: &str| {
        if found != wanted {
            problems.push(format!("{what} is `{found}`, not `{wanted}`"));
        }
    };
    compare("the user", &config.user, USER);
    compare("the entry point", &config.entrypoint.join(" "), "/portcullis");
    compare("the command", &config.cmd.join(" "), "serve");
    compare("the stop signal", &config.stop_signal, "SIGTERM");
    let healthcheck = config.healthcheck.clone().unwrap_or_default().test.join(" ");
    compare("the health check", &healthcheck, "CMD /portcullis healthcheck");

    for variable in &config.env {
        let name = variable.split('=').next().unwrap_or_default();
        if !VARIABLES.contains(&name) {
            problems.push(format!("a variable that is not expected: {name}"));
        }
    }
    if image.size >= MAX_SIZE {
        let megabytes = megabytes(image.size);
        problems.push(format!("{megabytes}, the limit is {}", self::megabytes(MAX_SIZE)));
    }
    for path in FILES.iter().filter(|path| !image.files.contains_key(**path)) {
        problems.push(format!("{path} is missing"));
    }
    for (path, file) in &image.files {
        problems.extend(problem(path, file));
    }
    for (path, folder) in &image.folders {
        problems.extend(folder_problem(path, folder));
    }
    if image
        .files
        .get(PROGRAM)
        .is_some_and(|program| !program.lists_packages)
    {
        problems.push(format!(
            "{PROGRAM} does not list its packages: it was not built with cargo-auditable"
        ));
    }
    problems
}

fn problem(path: &str, file: &Entry) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if SHELLS.contains(&name) {
        Some(format!("a shell: {path}"))
    } else if !FILES.contains(&path) {
        Some(format!("a file that is not expected: {path}"))
    } else if !file.is_regular {
        Some(format!("{path} is not a regular file"))
    } else {
        access_problem(path, file.mode, file.uid)
    }
}

/// Some engines list the root, which belongs to no layer of ours.
fn folder_problem(path: &str, folder: &Folder) -> Option<String> {
    if !path.is_empty() && !FOLDERS.contains(&path) {
        return Some(format!("a folder that is not expected: {path}"));
    }
    access_problem(path, folder.mode, folder.uid)
}

/// The account of the service must not be able to change what it runs.
fn access_problem(path: &str, mode: u32, uid: u64) -> Option<String> {
    (uid != 0 || mode & FORBIDDEN_MODE != 0).then(|| format!("/{path} has mode {mode:o} and owner {uid}"))
}

/// `12.3 MB`.
pub fn megabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::archive::tests::{FILES, Planted, archive, config};

    fn found(files: &[Planted<'_>], config: &Value) -> Vec<String> {
        problems(&archive(files, config, false).unwrap())
    }

    /// L2: An image as the Dockerfile makes it has no problem.
    #[test]
    fn an_image_as_the_dockerfile_makes_it_has_no_problem() {
        assert_eq!(found(&FILES, &config()), [""; 0]);
    }

    /// L2: Root, a shell and a missing health check are problems.
    #[test]
    fn each_setting_that_differs_is_a_problem() {
        let cases = [
            ("User", json!(""), "the user is ``, not `65532:65532`"),
            ("User", json!("root"), "the user is `root`"),
            (
                "Entrypoint",
                json!(["/bin/sh", "-c"]),
                "the entry point is `/bin/sh -c`",
            ),
            ("Cmd", json!(["migrate"]), "the command is `migrate`"),
            ("StopSignal", json!("SIGKILL"), "the stop signal is `SIGKILL`"),
            ("Healthcheck", Value::Null, "the health check is ``"),
            (
                "Healthcheck",
                json!({"Test": ["CMD-SHELL", "curl x"]}),
                "the health check is `CMD-SHELL curl x`",
            ),
            (
                "Env",
                json!(["PATH=/bin", "TOKEN=x"]),
                "a variable that is not expected: TOKEN",
            ),
        ];
        for (name, value, problem) in cases {
            let mut config = config();
            config[name] = value;
            let found = found(&FILES, &config);
            assert!(
                found.len() == 1 && found[0].starts_with(problem),
                "{problem}: {found:?}"
            );
        }
    }

    /// L2: The files of the image are exactly the listed ones.
    #[test]
    fn each_file_that_differs_is_a_problem() {
        let cases: [(Planted<'_>, &str); 11] = [
            (("bin/sh", "", 0o755, 0), "a shell: bin/sh"),
            (("usr/bin/busybox", "", 0o755, 0), "a shell: usr/bin/busybox"),
            (
                ("etc/shadow", "", 0o600, 0),
                "a file that is not expected: etc/shadow",
            ),
            (
                ("etc/group", "", 0o644, 65532),
                "/etc/group has mode 644 and owner 65532",
            ),
            (("etc/group", "", 0o666, 0), "/etc/group has mode 666 and owner 0"),
            (
                ("portcullis", ".dep-v0", 0o4755, 0),
                "/portcullis has mode 4755 and owner 0",
            ),
            // Who may write to a folder can replace its files.
            (("etc/", "", 0o777, 0), "/etc has mode 777 and owner 0"),
            (("etc/", "", 0o755, 65532), "/etc has mode 755 and owner 65532"),
            (
                ("etc/ssl/certs/", "", 0o775, 0),
                "/etc/ssl/certs has mode 775 and owner 0",
            ),
            (("./", "", 0o777, 0), "/ has mode 777 and owner 0"),
            (("tmp/", "", 0o755, 0), "a folder that is not expected: tmp"),
        ];
        for (planted, problem) in cases {
            let files: Vec<Planted<'_>> = FILES.into_iter().chain([planted]).collect();
            assert_eq!(found(&files, &config()), [problem]);
        }
        assert_eq!(
            found(&FILES[..4], &config()),
            ["etc/ssl/certs/ca-certificates.crt is missing"]
        );
        let mut files = FILES;
        files[0].1 = "\u{7f}ELF";
        let found = found(&files, &config());
        assert!(
            found.len() == 1 && found[0].contains("does not list its packages"),
            "{found:?}"
        );
    }

    /// L2: The image is smaller than 40 MB.
    #[test]
    fn an_image_of_40_megabytes_is_too_large() {
        let mut image = archive(&FILES, &config(), false).unwrap();
        image.size = MAX_SIZE;
        assert_eq!(problems(&image), ["40.0 MB, the limit is 40.0 MB"]);
        image.size = MAX_SIZE - 1;
        assert_eq!(problems(&image), [""; 0]);
        assert_eq!(megabytes(12_340_000), "12.4 MB");
    }
}
