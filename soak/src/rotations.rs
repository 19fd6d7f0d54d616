//! How often the service has replaced a login, from its metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use harness::http_client::{self, Request};

const METRIC: &str = "db_login_rotations";

/// The logins that the load uses; others are replaced as well, but no request would notice.
const LOGINS: [&str; 3] = ["rates", "accounts", "wishes"];

/// Reasons that only credentials which ended early have.
const EARLY: [&str; 2] = ["revoked", "refused"];

/// Replaced logins by login and reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotations(BTreeMap<(String, String), u64>);

impl Rotations {
    /// Reads the metrics of the internal listener.
    pub fn read(internal_port: u16) -> Result<Rotations> {
        let request = Request {
            method: "GET",
            target: "/metrics",
            ..Request::default()
        };
        let response = http_client::send(internal_port, &request, Duration::from_secs(10))?;
        ensure!(
            response.status == 200,
            "/metrics answered {} to the soak",
            response.status
        );
        Ok(Rotations::parse(&response.body))
    }

    /// Of the text of the metrics.
    pub(crate) fn parse(metrics: &str) -> Rotations {
        let mut rotations = Rotations::default();
        for line in metrics.lines().filter(|line| line.starts_with(METRIC)) {
            let Some((labels, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let login = label(labels, "login").unwrap_or_default();
            let reason = label(labels, "reason").unwrap_or("unknown").to_owned();
            // The first credentials of a process replace none.
            if LOGINS.contains(&login) && reason != "start" {
                let count = value.parse::<f64>().unwrap_or(0.0) as u64;
                *rotations.0.entry((login.to_owned(), reason)).or_default() += count;
            }
        }
        rotations
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Those that were made since another reading of the same process.
    #[must_use]
    pub fn since(&self, before: &Rotations) -> Rotations {
        let count = |(key, count): (&(String, String), &u64)| {
            let former = before.0.get(key).copied().unwrap_or(0);
            (key.clone(), count.saturating_sub(former))
        };
        let counts = self.0.iter().map(count).filter(|(_, count)| *count > 0);
        Rotations(counts.collect())
    }

    /// The loaded logins that were not replaced because their credentials had ended early.
    pub fn without_early_end(&self) -> Vec<&'static str> {
        let replaced = |login: &&str| EARLY.iter().any(|reason| self.count(login, reason) > 0);
        LOGINS.into_iter().filter(|login| !replaced(login)).collect()
    }

    /// How many were replaced because their credentials had ended early.
    pub fn early(&self) -> u64 {
        let early = |((_, reason), _): &(&(String, String), &u64)| EARLY.contains(&reason.as_str());
        self.0.iter().filter(early).map(|(_, count)| count).sum()
    }

    fn count(&self, login: &str, reason: &str) -> u64 {
        let key = (login.to_owned(), reason.to_owned());
        self.0.get(&key).copied().unwrap_or(0)
    }
}

impl std::fmt::Display for Rotations {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut by_reason: BTreeMap<&str, u64> = BTreeMap::new();
        for ((_, reason), count) in &self.0 {
            *by_reason.entry(reason).or_default() += count;
        }
        let parts: Vec<String> = by_reason
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        if parts.is_empty() {
            return out.write_str("none");
        }
        out.write_str(&parts.join(", "))
    }
}

/// The value of a label.
fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = labels.split_once(&format!("{name}=\""))?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_of_loaded_logins_are_summed_by_reason() {
        let text = "# TYPE db_login_rotations_total counter\n\
                    db_login_rotations_total{login=\"rates\",reason=\"expiry\"} 3\n\
                    db_login_rotations_total{login=\"wishes\",reason=\"expiry\"} 2\n\
                    db_login_rotations_total{login=\"accounts\",reason=\"new-vault-login\"} 4\n\
                    db_login_rotations_total{login=\"rates\",reason=\"start\"} 1\n\
                    db_login_rotations_total{login=\"mail\",reason=\"new-vault-login\"} 50\n\
                    db_login_generation{login=\"rates\"} 4\n";
        let read = Rotations::parse(text);
        assert_eq!(read.total(), 9);
        assert_eq!(read.to_string(), "5 expiry, 4 new-vault-login");
        let before = Rotations::parse("db_login_rotations_total{login=\"rates\",reason=\"expiry\"} 3\n");
        assert_eq!(read.since(&before).to_string(), "2 expiry, 4 new-vault-login");
        assert_eq!(Rotations::default().to_string(), "none");
    }

    #[test]
    fn a_login_that_no_revocation_replaced_is_found() {
        let read = Rotations::parse(
            "db_login_rotations_total{login=\"rates\",reason=\"revoked\"} 1\n\
             db_login_rotations_total{login=\"accounts\",reason=\"expiry\"} 7\n\
             db_login_rotations_total{login=\"wishes\",reason=\"refused\"} 2\n",
        );
        assert_eq!(read.without_early_end(), ["accounts"]);
        assert_eq!(read.early(), 3);
        assert_eq!(Rotations::default().without_early_end(), LOGINS);
    }
}
