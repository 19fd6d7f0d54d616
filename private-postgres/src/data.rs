//! Data directories: where the server's account can reach one, which major created it, and how a new one is created.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use crate::account::Account;
use crate::stop::Stop;
use crate::{Error, directories, password, spawn};

/// The given path, or a new one in `/var/tmp` when the server's account cannot reach it: as root, with a checkout below a
/// closed home directory. The caller has to store the result.
pub fn reachable_directory(wanted: &Path) -> Result<PathBuf, Error> {
    let account = Account::for_server()?;
    let existing = wanted.ancestors().skip(1).find(|step| step.exists());
    if existing.is_some_and(|step| account.can_reach(step)) {
        return Ok(wanted.to_owned());
    }
    let name: String = password::random()?
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(12)
        .collect();
    Ok(PathBuf::from("/var/tmp")
        .join(format!("portcullis-{name}"))
        .join("postgres"))
}

/// The major version that created this directory; `None` when it contains no cluster.
pub fn major(data: &Path) -> Option<u32> {
    fs::read_to_string(data.join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// The parameters of initdb.
pub(crate) struct NewCluster<'a> {
    /// The directory of the programs.
    pub(crate) bin: &'a Path,
    /// The data directory to create.
    pub(crate) data: &'a Path,
    /// Whether to wait until it is on disk.
    pub(crate) durable: bool,
    /// Cancels it.
    pub(crate) stop: &'a Stop,
}

/// Runs initdb beside the final path and then renames, so that a killed run leaves no incomplete cluster.
pub(crate) fn create(new: &NewCluster<'_>, account: Account, secret: &str) -> Result<(), Error> {
    let data = new.data;
    directories::create_all(data.parent().unwrap_or(data), directories::TRAVERSABLE)?;
    let fresh = with_suffix(data, "new");
    let password_file = with_suffix(data, "pw");
    remove(&fresh)?;
    // initdb would create the directory, but as the other account it may not write to the parent.
    directories::create(&fresh, 0o700)?;
    account.take_ownership(&fresh)?;
    password::write(&password_file, secret)?;
    account.take_ownership(&password_file)?;
    let created = initdb(new, account, &fresh, &password_file);
    let removed = fs::remove_file(&password_file).map_err(Error::at("remove", &password_file));
    if let Err(error) = created.and(removed) {
        // The first error is the one to report.
        let _ignored = remove(&fresh);
        return Err(error);
    }
    fs::rename(&fresh, data).map_err(Error::at("create", data))
}

/// Removes a directory and its contents; a missing one is not an error.
pub(crate) fn remove(directory: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::at("remove", directory)(error))
        }
        _ => Ok(()),
    }
}

fn initdb(new: &NewCluster<'_>, account: Account, fresh: &Path, password_file: &Path) -> Result<(), Error> {
    let mut args: Vec<std::ffi::OsString> = Vec::new();
    args.extend([
        "--pgdata".into(),
        fresh.into(),
        "--pwfile".into(),
        password_file.into(),
    ]);
    args.extend(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8"].map(Into::into));
    args.extend(["--locale=C", "--data-checksums"].map(Into::into));
    if !new.durable {
        args.push("--no-sync".into());
    }
    let program = new.bin.join("initdb");
    let mut child = spawn::piped(&program, &args, account).map_err(Error::at("run", &program))?;
    // Its output fits into the pipe's buffer, so it need not be read before it exits.
    while child
        .try_wait()
        .map_err(Error::at("wait for", &program))?
        .is_none()
    {
        if new.stop.is_set() {
            let _already_exited = child.kill();
            let _status = child.wait();
            return Err(Error::Interrupted);
        }
        sleep(Duration::from_millis(20));
    }
    let output = child
        .wait_with_output()
        .map_err(Error::at("wait for", &program))?;
    if output.status.success() {
        return Ok(());
    }
    let tail = last_lines(&String::from_utf8_lossy(&output.stderr), 10);
    Err(Error::Failed {
        program: "initdb".into(),
        status: output.status.to_string(),
        tail,
    })
}

/// The last non-empty lines of a text, indented.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = lines.len().saturating_sub(count);
    lines
        .iter()
        .skip(from)
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// `…/postgres` with `new` is `…/postgres.new`.
fn with_suffix(data: &Path, suffix: &str) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_are_indented_and_not_empty() {
        assert_eq!(last_lines("a\nb\n\nc\n", 2), "    b\n    c");
        assert_eq!(last_lines("", 2), "");
    }

    #[test]
    fn a_directory_without_a_cluster_has_no_major() {
        assert_eq!(major(Path::new("/nowhere")), None);
    }

    #[test]
    fn a_reachable_path_is_used_as_given() {
        let wanted = std::env::temp_dir().join("never-made").join("postgres");
        assert_eq!(reachable_directory(&wanted).unwrap(), wanted);
    }
}
