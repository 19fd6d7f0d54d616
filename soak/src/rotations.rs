//! How often the service has replaced a login, from its metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use harness::http_client::{self, Request};

const METRIC: &str = "db_login_rotations";

/// The logins that the load uses; others are replaced as well, but no request would notice.
const LOGINS: [&str; 3] = ["rates", "accounts", "wishes"];

/// Replaced logins by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotations(BTreeMap<String, u64>);

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

    fn parse(metrics: &str) -> Rotations {
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
                *rotations.0.entry(reason).or_default() += count;
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
        let count = |(reason, count): (&String, &u64)| {
            let former = before.0.get(reason).copied().unwrap_or(0);
            (reason.clone(), count.saturating_sub(former))
        };
        let counts = self.0.iter().map(count).filter(|(_, count)| *count > 0);
        Rotations(counts.collect())
    }
}

impl std::fmt::Display for Rotations {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = self
            .0
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
        let before = Rotations::parse("db_login_rotations_total{login=\"rates\",reason=\"expiry\"} 5\n");
        assert_eq!(read.since(&before).to_string(), "4 new-vault-login");
        assert_eq!(Rotations::default().to_string(), "none");
    }
}
