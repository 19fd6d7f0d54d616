//! Searches logs for secrets: known ones, and text with the form of one. It reports the place and the kind, never the
//! secret.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::output::print;

/// Characters of a token of ours: 256 bits in base64url.
const TOKEN: usize = 43;

/// Secrets that no log may contain.
#[derive(Default)]
pub struct Secrets {
    /// Tokens and the like, compared with whole words of a line.
    tokens: BTreeSet<String>,
    /// Other secrets, searched for anywhere in a line.
    texts: BTreeSet<String>,
}

/// What was searched and found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Lines that were read.
    pub lines: usize,
    /// Known secrets.
    pub secrets: usize,
    /// `FILE:LINE: kind`, each a leak.
    pub leaks: Vec<String>,
}

impl Secrets {
    /// Adds one, unless it is shorter than eight characters: those occur in logs by chance.
    pub fn add(&mut self, secret: &str) {
        let parts: Vec<&str> = if secret.starts_with("eyJ") {
            // A JWT: all have the same header.
            secret.split('.').skip(1).collect()
        } else {
            vec![secret]
        };
        for part in parts.into_iter().filter(|part| part.len() >= 8) {
            if part.chars().all(is_of_word) {
                self.tokens.insert(part.to_owned());
            } else {
                self.texts.insert(part.to_owned());
                // As it is written in JSON.
                let quoted = serde_json::Value::from(part).to_string();
                self.texts.insert(quoted.trim_matches('"').to_owned());
            }
        }
    }

    /// Adds the first line of every file in a directory of secrets.
    pub fn add_files(&mut self, directory: &Path) -> Result<()> {
        for file in files(directory, "")? {
            let text = String::from_utf8_lossy(&fs::read(&file)?).into_owned();
            text.lines().take(1).for_each(|line| self.add(line.trim()));
        }
        Ok(())
    }

    /// Adds those in a file: one JSON string per line.
    pub fn add_list(&mut self, file: &Path) -> Result<()> {
        for line in fs::read_to_string(file)?.lines() {
            self.add(&serde_json::from_str::<String>(line)?);
        }
        Ok(())
    }

    /// The kind of secret that a line contains.
    fn kind_in(&self, texts: &AhoCorasick, line: &str) -> Option<&'static str> {
        let words = || line.split(|c| !is_of_word(c)).filter(|word| !word.is_empty());
        if words().any(|word| self.tokens.contains(word)) || texts.is_match(line) {
            Some("a secret that was used")
        } else if words().any(|word| word.starts_with("eyJ") && word.len() > 20) {
            Some("something like a JWT")
        } else if line.contains("$argon2") {
            Some("something like a password's hash")
        } else if line.contains("PRIVATE KEY") {
            Some("something like a private key")
        } else if words().any(is_token) {
            Some("something like a token")
        } else {
            contains_address(line).then_some("something like a mail address")
        }
    }

    fn scan(&self, texts: &AhoCorasick, name: &str, text: &str, found: &mut Scan) {
        for (number, line) in text.lines().enumerate() {
            found.lines += 1;
            if let Some(kind) = self.kind_in(texts, line) {
                found.leaks.push(format!("{name}:{}: {kind}", number + 1));
            }
        }
    }
}

/// An empty directory for the logs of one run.
pub fn empty_directory(context: &Context) -> Result<PathBuf> {
    let directory = context.settings.target.join("xtask").join("test-logs");
    let made = match fs::remove_dir_all(&directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(&directory),
    };
    made.with_context(|| format!("cannot empty {}", directory.display()))?;
    Ok(directory)
}

/// Searches every `*.log` of a directory for the secrets in its `*.secrets` files.
pub fn in_directory(directory: &Path) -> Result<Scan> {
    let mut secrets = Secrets::default();
    for file in files(directory, "secrets")? {
        secrets.add_list(&file)?;
    }
    let logs = files(directory, "log")?;
    in_logs(&secrets, &logs)
}

/// Searches these logs.
pub fn in_logs(secrets: &Secrets, logs: &[PathBuf]) -> Result<Scan> {
    let mut found = Scan {
        secrets: secrets.tokens.len() + secrets.texts.len(),
        ..Scan::default()
    };
    // A run has tens of thousands of secrets and of lines: searching for one after the other takes longer than the tests.
    let texts = AhoCorasick::new(&secrets.texts).context("too many secrets to search for")?;
    for log in logs {
        let name = log.display().to_string();
        let bytes = fs::read(log).with_context(|| format!("cannot read {name}"))?;
        secrets.scan(&texts, &name, &String::from_utf8_lossy(&bytes), &mut found);
    }
    Ok(found)
}

