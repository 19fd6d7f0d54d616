//! The password policy (NIST SP 800-63B-4 §3.1.1.2, ASVS v5.0.0-6.2.1 to 6.2.12): a minimum length that depends on the
//! factors, no common or breached password, no personal or organisational word. No rules on character classes; passwords
//! are not truncated, and stored in NFC.

use super::breached_passwords::BreachedPasswords;
use crate::config::auth::PasswordSettings;
use crate::crypto::password_hash::{nfc, sha1};
use crate::types::email::Email;
use crate::types::search_key::fold;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// Minimum length in characters, if the password is the only factor.
pub const MIN_LENGTH: usize = 15;

/// Minimum length in characters, if a second factor is set up.
pub const MIN_LENGTH_WITH_FACTOR: usize = 8;

/// Maximum length in characters.
pub const MAX_LENGTH: usize = 128;

/// Minimum length of a name or address part to be rejected: shorter ones occur in ordinary sentences by chance.
const MIN_PERSONAL_PART: usize = 4;

/// Name of the service: an obvious guess for its passwords.
const SERVICE_NAME: &str = "portcullis";

/// Common passwords. The file states its format, source and licence.
const COMMON: &str = include_str!("common_passwords.txt");

/// The rules for new passwords. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PasswordPolicy(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    /// Folded.
    words: Vec<String>,
    breached: Option<BreachedPasswords>,
}

/// Whose password it is to be.
#[derive(Clone, Copy, Debug)]
pub struct PasswordOwner<'a> {
    /// The account's addresses: the current one, and the one that it is to get.
    pub emails: &'a [&'a Email],
    /// Its name; may be empty.
    pub name: &'a str,
    /// Whether a login requires a second factor.
    pub has_second_factor: bool,
}

/// A password that complies with the policy for a certain account.
#[derive(Debug)]
pub struct AcceptedPassword(SecretString);

/// The file of breached passwords cannot be read, so it is not known whether a password complies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("new passwords cannot be checked")]
pub struct PasswordCheckError;

/// Which rule a password violates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordPolicyError {
    /// Fewer characters than this minimum.
    #[error("must have at least {0} characters")]
    Short(usize),
    /// More than [`MAX_LENGTH`] characters.
    #[error("must have at most {MAX_LENGTH} characters")]
    Long,
    /// It is on the list of common passwords.
    #[error("is one of the most common passwords")]
    Common,
    /// It is in the operator's file of breached passwords.
    #[error("is known from a data breach")]
    Breached,
    /// It contains this part of the name or address as a word.
    #[error("must not contain “{0}”, which is part of the name or the e-mail address")]
    Personal(String),
    /// It contains this word of the service or the organisation.
    #[error("must not contain “{0}”")]
    Word(String),
}

impl PasswordPolicy {
    /// The policy with these settings. Checks the file of breached passwords.
    pub fn new(settings: &PasswordSettings) -> std::io::Result<Self> {
        let breached = settings.breached.clone().map(BreachedPasswords::open);
        let words = settings.words.iter().map(String::as_str).chain([SERVICE_NAME]);
        Ok(Self(Arc::new(Rules {
            words: words.map(fold).collect(),
            breached: breached.transpose()?,
        })))
    }

    /// Checks a new password. Fails if the file of breached passwords cannot be read: it is then not known whether the
    /// password complies.
    pub async fn check(
        &self,
        password: SecretString,
        owner: &PasswordOwner<'_>,
    ) -> Result<Result<AcceptedPassword, PasswordPolicyError>, PasswordCheckError> {
        let text = nfc(password.expose_secret());
        if let Err(error) = self.0.check_text(&text, owner) {
            return Ok(Err(error));
        }
        if self
            .is_breached([sha1(password.expose_secret()), sha1(&text)])
            .await?
        {
            return Ok(Err(PasswordPolicyError::Breached));
        }
        Ok(Ok(AcceptedPassword(text.into_owned().into())))
    }

