//! Finds PostgreSQL's programs on the machine or in our cache.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::{Error, spawn};

/// The majors that the service supports.
pub const MAJORS: RangeInclusive<u32> = 13..=18;

/// Where to search, and for which version.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A directory with the programs; no other location is searched.
    pub explicit: Option<PathBuf>,
    /// The value of `PATH` (this crate reads no environment).
    pub path: Option<OsString>,
    /// Ignore the machine's programs and use only the cache.
    pub skip_machine: bool,
    /// A directory of downloaded versions, one subdirectory each.
    pub cache: Option<PathBuf>,
    /// Only this major. Without it: the highest supported major of the first location that has any.
    pub major: Option<u32>,
}

/// A directory with `postgres` and `initdb`, and their version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// The directory. `psql` and `pgbench` may be in it as well, see [`Programs::tool`].
    pub bin: PathBuf,
    /// As printed by the programs, for example `15.14`.
    pub version: String,
    /// The first number of the version.
    pub major: u32,
}

impl Programs {
    /// Searches the locations of [`Search`] in the order of its fields.
    pub fn find(search: &Search) -> Result<Programs, Error> {
        let account = Account::for_server()?;
        let mut searched = Vec::new();
        for (location, directories) in locations(search) {
            searched.push(location);
            let usable = directories.iter().filter_map(|bin| Programs::at(bin, account));
            let wanted = usable.filter(|found| match search.major {
                Some(major) => found.major == major,
                None => MAJORS.contains(&found.major),
            });
            if let Some(best) = wanted.max_by(|a, b| numbers(&a.version).cmp(&numbers(&b.version))) {
                return Ok(best);
            }
        }
        let wanted = match search.major {
            Some(major) => major.to_string(),
            None => format!("{} to {}", MAJORS.start(), MAJORS.end()),
        };
        Err(Error::NoPrograms {
            wanted,
            searched: searched.join(", "),
        })
    }

    /// Another program of the same installation, if it exists (downloads have no `psql` and no `pgbench`).
    pub fn tool(&self, name: &str) -> Option<PathBuf> {
        let file = self.bin.join(name);
        file.is_file().then_some(file)
    }

    /// Whether the installation has a module for `shared_preload_libraries`.
    pub fn has_module(&self, name: &str) -> bool {
        let library = self.bin.join("../lib").join(format!("{name}.so"));
        library.exists()
    }

    /// The programs in one directory, if they are complete and the server's account can reach and run them.
    fn at(bin: &Path, account: Account) -> Option<Programs> {
        let postgres = bin.join("postgres");
        if !bin.join("initdb").is_file() || !postgres.is_file() || !account.can_reach(bin) {
            return None;
        }
        let output = spawn::output(&postgres, &["--version".into()], Some(account)).ok()?;
        // `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`
        let text = String::from_utf8(output.stdout).ok()?;
        let (_, version) = text.split_once("(PostgreSQL) ")?;
        let version = version.split_whitespace().next()?.to_owned();
        let major = *numbers(&version).first()?;
        Some(Programs {
            bin: bin.to_owned(),
            version,
            major,
        })
    }
}

/// The numbers of `17.6` or `17beta2` in order, for comparison.
fn numbers(version: &str) -> Vec<u32> {
    version
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|part| part.parse().ok())
        .collect()
}

fn locations(search: &Search) -> Vec<(String, Vec<PathBuf>)> {
    if let Some(explicit) = &search.explicit {
        return vec![(explicit.display().to_string(), vec![explicit.clone()])];
    }
    let mut locations = Vec::new();
    if !search.skip_machine {
        locations.push((
            "PATH".to_owned(),
            on_path(search.path.as_deref().unwrap_or_default()),
        ));
        for (parent, prefix, inner) in INSTALLATIONS {
            locations.push((
                format!("{parent}/{prefix}*/{inner}"),
                below(Path::new(parent), prefix, inner),
            ));
        }
    }
    if let Some(cache) = &search.cache {
        locations.push((cache.display().to_string(), below(cache, "", "bin")));
    }
    locations
}

/// Parent, prefix of the name, and subdirectory: Debian, PGDG's RPMs, Homebrew on both processors, Postgres.app.
const INSTALLATIONS: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

fn below(parent: &Path, prefix: &str, inner: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
    let wanted = names.filter(|name| name.to_string_lossy().starts_with(prefix));
    wanted
        .map(|name| parent.join(name).join(inner))
        .filter(|bin| bin.is_dir())
        .collect()
}

/// A `postgres` on PATH may be a symbolic link or a wrapper script; `pg_config --bindir` prints the real directory.
fn on_path(path: &OsStr) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for directory in std::env::split_paths(path).filter(|directory| directory.is_absolute()) {
        if let Ok(postgres) = fs::canonicalize(directory.join("postgres")) {
            found.extend(postgres.parent().map(Path::to_owned));
        }
        let pg_config = directory.join("pg_config");
        if let Ok(output) = spawn::output(&pg_config, &["--bindir".into()], None) {
            found.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(numbers("15.14") > numbers("15.9"));
        assert_eq!(numbers("17beta2"), [17, 2]);
        assert_eq!(numbers("(Debian)"), [] as [u32; 0]);
    }

    #[test]
    fn an_explicit_directory_is_the_only_location() {
        let search = Search {
            explicit: Some("/nowhere/bin".into()),
            ..Search::default()
        };
        let error = Programs::find(&search).unwrap_err().to_string();
        assert_eq!(
            error,
            "no PostgreSQL 13 to 18 programs found; searched /nowhere/bin"
        );
    }

    #[test]
    fn a_missing_major_is_named() {
        let search = Search {
            skip_machine: true,
            cache: Some("/nowhere".into()),
            major: Some(12),
            ..Search::default()
        };
        let error = Programs::find(&search).unwrap_err().to_string();
        assert_eq!(error, "no PostgreSQL 12 programs found; searched /nowhere");
    }
}
