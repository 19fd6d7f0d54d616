//! The section `[clients]` of `security/gate.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Gates `client-python`, `client-typescript` and `client-go`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clients {
    /// The programs, with a `/` at the end; each language has a folder in it.
    pub folder: String,
    /// The role whose email and password the programs get.
    pub role: String,
    /// What each program must show: it prints `ok NAME` for each of these.
    pub checks: Vec<String>,
    /// What the program of one language must show as well.
    #[serde(default)]
    pub more: BTreeMap<String, Vec<String>>,
}

impl Clients {
    /// What the program of this language must show.
    pub fn checks_of(&self, language: &str) -> Vec<String> {
        let more = self.more.get(language).into_iter().flatten();
        self.checks.iter().chain(more).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Clients;

    #[test]
    fn a_language_shows_its_own_checks_besides_the_common_ones() {
        let text = "folder = 'clients/'\nrole = 'admin'\nchecks = ['a']\nmore.python = ['b', 'c']\n";
        let clients: Clients = toml::from_str(text).unwrap();
        assert_eq!(clients.checks_of("python"), ["a", "b", "c"]);
        assert_eq!(clients.checks_of("go"), ["a"]);
    }
}
