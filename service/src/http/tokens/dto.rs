//! What is said of tokens and keys: the shapes, and how they follow from the domain's.

use crate::crypto::claims::Claims;
use crate::crypto::jwt::PublicKey;
use crate::http::contract::field::{Field, FieldValue, Optional};
use poem_openapi::Object;
use poem_openapi::registry::MetaSchema;

/// What a valid access token says (RFC 9068). Address and rights are the account's as they are now.
#[derive(Object)]
pub struct TokenClaims {
    /// Who issued it.
    pub iss: String,
    /// For whom it is.
    pub aud: String,
    /// The account's number.
    pub sub: String,
    /// Through what it was asked for.
    pub client_id: String,
    /// Its own id.
    pub jti: String,
    /// The session that it belongs to.
    pub sid: String,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// Not before, in seconds since 1970.
    pub nbf: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// Rights, separated by spaces.
    pub scope: String,
    /// The account's address.
    pub username: String,
    /// Whether the account is an administrator's.
    pub admin: bool,
}

impl From<Claims> for TokenClaims {
    fn from(claims: Claims) -> Self {
        Self {
            iss: claims.iss,
            aud: claims.aud,
            sub: claims.sub,
            client_id: claims.client_id,
            jti: claims.jti,
            sid: claims.sid.to_string(),
            iat: claims.iat,
            nbf: claims.nbf,
            exp: claims.exp,
            scope: claims.scope,
            username: claims.username,
            admin: claims.admin,
        }
    }
}

/// Which token is asked about (RFC 7662 §2.1).
#[derive(Object)]
pub struct IntrospectionRequest {
    /// The token.
    pub token: Field<TokenText>,
    /// What it may be. It is looked at as an access token in any case.
    pub token_type_hint: Field<HintText, Optional>,
}

/// Any text at all: whether it is a token is the question.
#[derive(Debug)]
pub struct TokenText(pub String);

impl FieldValue for TokenText {
    const EXPECTED: &'static str = "must not be empty";

    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            ..MetaSchema::new("string")
        }
    }
}

/// A hint that need not be followed (RFC 7662 §2.1).
#[derive(Debug)]
pub struct HintText;

impl FieldValue for HintText {
    const EXPECTED: &'static str = "may be any text";

    fn parse(_text: &str) -> Option<Self> {
        Some(Self)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            example: Some("access_token".into()),
            ..MetaSchema::new("string")
        }
    }
}

/// Whether a token is good, and what it says if it is (RFC 7662 §2.2).
#[derive(Default, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Introspection {
    /// Whether it is an access token of ours that is valid now. If not, there is no other member.
    pub active: bool,
    /// Rights, separated by spaces.
    pub scope: Option<String>,
    /// Through what it was asked for.
    pub client_id: Option<String>,
    /// The account's address.
    pub username: Option<String>,
    /// `Bearer`
    pub token_type: Option<String>,
    /// When it ends, in seconds since 1970.
    pub exp: Option<i64>,
    /// When it was issued, in seconds since 1970.
    pub iat: Option<i64>,
    /// Not before, in seconds since 1970.
    pub nbf: Option<i64>,
    /// The account's number.
    pub sub: Option<String>,
    /// For whom it is.
    pub aud: Option<String>,
    /// Who issued it.
    pub iss: Option<String>,
    /// Its own id.
    pub jti: Option<String>,
    /// Whether the account is an administrator's.
    pub admin: Option<bool>,
}

impl From<Claims> for Introspection {
    fn from(claims: Claims) -> Self {
        Self {
            active: true,
            scope: Some(claims.scope),
            client_id: Some(claims.client_id),
            username: Some(claims.username),
            token_type: Some("Bearer".into()),
            exp: Some(claims.exp),
            iat: Some(claims.iat),
            nbf: Some(claims.nbf),
            sub: Some(claims.sub),
            aud: Some(claims.aud),
            iss: Some(claims.iss),
            jti: Some(claims.jti),
            admin: Some(claims.admin),
        }
    }
}

/// The keys that verify access tokens (RFC 7517).
#[derive(Object)]
pub struct KeySet {
    /// The keys.
    pub keys: Vec<Key>,
}

/// The public half of a key: a point on P-256 (RFC 7518 §6.2.1).
#[derive(Object)]
pub struct Key {
    /// Its name in the header of tokens.
    pub kid: String,
    /// `EC`
    pub kty: String,
    /// `P-256`
    pub crv: String,
    /// `ES256`
    pub alg: String,
    /// `sig`
    #[oai(rename = "use")]
    pub purpose: String,
    /// Base64url.
    pub x: String,
    /// Base64url.
    pub y: String,
}

impl From<PublicKey> for Key {
    fn from(key: PublicKey) -> Self {
        Self {
            kid: key.kid,
            kty: "EC".into(),
            crv: "P-256".into(),
            alg: "ES256".into(),
            purpose: "sig".into(),
            x: key.x,
            y: key.y,
        }
    }
}