/// Prints the leaks and returns their number.
pub fn report(found: &Scan) -> usize {
    found.leaks.iter().take(20).for_each(|leak| print(leak));
    let (lines, secrets, leaks) = (found.lines, found.secrets, found.leaks.len());
    print(&format!(
        "logs: {lines} lines searched for {secrets} secrets and for text of their form, {leaks} found"
    ));
    leaks
}

/// The files with this extension, sorted; all of them when it is empty.
fn files(directory: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let path = entry?.path();
        let fits = extension.is_empty() || path.extension().is_some_and(|found| found == extension);
        if fits && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

fn is_token(word: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| word.as_bytes().iter().any(kind);
    word.len() == TOKEN && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}

/// `…@` and a host name with a dot and a top-level domain.
fn contains_address(line: &str) -> bool {
    line.match_indices('@').any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let mut host = line[at + 1..].split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
        let host = host.next().unwrap_or_default().trim_matches('.');
        let last = host.rsplit_once('.').map_or("", |(_, last)| last);
        let is_host = last.len() > 1 && last.bytes().all(|b| b.is_ascii_alphabetic());
        is_host && before.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "q3T1x0m8Yc5yW9rJ4uH2vN7sK6pL0zEfGdB1aQiOtXk";

    fn kind(secret: &str, line: &str) -> Option<&'static str> {
        let mut secrets = Secrets::default();
        secrets.add(secret);
        let texts = AhoCorasick::new(&secrets.texts).unwrap();
        secrets.kind_in(&texts, line)
    }

    #[test]
    fn a_known_secret_is_found_in_every_spelling() {
        let known = Some("a secret that was used");
        let jwt = "eyJhbGciOiJFUzI1NiJ9.payload-of-it.signature_of_it";
        for (secret, line, wanted) in [
            ("violet bicycle 🚲", r#"{"x":"a violet bicycle 🚲!"}"#, known),
            (r#"a"b\cdefghi"#, r#"{"x":"a\"b\\cdefghi"}"#, known),
            ("0123456789abcdef", "x=0123456789abcdef&y", known),
            (jwt, "tail=signature_of_it", known),
            (jwt, "a.payload-of-it.b", known),
            // Another word, and a word that occurs by chance.
            ("0123456789abcdef", "0123456789abcdef0", None),
            ("short", "short", None),
        ] {
            assert_eq!(kind(secret, line), wanted, "{secret} in {line}");
        }
    }

    #[test]
    fn text_with_the_form_of_a_secret_is_found() {
        for (line, wanted) in [
            (&*format!("token={TOKEN}"), Some("something like a token")),
            (
                "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.",
                Some("something like a JWT"),
            ),
            (
                "h=$argon2id$v=19$m=19456",
                Some("something like a password's hash"),
            ),
            (
                "-----BEGIN PRIVATE KEY-----",
                Some("something like a private key"),
            ),
            ("to ann@example.org", Some("something like a mail address")),
            (
                r#"{"request_id":"c441d5de13cc2675dc1b1a80d8fc2cee","elapsed_us":512}"#,
                None,
            ),
            ("package@0.1 and @x.y and a@b", None),
            ("postgres@localhost", None),
            ("a_name_of_forty_three_signs_is_not_a_token_", None),
        ] {
            assert_eq!(kind("", line), wanted, "{line}");
        }
    }

    #[test]
    fn a_directory_is_searched_and_the_secret_is_not_shown() {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("1.secrets", "\"a long password\"\n\"another one here\"\n"),
            ("1.log", "fine\n{\"x\":\"a long password\"}\n"),
            ("2.log", "fine\n"),
        ] {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let found = in_directory(directory.path()).unwrap();
        assert_eq!((found.lines, found.leaks.len()), (3, 1));
        assert!(
            found.leaks[0].ends_with("1.log:2: a secret that was used"),
            "{found:?}"
        );
        assert!(!format!("{found:?}").contains("long password"));
    }
}
