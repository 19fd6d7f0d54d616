//! Statements with a login's name, password and end filled in.

use chrono::TimeDelta;

use crate::clock;

/// How much longer than its lease a login is valid, so that the lease ends first.
const GRACE: TimeDelta = TimeDelta::seconds(5);

/// What a statement may refer to.
#[derive(Default)]
pub(crate) struct Login<'a> {
    pub(crate) name: &'a str,
    /// A password or a verifier.
    pub(crate) secret: &'a str,
    /// Seconds until the end of the lease.
    pub(crate) ttl: Option<i64>,
}

/// The statements with the login filled in. Like the server, it separates them at each semicolon unless the text has an
/// `END`.
pub(crate) fn fill(statements: &[String], login: &Login<'_>) -> Vec<String> {
    let is_block = |text: &str| text.contains("END");
    let separate = |text: &String| -> Vec<String> {
        if is_block(text) {
            vec![text.clone()]
        } else {
            text.split(';').map(str::to_owned).collect()
        }
    };
    // PostgreSQL compares it with the clock of the machine.
    let expiration = login
        .ttl
        .map(|ttl| clock::wall_clock() + TimeDelta::seconds(ttl) + GRACE);
    let expiration = expiration.map(|time| time.format("%Y-%m-%d %H:%M:%S%z").to_string());
    let filled = |text: &String| {
        let mut text = text.trim().to_owned();
        for (name, value) in [
            ("{{name}}", Some(login.name)),
            ("{{username}}", Some(login.name)),
            (
                "{{password}}",
                Some(login.secret).filter(|secret| !secret.is_empty()),
            ),
            ("{{expiration}}", expiration.as_deref()),
        ] {
            if let Some(value) = value {
                text = text.replace(name, value);
            }
        }
        text
    };
    let separated = statements.iter().flat_map(separate);
    separated
        .map(|text| filled(&text))
        .filter(|text| !text.is_empty())
        .collect()
}

/// The statements of a rotation.
pub(crate) fn rotation(statements: &[String], name: &str, secret: &str) -> Vec<String> {
    fill(
        statements,
        &Login {
            name,
            secret,
            ttl: None,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_separated_and_filled_in() {
        let login = Login {
            name: "v-a",
            secret: "p",
            ttl: None,
        };
        let text = ["SELECT '{{name}}', '{{password}}'; SELECT 2;".to_owned()];
        assert_eq!(fill(&text, &login), ["SELECT 'v-a', 'p'", "SELECT 2"]);
        // A renewal has no password.
        let text = ["SELECT '{{password}}'".to_owned()];
        assert_eq!(
            fill(&text, &Login { secret: "", ..login }),
            ["SELECT '{{password}}'"]
        );
    }
}
