//! Looks through logs for secrets: for those that are known, and for whatever has the shape of one. Tells where and what
//! kind, never the secret.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::output::print;

/// Characters of a token of ours: 256 bits in base64url.
const TOKEN: usize = 43;

/// What must not stand in a log.
#[derive(Default)]
pub struct Secrets {
    /// Tokens and their like: compared with whole words.
    words: BTreeSet<String>,
    /// Everything else: looked for anywhere.
    texts: BTreeSet<String>,
}

/// What was looked through, and what was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Lines that were read.
    pub lines: usize,
    /// Secrets that were known.
    pub secrets: usize,
    /// `FILE:LINE: kind`, each a leak.
    pub leaks: Vec<String>,
}

impl Secrets {
    /// Adds one. Shorter ones than eight characters stand in every log by chance.
    pub fn add(&mut self, secret: &str) {
        let parts: Vec<&str> = match secret.starts_with("eyJ") {
            // A JWT: its header is the same for all, its payload and its signature are not.
            true => secret.split('.').skip(1).collect(),
            false => vec![secret],
        };
        for part in parts.into_iter().filter(|part| part.len() >= 8) {
            if part.chars().all(is_of_word) {
                self.words.insert(part.to_owned());
            } else {
                self.texts.insert(part.to_owned());
                // As it would stand in a line of JSON.
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

    /// Adds those that a file tells: a JSON text a line.
    pub fn add_told(&mut self, file: &Path) -> Result<()> {
        for line in fs::read_to_string(file)?.lines() {
            self.add(&serde_json::from_str::<String>(line)?);
        }
        Ok(())
    }

    /// What kind of secret stands in a line.
    fn kind_in(&self, line: &str) -> Option<&'static str> {
        let words = || line.split(|c| !is_of_word(c)).filter(|word| !word.is_empty());
        if words().any(|word| self.words.contains(word)) || self.texts.iter().any(|text| line.contains(text))
        {
            return Some("a secret that was used");
        }
        if words().any(|word| word.starts_with("eyJ") && word.len() > 20) {
            return Some("something like a JWT");
        }
        if line.contains("$argon2") {
            return Some("something like a password's hash");
        }
        if line.contains("PRIVATE KEY") {
            return Some("something like a private key");
        }
        if words().any(is_token) {
            return Some("something like a token");
        }
        holds_address(line).then_some("something like a mail address")
    }

    fn look(&self, name: &str, text: &str, found: &mut Found) {
        for (number, line) in text.lines().enumerate() {
            found.lines += 1;
            if let Some(kind) = self.kind_in(line) {
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

/// Looks through every `*.log` of a directory for what its `*.secrets` hold: a JSON text a line.
pub fn in_directory(directory: &Path) -> Result<Found> {
    let mut secrets = Secrets::default();
    for file in files(directory, "secrets")? {
        secrets.add_told(&file)?;
    }
    let logs = files(directory, "log")?;
    in_logs(&secrets, &logs)
}

/// Looks through logs.
pub fn in_logs(secrets: &Secrets, logs: &[PathBuf]) -> Result<Found> {
    let mut found = Found {
        secrets: secrets.words.len() + secrets.texts.len(),
        ..Found::default()
    };
    for log in logs {
        let bytes = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
        secrets.look(
            &log.display().to_string(),
            &String::from_utf8_lossy(&bytes),
            &mut found,
        );
    }
    Ok(found)
}

/// Says where secrets stand; how many times.
pub fn tell(found: &Found) -> u64 {
    let Found {
        lines,
        secrets,
        leaks,
    } = found;
    leaks.iter().take(20).for_each(|leak| print(leak));
    let leaks = leaks.len();
    print(&format!(
        "logs: {lines} lines looked through for {secrets} secrets and their shapes, {leaks} found"
    ));
    leaks as u64
}

/// The files of an ending, in order; all of them when it is empty.
fn files(directory: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let path = entry?.path();
        let fits = ending.is_empty() || path.extension().is_some_and(|found| found == ending);
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

/// Something at a name of a host with a dot in it and letters behind the last one.
fn holds_address(line: &str) -> bool {
    line.match_indices('@').any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let host = line[at + 1..].split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
        let host = host.into_iter().next().unwrap_or_default().trim_matches('.');
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
        secrets.kind_in(line)
    }

    #[test]
    fn a_known_secret_is_found_however_it_is_spelled() {
        let known = Some("a secret that was used");
        assert_eq!(
            kind("violet bicycle 🚲", r#"{"x":"a violet bicycle 🚲!"}"#),
            known
        );
        assert_eq!(kind(r#"a"b\cdefghi"#, r#"{"x":"a\"b\\cdefghi"}"#), known);
        assert_eq!(kind("0123456789abcdef", "x=0123456789abcdef&y"), known);
        let jwt = "eyJhbGciOiJFUzI1NiJ9.payload-of-it.signature_of_it";
        assert_eq!(kind(jwt, "tail=signature_of_it"), known);
        assert_eq!(kind(jwt, "a.payload-of-it.b"), known);
        assert_eq!(
            kind("0123456789abcdef", "0123456789abcdef0"),
            None,
            "another word"
        );
        assert_eq!(kind("short", "short"), None, "by chance");
    }

    #[test]
    fn what_has_the_shape_of_a_secret_is_found_although_nobody_knew_it() {
        for (line, what) in [
            (format!("token={TOKEN}"), "something like a token"),
            (
                "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.".into(),
                "something like a JWT",
            ),
            (
                "h=$argon2id$v=19$m=19456".into(),
                "something like a password's hash",
            ),
            (
                "-----BEGIN PRIVATE KEY-----".into(),
                "something like a private key",
            ),
            ("to ann@example.org".into(), "something like a mail address"),
        ] {
            assert_eq!(kind("", &line), Some(what), "{line}");
        }
        for harmless in [
            r#"{"request_id":"c441d5de13cc2675dc1b1a80d8fc2cee","elapsed_us":512}"#,
            "package@0.1 and @x.y and a@b",
            "postgres@localhost",
            "a_name_of_forty_three_letters_is_no_token__",
        ] {
            assert_eq!(kind("", harmless), None, "{harmless}");
        }
    }

    #[test]
    fn a_directory_is_looked_through_and_the_secret_is_not_told() {
        let directory = std::env::temp_dir().join(format!("xtask-leaks-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        fs::write(
            directory.join("1.secrets"),
            "\"a long password\"\n\"another one here\"\n",
        )
        .unwrap();
        fs::write(directory.join("1.log"), "fine\n{\"x\":\"a long password\"}\n").unwrap();
        fs::write(directory.join("2.log"), "fine\n").unwrap();
        let found = in_directory(&directory);
        fs::remove_dir_all(&directory).unwrap();
        let found = found.unwrap();
        assert_eq!((found.lines, found.leaks.len()), (3, 1));
        assert!(
            found.leaks[0].ends_with("1.log:2: a secret that was used"),
            "{found:?}"
        );
        assert!(!format!("{found:?}").contains("long password"));
    }
}