    async fn is_breached(&self, hashes: [[u8; 40]; 2]) -> Result<bool, PasswordCheckError> {
        let Some(breached) = self.0.breached.clone() else {
            return Ok(false);
        };
        let search = move || Ok(breached.contains(&hashes[0])? || breached.contains(&hashes[1])?);
        let found: std::io::Result<bool> = match tokio::task::spawn_blocking(search).await {
            Ok(found) => found,
            Err(error) => Err(error.into()),
        };
        found.map_err(|error| {
            tracing::error!(%error, "cannot search BREACHED_PASSWORDS; new passwords are refused");
            PasswordCheckError
        })
    }
}

impl Rules {
    fn check_text(&self, password: &str, owner: &PasswordOwner<'_>) -> Result<(), PasswordPolicyError> {
        let length = password.chars().count();
        let min_length = if owner.has_second_factor {
            MIN_LENGTH_WITH_FACTOR
        } else {
            MIN_LENGTH
        };
        if length < min_length {
            return Err(PasswordPolicyError::Short(min_length));
        }
        if length > MAX_LENGTH {
            return Err(PasswordPolicyError::Long);
        }
        if is_common(&password.to_lowercase()) {
            return Err(PasswordPolicyError::Common);
        }
        let text = fold(password);
        if let Some(word) = self.words.iter().find(|word| text.contains(word.as_str())) {
            return Err(PasswordPolicyError::Word(word.clone()));
        }
        match find_personal_part(&text, owner) {
            Some(part) => Err(PasswordPolicyError::Personal(part)),
            None => Ok(()),
        }
    }
}

