//! Random names and secrets in the server's alphabets.

use rand::Rng as _;
use rand::seq::SliceRandom as _;

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const URL_SAFE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Random letters and digits.
pub(crate) fn alphanumeric(length: usize) -> String {
    from(ALPHANUMERIC, length)
}

/// The part of a batch token behind `b.`.
pub(crate) fn url_safe(length: usize) -> String {
    from(URL_SAFE, length)
}

/// Random lower-case hexadecimal digits.
pub(crate) fn hex(length: usize) -> String {
    from(b"0123456789abcdef", length)
}

/// A password of 20 characters with an upper-case and a lower-case character, a digit and a hyphen, the server's default rule.
pub(crate) fn password() -> String {
    let (upper, lower, digits) = (&ALPHANUMERIC[..26], &ALPHANUMERIC[26..52], &ALPHANUMERIC[52..]);
    let text = from(upper, 1) + &from(lower, 1) + &from(digits, 1) + "-" + &alphanumeric(16);
    let mut characters: Vec<char> = text.chars().collect();
    characters.shuffle(&mut rand::rng());
    characters.into_iter().collect()
}

/// A random UUID.
pub(crate) fn uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill(&mut bytes[..]);
    bytes
}

fn from(alphabet: &[u8], length: usize) -> String {
    let mut rng = rand::rng();
    let mut pick = || char::from(alphabet[rng.random_range(0..alphabet.len())]);
    (0..length).map(|_| pick()).collect()
}
