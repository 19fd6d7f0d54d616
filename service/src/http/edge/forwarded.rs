//! Parses `Forwarded` (RFC 7239) and `X-Forwarded-For` from the right. Published parsers read from the left, where a quote
//! that a client leaves open makes them reject, or swallow, the element that the proxy appended.

use http::HeaderValue;
use http::header::GetAll;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The nodes of `Forwarded`, the nearest first. `None`: an element without one address.
pub fn hops<'a>(lines: GetAll<'a, HeaderValue>) -> impl Iterator<Item = Option<IpAddr>> + use<'a> {
    let elements = lines
        .into_iter()
        .rev()
        .flat_map(|line| split_from_right(line.as_bytes(), b','));
    elements.map(node_of)
}

/// The addresses of `X-Forwarded-For`, the nearest first. `None`: an element that is no address.
pub fn x_hops<'a>(lines: GetAll<'a, HeaderValue>) -> impl Iterator<Item = Option<IpAddr>> + use<'a> {
    let elements = lines
        .into_iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    elements.map(|element| address(std::str::from_utf8(element.trim_ascii()).ok()?))
}

/// The parts between separators outside quoted strings, the last first.
fn split_from_right(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut quoted = false;
        let found = (0..text.len()).rev().find(|&index| {
            // From the right, any quote ends a string, and one that is not escaped begins it.
            if text[index] == b'"' && !(quoted && is_escaped(text, index)) {
                quoted = !quoted;
            }
            text[index] == separator && !quoted
        });
        rest = found.map(|index| &text[..index]);
        Some(found.map_or(text, |index| &text[index + 1..]))
    })
}

fn is_escaped(text: &[u8], index: usize) -> bool {
    let backslashes = text[..index]
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count();
    backslashes % 2 == 1
}

/// The address in the `for` parameter of an element, which may occur once.
fn node_of(element: &[u8]) -> Option<IpAddr> {
    let mut nodes = split_from_right(element.trim_ascii(), b';').filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (&pair[..equals], &pair[equals + 1..]);
        name.trim_ascii().eq_ignore_ascii_case(b"for").then_some(value)
    });
    let (value, None) = (nodes.next()?, nodes.next()) else {
        return None;
    };
    let value = std::str::from_utf8(value).ok()?;
    match value.strip_prefix('"') {
        Some(quoted) => address(&unescaped(quoted.strip_suffix('"')?)),
        None => address(value),
    }
}

fn unescaped(text: &str) -> String {
    let mut characters = text.chars();
    let next = || match characters.next() {
        Some('\\') => characters.next(),
        other => other,
    };
    std::iter::from_fn(next).collect()
}

/// An address with or without a port. Brackets around IPv6 are required with a port only: `X-Forwarded-For` has none.
fn address(node: &str) -> Option<IpAddr> {
    let address = match node.parse::<IpAddr>() {
        Ok(address) => address,
        Err(_) => with_port(node)?,
    };
    let address = address.to_canonical();
    (!address.is_unspecified()).then_some(address)
}

fn with_port(node: &str) -> Option<IpAddr> {
    let (address, port): (IpAddr, _) = match node.strip_prefix('[') {
        Some(bracketed) => {
            let (address, rest) = bracketed.split_once(']')?;
            let port = if rest.is_empty() {
                None
            } else {
                Some(rest.strip_prefix(':')?)
            };
            (address.parse::<Ipv6Addr>().ok()?.into(), port)
        }
        None => {
            let (address, port) = node.split_once(':')?;
            (address.parse::<Ipv4Addr>().ok()?.into(), Some(port))
        }
    };
    // A number, or an obfuscated port (RFC 7239 §6).
    let is_port = |port: &str| {
        let obfuscated = port.strip_prefix('_').unwrap_or_default();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        (port.parse::<u16>().is_ok() && !port.starts_with('+'))
            || (!obfuscated.is_empty() && obfuscated.bytes().all(allowed))
    };
    port.is_none_or(is_port).then_some(address)
}
