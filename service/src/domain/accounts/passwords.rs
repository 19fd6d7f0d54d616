//! The password policy (ASVS v5.0.0-6.2.1 to 6.2.12): a minimum length, no common password, no personal data. No rules
//! on character classes; passwords are neither truncated nor normalised.

use crate::types::email::Email;
use secrecy::{ExposeSecret, SecretString};

/// Minimum length in characters.
pub const MIN_LENGTH: usize = 8;

/// Maximum length in characters.
pub const MAX_LENGTH: usize = 128;

/// Minimum length of a name or address part to be rejected: shorter ones occur in ordinary words by chance.
const MIN_PERSONAL_PART: usize = 4;

/// Names of the service: obvious guesses for its passwords.
const SERVICE_NAMES: [&str; 1] = ["portcullis"];

/// Common passwords. The file states its format, source and licence.
const COMMON: &str = include_str!("common_passwords.txt");

/// A password that complies with the policy for a certain account.
#[derive(Debug)]
pub struct AcceptedPassword(SecretString);

/// Which rule a password violates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordPolicyError {
    /// Fewer than [`MIN_LENGTH`] characters.
    #[error("must have at least {MIN_LENGTH} characters")]
    Short,
    /// More than [`MAX_LENGTH`] characters.
    #[error("must have at most {MAX_LENGTH} characters")]
    Long,
    /// It is on the list of common passwords.
    #[error("is one of the most common passwords")]
    Common,
    /// It contains a part of the name or address.
    #[error("must not contain a part of the name or the e-mail address")]
    Personal,
    /// It contains the service's name.
    #[error("must not contain the name of this service")]
    Service,
}

impl AcceptedPassword {
    /// Checks a password for an account with these addresses and this name, which may be empty.
    pub fn check(password: SecretString, emails: &[&Email], name: &str) -> Result<Self, PasswordPolicyError> {
        let text = password.expose_secret();
        let length = text.chars().count();
        if length < MIN_LENGTH {
            return Err(PasswordPolicyError::Short);
        }
        if length > MAX_LENGTH {
            return Err(PasswordPolicyError::Long);
        }
        let text = text.to_lowercase();
        if is_common(&text) {
            return Err(PasswordPolicyError::Common);
        }
        if SERVICE_NAMES.iter().any(|own| text.contains(own)) {
            return Err(PasswordPolicyError::Service);
        }
        let parts = emails
            .iter()
            .flat_map(|email| email_parts(email))
            .chain(name_parts(name));
        if parts
            .filter(|part| part.chars().count() >= MIN_PERSONAL_PART)
            .any(|part| text.contains(&part))
        {
            return Err(PasswordPolicyError::Personal);
        }
        Ok(Self(password))
    }

    /// The password, to be hashed.
    pub fn into_secret(self) -> SecretString {
        self.0
    }
}

/// Scans the whole list: one millisecond, compared to thirty for a hash, and no memory.
fn is_common(password: &str) -> bool {
    let mut found = false;
    for_each_common(|common| found |= common == password);
    found
}

fn for_each_common(mut visit: impl FnMut(&str)) {
    let mut common = String::new();
    for line in COMMON.lines().filter(|line| !line.starts_with('#')) {
        let Some(shared) = line.bytes().next() else {
            continue;
        };
        common.truncate(usize::from(shared.saturating_sub(b'0')));
        common.push_str(line.get(1..).unwrap_or_default());
        visit(&common);
    }
}

/// Lower-case words of a name, and the name without separators.
fn name_parts(name: &str) -> Vec<String> {
    parts_and_whole(&name.to_lowercase())
}

/// The same for the local part of an address, and the words of its domain without the top-level label.
fn email_parts(email: &Email) -> Vec<String> {
    let domain = email.key().rsplit('@').next().unwrap_or_default();
    let domain = domain.rsplit_once('.').map_or(domain, |(labels, _)| labels);
    let mut parts = parts_and_whole(email.local_part());
    parts.extend(alphanumeric_parts(domain).map(str::to_owned));
    parts
}

fn parts_and_whole(text: &str) -> Vec<String> {
    let whole = text.chars().filter(|c| c.is_alphanumeric()).collect();
    alphanumeric_parts(text)
        .map(str::to_owned)
        .chain([whole])
        .collect()
}

fn alphanumeric_parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Result<(), PasswordPolicyError> {
        let email = Email::parse("grace.hopper@navy-yard.example").unwrap();
        AcceptedPassword::check(password.into(), &[&email], "Grace Brewster-Hopper").map(drop)
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert_eq!(check("tr0ub4d"), Err(PasswordPolicyError::Short));
        assert_eq!(check("tr0ub4d&"), Ok(()));
        assert_eq!(check("密码密码密码密"), Err(PasswordPolicyError::Short));
        assert_eq!(check("密码密码密码密码"), Ok(()));
        assert_eq!(check(&"ü€".repeat(64)), Ok(()));
        assert_eq!(
            check(&format!("{}x", "ü€".repeat(64))),
            Err(PasswordPolicyError::Long)
        );
        assert_eq!(check(""), Err(PasswordPolicyError::Short));
    }

    #[test]
    fn there_is_no_rule_on_character_classes() {
        for good in [
            "mmmmmmmmmmmnm",
            "        spaces        ",
            "correct horse battery",
            "\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_list_of_common_passwords_is_sorted_and_complete() {
        let (mut count, mut last) = (0, String::new());
        for_each_common(|common| {
            assert!(common > last.as_str(), "{common} after {last}");
            assert!(common.chars().count() >= MIN_LENGTH && common == common.to_lowercase());
            common.clone_into(&mut last);
            count += 1;
        });
        assert_eq!(count, 46_483);
    }

    #[test]
    fn common_passwords_are_rejected_in_any_case() {
        for common in [
            "password",
            "PassWord",
            "12345678",
            "!@#$%^&*",
            "zzzzzzzz",
            "98765432",
            "Jennifer",
            "ADMINISTRATOR",
            "1QAZ2WSX",
            "iloveyou",
            "TrustNo1",
        ] {
            assert_eq!(check(common), Err(PasswordPolicyError::Common), "{common}");
        }
    }

    #[test]
    fn a_part_of_the_name_or_address_is_rejected() {
        for personal in [
            "my-Hopper-77",
            "GRACE is here",
            "xxbrewsterxx",
            "a navy of 12",
            "1 yard 2 go",
            "gracehopper!",
        ] {
            assert_eq!(check(personal), Err(PasswordPolicyError::Personal), "{personal}");
        }
        assert_eq!(check("open-Portcullis-1"), Err(PasswordPolicyError::Service));
        let (email, name) = (Email::parse("li@a.example").unwrap(), "Li Xu");
        let of_li = |password: &str| AcceptedPassword::check(password.into(), &[&email], name).map(drop);
        assert_eq!(of_li("a lily is a flower"), Ok(()));
        assert_eq!(of_li("lixu-lixu"), Err(PasswordPolicyError::Personal));
    }
}