impl AcceptedPassword {
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

/// The part of the owner's name or addresses that a folded password contains as a whole word, or the whole address.
/// Parts of words do not count: `supermarket` is no reference to Mark.
fn find_personal_part(password: &str, owner: &PasswordOwner<'_>) -> Option<String> {
    let addresses = owner.emails.iter().map(|email| email.key().to_owned());
    if let Some(address) = addresses.into_iter().find(|address| password.contains(address)) {
        return Some(address);
    }
    let parts = owner
        .emails
        .iter()
        .flat_map(|email| email_parts(email))
        .chain(parts_and_whole(&fold(owner.name)));
    let mut parts = parts.filter(|part| part.chars().count() >= MIN_PERSONAL_PART);
    parts.find(|part| words(password).any(|word| word == part))
}

/// The words of an address: of the local part, and of the domain without the top-level label.
fn email_parts(email: &Email) -> Vec<String> {
    let domain = email.key().rsplit('@').next().unwrap_or_default();
    let domain = domain.rsplit_once('.').map_or(domain, |(labels, _)| labels);
    let mut parts = parts_and_whole(email.local_part());
    parts.extend(words(domain).map(str::to_owned));
    parts
}

/// The words of a text, and the text without separators.
fn parts_and_whole(text: &str) -> Vec<String> {
    let whole = text.chars().filter(|c| c.is_alphanumeric()).collect();
    words(text).map(str::to_owned).chain([whole]).collect()
}

/// Runs of letters and digits, and runs without digits: `ann2026` contains the words `ann2026` and `ann`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let with_digits = text.split(|c: char| !c.is_alphanumeric());
    with_digits.chain(text.split(|c: char| !c.is_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_for(
        password: &str,
        email: &str,
        name: &str,
        has_second_factor: bool,
    ) -> Result<(), PasswordPolicyError> {
        let email = Email::parse(email).unwrap();
        let owner = PasswordOwner {
            emails: &[&email],
            name,
            has_second_factor,
        };
        let settings = PasswordSettings {
            breached: None,
            words: vec!["acme".to_owned(), "mu\u{308}hle".to_owned()],
        };
        let policy = PasswordPolicy::new(&settings).unwrap();
        policy.0.check_text(password, &owner)
    }

    fn check(password: &str) -> Result<(), PasswordPolicyError> {
        check_for(
            password,
            "grace.hopper@navy-yard.example",
            "Grace Brewster-Hopper",
            true,
        )
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert_eq!(
            check("tr0ub4d"),
            Err(PasswordPolicyError::Short(MIN_LENGTH_WITH_FACTOR))
        );
        assert_eq!(check("tr0ub4d&"), Ok(()));
        assert_eq!(
            check("密码密码密码密"),
            Err(PasswordPolicyError::Short(MIN_LENGTH_WITH_FACTOR))
        );
        assert_eq!(check("密码密码密码密码"), Ok(()));
        assert_eq!(check(&"ü€".repeat(64)), Ok(()));
        assert_eq!(
            check(&format!("{}x", "ü€".repeat(64))),
            Err(PasswordPolicyError::Long)
        );
        assert_eq!(check(""), Err(PasswordPolicyError::Short(MIN_LENGTH_WITH_FACTOR)));
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
            assert!(common.chars().count() >= MIN_LENGTH_WITH_FACTOR && common == common.to_lowercase());
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
    fn a_password_without_a_second_factor_is_longer() {
        let of = |password: &str| check_for(password, "a@b.example", "", false);
        assert_eq!(of("fourteen chars"), Err(PasswordPolicyError::Short(MIN_LENGTH)));
        assert_eq!(of("fifteen charact"), Ok(()));
        assert_eq!(of("123456789012345"), Err(PasswordPolicyError::Common));
    }

    #[test]
    fn a_word_of_the_name_or_address_is_rejected_and_named() {
        for (personal, part) in [
            ("my-Hopper-77", "hopper"),
            ("GRACE is here", "grace"),
            ("brewster1906", "brewster"),
            ("a navy of 12", "navy"),
            ("1 yard 2 go", "yard"),
            ("gracehopper!", "gracehopper"),
            (
                "(grace.hopper@navy-yard.example)",
                "grace.hopper@navy-yard.example",
            ),
        ] {
            let error = PasswordPolicyError::Personal(part.to_owned());
            assert_eq!(check(personal), Err(error), "{personal}");
        }
        for good in [
            "disgraceful weather",
            "grasshoppers",
            "a graveyard shift",
            "gracefully",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let of_mark = |password: &str| check_for(password, "m@a.example", "Mark Rose", false);
        assert_eq!(of_mark("supermarket prosecco waltz"), Ok(()));
        let error = PasswordPolicyError::Personal("mark".to_owned());
        assert_eq!(of_mark("on your mark, get set"), Err(error));
        let of_li = |password: &str| check_for(password, "li@a.example", "Li Xu", true);
        assert_eq!(of_li("a lily is a flower"), Ok(()));
        assert!(matches!(
            of_li("lixu-lixu"),
            Err(PasswordPolicyError::Personal(_))
        ));
        assert!(matches!(
            of_li("li@a.example"),
            Err(PasswordPolicyError::Personal(_))
        ));
    }

    #[test]
    fn personal_words_are_found_in_any_case_and_form() {
        for (password, name) in [
            ("down the straße again", "Hans STRASSE"),
            ("down the STRASSE again", "Hans Straße"),
            ("the ΣΊΣΥΦΟσ of today", "Σίσυφος"),
            ("ｍｕｅｌｌｅｒ by the sea", "Jo Mueller"),
            ("mu\u{ad}eller by the sea", "Jo Mueller"),
            ("müller by the sea", "Jo Mu\u{308}ller"),
            ("mu\u{308}ller by the sea", "Jo MÜLLER"),
        ] {
            let checked = check_for(password, "a@b.example", name, false);
            assert!(
                matches!(checked, Err(PasswordPolicyError::Personal(_))),
                "{password} {name}"
            );
        }
    }

    #[test]
    fn a_word_of_the_service_or_the_organisation_is_rejected() {
        let word = |word: &str| Err(PasswordPolicyError::Word(word.to_owned()));
        assert_eq!(check("open-Portcullis-1"), word("portcullis"));
        assert_eq!(check("theACMEcompany"), word("acme"));
        assert_eq!(check("Port\u{ad}cullis or not"), word("portcullis"));
        assert_eq!(check("die MÜHLE am Bach"), word("mühle"));
    }
}
