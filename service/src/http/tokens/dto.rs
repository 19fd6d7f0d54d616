//! Request and response bodies of token operations.

use crate::crypto::claims::{AnyClaims, Claims};
use crate::crypto::jwt::PublicKey;
use crate::domain::principals::CurrentClaims;
use crate::http::contract::field::{Field, FieldValue, Optional};
use poem_openapi::Object;
use poem_openapi::registry::MetaSchema;

/// The claims of a valid access token (RFC 9068). Address and scopes are the current ones of the account.
#[derive(Object)]
pub struct TokenClaims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Subject: the account number.
    pub sub: String,
    /// Client through which it was issued.
    pub client_id: String,
    /// Token id.
    pub jti: String,
    /// Id of its session.
    pub sid: String,
    /// Time of issue, in seconds since 1970-01-01 UTC.
    pub iat: i64,
    /// Start of validity, in seconds since 1970-01-01 UTC.
    pub nbf: i64,
    /// Time of expiry, in seconds since 1970-01-01 UTC.
    pub exp: i64,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// Address of the account.
    pub username: String,
    /// Whether the account is an administrator.
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

/// A token to introspect (RFC 7662 §2.1).
#[derive(Object)]
pub struct IntrospectionRequest {
    /// Token to introspect.
    pub token: Field<TokenText>,
    /// Hint about the type of the token. Ignored: only access tokens can be active.
    pub token_type_hint: Field<HintText, Optional>,
}

/// Any non-empty string; introspection decides whether it is a token.
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

/// A hint that the server may ignore (RFC 7662 §2.1).
#[derive(Debug)]
pub struct HintText;

impl FieldValue for HintText {
    const EXPECTED: &'static str = "may be any string";

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

/// The result of an introspection (RFC 7662 §2.2).
#[derive(Default, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Introspection {
    /// Whether it is a currently valid access token of this service. If false, all other members are absent.
    pub active: bool,
    /// Scopes, separated by spaces.
    pub scope: Option<String>,
    /// Client through which it was issued.
    pub client_id: Option<String>,
    /// Address of the account. A machine client has none.
    pub username: Option<String>,
    /// Always `Bearer`.
    pub token_type: Option<String>,
    /// Time of expiry, in seconds since 1970-01-01 UTC.
    pub exp: Option<i64>,
    /// Time of issue, in seconds since 1970-01-01 UTC.
    pub iat: Option<i64>,
    /// Start of validity, in seconds since 1970-01-01 UTC.
    pub nbf: Option<i64>,
    /// Subject: the account number, or the id of a machine client.
    pub sub: Option<String>,
    /// Audience.
    pub aud: Option<String>,
    /// Issuer.
    pub iss: Option<String>,
    /// Token id.
    pub jti: Option<String>,
    /// Whether the account is an administrator. A machine client has no such member.
    pub admin: Option<bool>,
}

impl From<CurrentClaims> for Introspection {
    fn from(claims: CurrentClaims) -> Self {
        match claims.0 {
            AnyClaims::Account(claims) => Self {
                username: Some(claims.username),
                admin: Some(claims.admin),
                ..Self::active(
                    (claims.iss, claims.aud, claims.sub, claims.client_id),
                    (claims.jti, claims.scope),
                    (claims.iat, claims.nbf, claims.exp),
                )
            },
            AnyClaims::Client(claims) => Self::active(
                (claims.iss, claims.aud, claims.sub, claims.client_id),
                (claims.jti, claims.scope),
                (claims.iat, claims.nbf, claims.exp),
            ),
        }
    }
}

impl Introspection {
    /// The members that every active token has.
    fn active(
        (iss, aud, sub, client_id): (String, String, String, String),
        (jti, scope): (String, String),
        (iat, nbf, exp): (i64, i64, i64),
    ) -> Self {
        Self {
            active: true,
            scope: Some(scope),
            client_id: Some(client_id),
            token_type: Some("Bearer".into()),
            exp: Some(exp),
            iat: Some(iat),
            nbf: Some(nbf),
            sub: Some(sub),
            aud: Some(aud),
            iss: Some(iss),
            jti: Some(jti),
            ..Self::default()
        }
    }
}

/// The keys that verify access tokens (RFC 7517).
#[derive(Object)]
pub struct JsonWebKeySet {
    /// Public keys.
    pub keys: Vec<JsonWebKey>,
}

/// A public key: a point on the curve P-256 (RFC 7518 §6.2.1).
#[derive(Object)]
pub struct JsonWebKey {
    /// Key id, as in the header of tokens.
    pub kid: String,
    /// Key type: `EC`.
    pub kty: String,
    /// Curve: `P-256`.
    pub crv: String,
    /// Algorithm: `ES256`.
    pub alg: String,
    /// Use: `sig`.
    #[oai(rename = "use")]
    pub purpose: String,
    /// x coordinate, base64url.
    pub x: String,
    /// y coordinate, base64url.
    pub y: String,
}

impl From<PublicKey> for JsonWebKey {
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
