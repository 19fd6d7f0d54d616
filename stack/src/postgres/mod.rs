//! Which PostgreSQL: a given server, the machine's programs, or downloaded ones; never starts a server.

pub mod server;

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail, ensure};
use harness::context::Context;
use harness::output::print;
use harness::process::command::Command;
use private_postgres::account::{Account, first_reachable};
use private_postgres::{Error, MAJORS, Programs, Search};

use crate::postgres::server::Server;

/// What `--postgres` (or `XTASK_POSTGRES`) asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Choice {
    /// What the machine has, else the newest major from the network.
    #[default]
    Any,
    /// This major, from the machine or from the network.
    Major(u32),
    /// A running server.
    Given(Server),
}

impl FromStr for Choice {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Choice> {
        if text.contains("://") {
            return Ok(Choice::Given(text.parse()?));
        }
        let range = format!("{} to {}", MAJORS.start(), MAJORS.end());
        let major = text.parse().ok().filter(|major| MAJORS.contains(major));
        major
            .map(Choice::Major)
            .with_context(|| format!("neither a PostgreSQL major ({range}) nor a server's URL"))
    }
}

impl Choice {
    /// The command line's choice, else the environment's.
    pub fn or_from(given: Option<Choice>, context: &Context) -> Result<Choice> {
        match (given, &context.settings.postgres) {
            (Some(given), _) => Ok(given),
            (None, Some(text)) => text.parse().context("XTASK_POSTGRES"),
            (None, None) => Ok(Choice::Any),
        }
    }

    /// The major to search for. Existing data needs the major that made it.
    pub fn major(&self, data_major: Option<u32>) -> Result<Option<u32>> {
        match self {
            Choice::Any => Ok(data_major),
            Choice::Major(major) => Ok(Some(*major)),
            Choice::Given(_) => bail!("this command needs a PostgreSQL of its own: give a major, not a URL"),
        }
    }
}

/// Programs of this major (or of any), fetched from the network when nothing here has them.
pub fn programs(context: &Context, major: Option<u32>) -> Result<Programs> {
    let cache = cache(context)?;
    let given = context.settings.postgres_programs.as_ref();
    let hidden = given.is_some_and(|given| given == "none");
    let mut search = Search {
        explicit: given.filter(|_| !hidden).map(PathBuf::from),
        path: Some(context.settings.path.clone()),
        skip_machine: hidden,
        cache: Some(cache.clone()),
        major,
    };
    match Programs::find(&search) {
        Err(Error::NoPrograms { .. }) if search.explicit.is_none() => {}
        found => return Ok(found?),
    }
    let wanted = major.unwrap_or(*MAJORS.end());
    print(&format!(
        "      no PostgreSQL {wanted} here: building the downloader, then fetching it"
    ));
    let status = Command::cargo(context)
        .args(["run", "--locked", "--quiet", "--package", "private-postgres"])
        .args(["--features", "fetch", "--bin", "private-postgres-fetch", "--"])
        .args([wanted.to_string().into(), cache.into_os_string()])
        .lines(|_bin| ())?;
    ensure!(
        status.success(),
        "PostgreSQL {wanted} could not be fetched: check the network and its proxy, or install it on this \
         machine"
    );
    search.major = Some(wanted);
    Ok(Programs::find(&search)?)
}

/// The caller's cache; for root, whose home is closed to the server's account, the machine's.
fn cache(context: &Context) -> Result<PathBuf> {
    let caches = context.settings.cache.clone().into_iter();
    let caches = caches.chain(["/var/cache/portcullis".into()]);
    let candidates: Vec<PathBuf> = caches.map(|cache| cache.join("postgresql")).collect();
    first_reachable(Account::for_server()?, &candidates)
        .context("no folder for downloads: set XDG_CACHE_HOME")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_major_or_a_url() {
        assert_eq!("17".parse::<Choice>().unwrap(), Choice::Major(17));
        assert!(matches!("postgres://a:b@h/".parse(), Ok(Choice::Given(_))));
        for bad in ["12", "19", "seventeen", ""] {
            let error = bad.parse::<Choice>().unwrap_err().to_string();
            assert_eq!(error, "neither a PostgreSQL major (13 to 18) nor a server's URL");
        }
    }

    #[test]
    fn data_needs_the_major_that_made_it() {
        assert_eq!(Choice::Any.major(Some(15)).unwrap(), Some(15));
        assert_eq!(Choice::Major(17).major(Some(15)).unwrap(), Some(17));
    }
}
