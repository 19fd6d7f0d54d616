//! Spellings of the features that stand for something else: `{a*10000}` is ten thousand times `a`, and in raw bytes `↵`,
//! `␍`, `␀` and `·` are CR LF, CR, a zero byte and a space. Never sends anything.

use anyhow::{Context, Result};

/// Writes out `{text*count}`, wherever it stands.
///
/// # Errors
/// When a count is no number.
pub fn expand(text: &str) -> Result<String> {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        whole.push_str(before);
        match after.split_once('}') {
            Some((inside, behind)) if inside.contains('*') => {
                let (part, count) = inside.rsplit_once('*').context("no count")?;
                whole.push_str(&part.repeat(count.parse()?));
                rest = behind;
            }
            _ => {
                whole.push('{');
                rest = after;
            }
        }
    }
    whole.push_str(rest);
    Ok(whole)
}

/// The bytes of a text after [`expand`]. Line ends of the feature file itself do not count: `↵` is one that is sent.
///
/// # Errors
/// As [`expand`].
pub fn bytes(text: &str) -> Result<Vec<u8>> {
    let text: String = expand(text)?.lines().map(str::trim_start).collect();
    let text = text
        .replace('↵', "\r\n")
        .replace('␍', "\r")
        .replace('␀', "\0")
        .replace('·', " ");
    Ok(text.into_bytes())
}
