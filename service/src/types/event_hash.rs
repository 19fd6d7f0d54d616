//! Hashes of audit events. Each covers the whole chain up to its event.

use std::fmt;

/// SHA-256, displayed as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EventHash([u8; 32]);

impl EventHash {
    /// Predecessor of the first event.
    pub const GENESIS: Self = Self([0; 32]);

    /// Wraps exactly 32 bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Parses 64 hexadecimal digits, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(2 * index..2 * index + 2)?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::EventHash;

    #[test]
    fn a_hash_parses_from_its_digits() {
        let text = "00ff".repeat(16);
        let hash = EventHash::parse(&text).unwrap();
        assert_eq!((hash.to_string(), hash.bytes()[1]), (text.clone(), 255));
        assert_eq!(EventHash::parse(&text.to_uppercase()), Some(hash));
        assert_eq!(EventHash::of(hash.bytes()), Some(hash));
        assert_eq!(EventHash::of(&[0; 31]), None);
        for bad in [
            "",
            "00",
            &"0".repeat(63),
            &"0".repeat(65),
            &"g0".repeat(32),
            &"+0".repeat(32),
            &"é".repeat(32),
        ] {
            assert_eq!(EventHash::parse(bad), None, "{bad}");
        }
    }
}
