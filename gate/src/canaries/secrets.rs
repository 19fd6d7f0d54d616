//! Secrets to plant before a scanner, put together when it runs: no file of a repository may hold them as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

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
/// `ToolFailed` when one cannot be written.
pub fn plant(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    for secret in [access_key(), secret_key()].into_iter().chain(lines()) {
        ctx.shared.register_secret(secret);
    }
    for (name, text) in files() {
        std::fs::write(ctx.subject.join(name), text)?;
    }
    Ok(())
}

/// A kind of token that a rule of its own finds, so that each place where one is planted is proven by itself.
#[derive(Debug, Clone, Copy)]
pub enum Token {
    /// GitHub's.
    GitHub,
    /// GitLab's.
    GitLab,
    /// DigitalOcean's.
    DigitalOcean,
    /// npm's.
    Npm,
    /// Shopify's.
    Shopify,
    /// Linear's.
    Linear,
}

/// One of this kind. From then on it is taken out of whatever is kept.
#[must_use]
pub fn token(ctx: &ScanContext<'_>, kind: Token) -> String {
    let token = shaped(kind);
    ctx.shared.register_secret(token.clone());
    token
}

fn shaped(kind: Token) -> String {
    let (start, letters, count) = match kind {
        Token::GitHub => ("ghp_", LETTERS, 36),
        Token::GitLab => ("glpat-", LETTERS, 20),
        Token::DigitalOcean => ("dop_v1_", HEX, 64),
        Token::Npm => ("npm_", LETTERS, 36),
        Token::Shopify => ("shpat_", HEX, 32),
        Token::Linear => ("lin_api_", LETTERS, 40),
    };
    format!("{start}{}", random(start, letters, count))
}

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz012345";
const HEX: &[u8] = b"0123456789abcdef";

/// Four letters that say what it is, and 16 of Base32.
fn access_key() -> String {
    format!(
        "AKIA{}",
        random("access key", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
    )
}

fn random(of: &str, letters: &[u8], count: usize) -> String {
    let random = bytes(of, count);
    let letter = |byte: &u8| char::from(letters[usize::from(*byte) % letters.len()]);
    random.iter().map(letter).collect()
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
