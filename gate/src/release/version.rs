//! Which version follows from the commits: semantic versioning, with cargo's rule before 1.0.0.

use anyhow::{Result, ensure};
use semver::Version;

use crate::commits::history::History;
use crate::commits::message::{self, SemverImpact};

/// Fails unless the wanted version follows from the commits.
pub fn check(wanted: &Version, current: &Version, history: &History) -> Result<()> {
    ensure!(
        !history.commits.is_empty(),
        "there is no commit since {}",
        history.tag.as_deref().unwrap_or("the beginning")
    );
    let Some(tag) = &history.tag else {
        ensure!(
            wanted == current,
            "the first release is what Cargo.toml says: {current}, not {wanted}"
        );
        return Ok(());
    };
    ensure!(
        *tag == format!("v{current}"),
        "Cargo.toml says {current}, the last release is {tag}"
    );
    let impacts = history.commits.iter().map(|commit| {
        let impact = message::impact(&commit.message).unwrap_or(SemverImpact::None);
        (impact, commit)
    });
    let Some((impact, commit)) = impacts.max_by_key(|(impact, _)| *impact) else {
        return Ok(());
    };
    let next = next(current, impact);
    // The first stable version is a decision that does not follow from commits.
    let is_first_stable = current.major == 0 && *wanted == Version::new(1, 0, 0);
    ensure!(
        *wanted == next || is_first_stable,
        "{wanted} does not follow from the commits since {tag}: {next} does, by {} `{}`",
        commit.short(),
        commit.message.lines().next().unwrap_or_default()
    );
    Ok(())
}

/// Before 1.0.0 a breaking change increments the minor version, and any other the patch version, as in cargo.
fn next(current: &Version, impact: SemverImpact) -> Version {
    let Version {
        major, minor, patch, ..
    } = *current;
    match (impact, major) {
        (SemverImpact::Breaking, 1..) => Version::new(major + 1, 0, 0),
        (SemverImpact::Breaking, 0) | (SemverImpact::Feature, 1..) => Version::new(major, minor + 1, 0),
        _ => Version::new(major, minor, patch + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commits::history::Commit;

    fn history(tag: Option<&str>, messages: &[&str]) -> History {
        let commit = |message: &&str| Commit {
            hash: "0123456789abcdef".to_owned(),
            message: (*message).to_owned(),
        };
        History {
            range: String::new(),
            tag: tag.map(str::to_owned),
            commits: messages.iter().map(commit).collect(),
            exempt: std::collections::BTreeSet::new(),
            is_shallow: false,
        }
    }

    #[test]
    fn the_version_follows_from_the_greatest_impact() {
        for (current, messages, wanted) in [
            ("0.1.0", &["docs: a", "fix: b"][..], "0.1.1"),
            ("0.1.0", &["fix: a", "feat: b"], "0.1.1"),
            ("0.1.3", &["feat!: a", "fix: b"], "0.2.0"),
            ("0.1.3", &["fix: a"], "1.0.0"),
            ("1.2.3", &["docs: a"], "1.2.4"),
            ("1.2.3", &["fix: a", "feat: b"], "1.3.0"),
            ("1.2.3", &["fix: a\n\nBREAKING CHANGE: b"], "2.0.0"),
        ] {
            let (wanted, current): (Version, Version) = (wanted.parse().unwrap(), current.parse().unwrap());
            let history = history(Some(&format!("v{current}")), messages);
            check(&wanted, &current, &history).unwrap();
            for other in ["0.1.0", "0.3.0", "1.2.5", "3.0.0", "1.4.0", "0.1.1-rc.1"] {
                assert!(
                    check(&other.parse().unwrap(), &current, &history).is_err(),
                    "{current} {other}"
                );
            }
        }
    }

    #[test]
    fn a_version_that_does_not_follow_is_rejected() {
        let (one, two): (Version, Version) = ("0.1.0".parse().unwrap(), "0.2.0".parse().unwrap());
        let error = |current, tag, messages: &[&str]| {
            check(&two, current, &history(tag, messages))
                .unwrap_err()
                .to_string()
        };
        assert!(error(&one, Some("v0.1.0"), &["feat: b"]).contains("0.1.1 does, by 0123456789 `feat: b`"));
        assert!(error(&one, Some("v0.1.0"), &[]).contains("no commit since v0.1.0"));
        assert!(error(&one, Some("v0.0.9"), &["feat: b"]).contains("the last release is v0.0.9"));
        assert!(error(&one, None, &["feat: b"]).contains("the first release is what Cargo.toml says"));
        check(&one, &one, &history(None, &["feat: b"])).unwrap();
    }
}
