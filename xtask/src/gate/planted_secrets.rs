//! Secrets to plant before a scanner, put together when it runs: no file of a repository may hold them as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::job::Job;
use super::seen::Trouble;

/// The files, by name and text: an AWS key pair, a private key.
#[must_use]
pub fn files() -> [(&'static str, String); 2] {
    let credentials = format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\n",
        access_key(),
        secret_key()
    );
    let (begin, end) = (
        concat!("-----BEGIN RSA PRIV", "ATE KEY-----"),
        concat!("-----END RSA PRIV", "ATE KEY-----"),
    );
    let key = format!("{begin}\n{}\n{end}\n", lines().join("\n"));
    [("credentials.txt", credentials), ("key.pem", key)]
}

/// Writes them into the subject. From then on they are taken out of whatever is kept.
///
/// # Errors
/// `Broke` when one cannot be written.
pub fn plant(job: &Job<'_>) -> Result<(), Trouble> {
    for secret in [access_key(), secret_key()].into_iter().chain(lines()) {
        job.shared.keep_secret(secret);
    }
    for (name, text) in files() {
        std::fs::write(job.subject.join(name), text)?;
    }
    Ok(())
}

/// Four letters that say what it is, and 16 of Base32.
fn access_key() -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let random = bytes("access key", 16);
    let random = random
        .iter()
        .map(|byte| char::from(letters[usize::from(byte % 32)]));
    "AKIA".chars().chain(random).collect()
}

fn secret_key() -> String {
    STANDARD.encode(bytes("secret key", 30))
}

/// As many as a key of 2048 bits has, which it is not.
fn lines() -> Vec<String> {
    let encoded = STANDARD.encode(bytes("private key", 1190));
    let lines = encoded.as_bytes().chunks(64);
    lines
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect()
}

fn bytes(of: &str, count: usize) -> Vec<u8> {
    let blocks = (0_u32..).map(|block| Sha256::digest(format!("planted {of} {block}")));
    blocks.flatten().take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_have_the_shape_of_the_real_ones() {
        let [(_, credentials), (_, key)] = files();
        assert_eq!((access_key().len(), secret_key().len()), (20, 40));
        assert!(credentials.contains(&access_key()) && credentials.contains(&secret_key()));
        assert!(key.lines().count() > 20 && key.lines().all(|line| line.len() <= 64));
    }
}
