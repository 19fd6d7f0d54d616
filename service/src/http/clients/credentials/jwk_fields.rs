//! Members of the JWK of a public key (RFC 7517, RFC 7518 §6.2.1).

use crate::http::contract::field::FieldValue;
use poem_openapi::registry::MetaSchema;

/// Declares members that have one permitted value.
macro_rules! constants {
    ($($(#[doc = $doc:literal])+ $name:ident = $value:literal, $expected:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $name;

        impl FieldValue for $name {
            const EXPECTED: &'static str = $expected;

            fn parse(text: &str) -> Option<Self> {
                (text == $value).then_some(Self)
            }

            fn schema() -> MetaSchema {
                MetaSchema {
                    enum_items: vec![$value.into()],
                    ..MetaSchema::new("string")
                }
            }
        }
    )+};
}

constants! {
    /// `kty`.
    KeyType = "EC", "must be EC: the only algorithm is ES256";
    /// `crv`.
    Curve = "P-256", "must be P-256: the only algorithm is ES256";
    /// `alg`.
    SigningAlgorithm = "ES256", "must be ES256";
    /// `use`.
    KeyUse = "sig", "must be sig";
}

/// A coordinate: 32 bytes as base64url without padding.
#[derive(Debug)]
pub struct Coordinate(pub String);

impl FieldValue for Coordinate {
    const EXPECTED: &'static str = "must be 32 bytes as 43 characters of base64url";

    fn parse(text: &str) -> Option<Self> {
        let good = text.len() == 43
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        good.then(|| Self(text.to_owned()))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            pattern: Some("^[A-Za-z0-9_-]{43}$".to_owned()),
            ..MetaSchema::new("string")
        }
    }
}

/// `kid`.
#[derive(Debug)]
pub struct KeyName;

impl FieldValue for KeyName {
    const EXPECTED: &'static str = "must be a string";

    fn parse(_text: &str) -> Option<Self> {
        Some(Self)
    }

    fn schema() -> MetaSchema {
        MetaSchema::new("string")
    }
}
