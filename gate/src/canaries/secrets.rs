//! Secrets to plant, generated at run time: no file of a repository may hold them as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// Files by name and text: an AWS key pair, a private key.
fn files() -> [(&'static str, String); 2] {
    let credentials = format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\n",
        access_key(),
        secret_key()
    );
    let (begin, end) = (
        concat!("-----BEGIN RSA PRIV", "ATE KEY-----"),
        concat!("-----END RSA PRIV", "ATE KEY-----"),
    );
    let key = format!("{begin}\n{}\n{end}\n", private_key_lines().join("\n"));
    [("credentials.txt", credentials), ("key.pem", key)]
}

/// Writes the files into the subject and registers their secrets for redaction.
pub fn plant(ctx: &ScanContext<'_>) -> Result<(), ScanError> {
    for secret in [access_key(), secret_key()]
        .into_iter()
        .chain(private_key_lines())
    {
        ctx.run_state.register_secret(secret);
    }
    for (name, text) in files() {
        std::fs::write(ctx.subject.join(name), text)?;
    }
    Ok(())
}

/// A kind of token with its own rule in scanners, so that each place where one is planted is proven separately.
#[derive(Debug, Clone, Copy)]
pub enum Token {
    GitHub,
    GitLab,
    DigitalOcean,
    Npm,
    Shopify,
    Linear,
}

/// A token, registered for redaction.
pub fn token(ctx: &ScanContext<'_>, kind: Token) -> String {
    let (prefix, alphabet, count) = match kind {
        Token::GitHub => ("ghp_", LOWER_CASE, 36),
        Token::GitLab => ("glpat-", LOWER_CASE, 20),
        Token::DigitalOcean => ("dop_v1_", HEX, 64),
        Token::Npm => ("npm_", LOWER_CASE, 36),
        Token::Shopify => ("shpat_", HEX, 32),
        Token::Linear => ("lin_api_", LOWER_CASE, 40),
    };
    let token = format!("{prefix}{}", random(prefix, alphabet, count));
    ctx.run_state.register_secret(token.clone());
    token
}

const LOWER_CASE: &[u8] = b"abcdefghijklmnopqrstuvwxyz012345";
const HEX: &[u8] = b"0123456789abcdef";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn access_key() -> String {
    format!("AKIA{}", random("access key", BASE32, 16))
}

fn secret_key() -> String {
    STANDARD.encode(bytes("secret key", 30))
}

/// As long as a real key of 2048 bits.
fn private_key_lines() -> Vec<String> {
    let encoded = STANDARD.encode(bytes("private key", 1190));
    let lines = encoded.as_bytes().chunks(64);
    lines
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect()
}

fn random(seed: &str, alphabet: &[u8], count: usize) -> String {
    let character = |byte: &u8| char::from(alphabet[usize::from(*byte) % alphabet.len()]);
    bytes(seed, count).iter().map(character).collect()
}

fn bytes(seed: &str, count: usize) -> Vec<u8> {
    let blocks = (0_u32..).map(|block| Sha256::digest(format!("planted {seed} {block}")));
    blocks.flatten().take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_shaped_like_real_secrets() {
        let [(_, credentials), (_, key)] = files();
        assert_eq!((access_key().len(), secret_key().len()), (20, 40));
        assert!(credentials.contains(&access_key()) && credentials.contains(&secret_key()));
        assert!(key.lines().count() > 20 && key.lines().all(|line| line.len() <= 64));
    }
}
