//! Data directories: where one may lie, which major made it, and how a new one is made; never starts a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use crate::account::Account;
use crate::stop::Stop;
use crate::{Error, directories, password, spawn};

/// The place for a data directory: the wanted one, or for root, when the server's account cannot get there (a
/// checkout below a closed home), a new one in `/var/tmp`. The caller has to remember the answer.
///
/// # Errors
/// `NoAccount`, or `Io` when no random name can be made.
pub fn place(wanted: &Path) -> Result<PathBuf, Error> {
    let account = Account::for_server()?;
    let standing = wanted.ancestors().skip(1).find(|step| step.exists());
    if standing.is_some_and(|step| account.can_reach(step)) {
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

/// The major that made this directory; `None` when there is no cluster in it.
#[must_use]
pub fn major(data: &Path) -> Option<u32> {
    fs::read_to_string(data.join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// What initdb needs to know.
pub(crate) struct NewCluster<'a> {
    /// The directory of the programs.
    pub(crate) bin: &'a Path,
    /// The data directory to make.
    pub(crate) data: &'a Path,
    /// Must it be on the disk before we go on?
    pub(crate) durable: bool,
    /// Ends it early.
    pub(crate) stop: &'a Stop,
}

/// Runs initdb next to the final place and then renames, so that a killed run leaves no half a cluster.
pub(crate) fn create(new: &NewCluster<'_>, account: Account, secret: &str) -> Result<(), Error> {
    let data = new.data;
    directories::make(data.parent().unwrap_or(data), directories::PASSAGE)?;
    let fresh = beside(data, "new");
    let password_file = beside(data, "pw");
    remove(&fresh)?;
    // initdb makes the directory itself, but as the other account it may not write to the parent.
    directories::make_one(&fresh, 0o700)?;
    account.own(&fresh)?;
    password::write(&password_file, secret)?;
    account.own(&password_file)?;
    let made = initdb(new, account, &fresh, &password_file);
    let forgotten = fs::remove_file(&password_file).map_err(Error::at("remove", &password_file));
    if let Err(error) = made.and(forgotten) {
        let _first_error_counts = remove(&fresh);
        return Err(error);
    }
    fs::rename(&fresh, data).map_err(Error::at("create", data))
}

/// Removes a directory with all that is in it; a missing one is no error.
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
    // What it writes fits into a pipe, so that it need not be read before its end.
    while child
        .try_wait()
        .map_err(Error::at("wait for", &program))?
        .is_none()
    {
        if new.stop.is_set() {
            let _gone_already = child.kill();
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

/// The last lines of a text, indented for showing.
#[must_use]
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

/// `…/postgres` and `new` make `…/postgres.new`.
fn beside(data: &Path, suffix: &str) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_are_the_last() {
        assert_eq!(last_lines("a\nb\n\nc\n", 2), "    b\n    c");
        assert_eq!(last_lines("", 2), "");
    }

    #[test]
    fn a_directory_without_a_cluster_has_no_major() {
        assert_eq!(major(Path::new("/nowhere")), None);
    }

    #[test]
    fn an_open_place_is_taken_as_wanted() {
        let wanted = std::env::temp_dir().join("never-made").join("postgres");
        assert_eq!(place(&wanted).unwrap(), wanted);
    }
}
