//! Assertions with which machine clients authenticate (`private_key_jwt`, RFC 7523 §3): short JWTs, signed with ES256 by a key that an
//! administrator has registered. Other algorithms, and keys that an assertion carries or points to, are rejected (RFC 8725 §3).

use super::tokens::TokenHash;
use crate::types::client::ClientId;
use crate::types::clock;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// Permitted clock difference between two machines.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// How far the expiry may be ahead. An hour is the default of client libraries such as Authlib; used assertions are stored for as long.
const MAX_TTL: TimeDelta = TimeDelta::hours(1);

/// How much longer a used assertion is stored than it would be accepted: the database may have another clock.
const STORAGE_MARGIN: TimeDelta = TimeDelta::minutes(10);

/// Longer assertions are rejected without being decoded.
const MAX_LENGTH: usize = 4096;

/// Longest `jti`.
const MAX_JTI_LENGTH: usize = 256;

/// The length of a coordinate in bytes.
const COORDINATE_LENGTH: usize = 32;

/// A public key: a valid point on P-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClientKey([u8; 2 * COORDINATE_LENGTH]);

impl ClientKey {
    /// From base64url coordinates, as in a JWK (RFC 7518 §6.2.1). `None`: there is no such point.
    pub fn of_coordinates(x: &str, y: &str) -> Option<Self> {
        let coordinate =
            |text: &str| <[u8; COORDINATE_LENGTH]>::try_from(URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        let point = [coordinate(x)?, coordinate(y)?].concat();
        Self::of_stored(&point)
            .filter(|key| ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.uncompressed()).is_ok())
    }

    /// A stored key.
    pub fn of_stored(point: &[u8]) -> Option<Self> {
        point.try_into().ok().map(Self)
    }

    /// The bytes for storage: both coordinates.
    pub fn bytes(&self) -> &[u8; 2 * COORDINATE_LENGTH] {
        &self.0
    }

    /// The base64url coordinates.
    pub fn coordinates(&self) -> (String, String) {
        let (x, y) = self.0.split_at(COORDINATE_LENGTH);
        (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y))
    }

    /// The point in the format of SEC 1 §2.3.3.
    fn uncompressed(&self) -> Vec<u8> {
        [&[4], self.0.as_slice()].concat()
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientKey").field(&self.coordinates()).finish()
    }
}

/// An assertion that is well-formed, and not verified yet. `Debug` redacts it.
#[derive(Clone)]
pub struct ClientAssertion {
    text: String,
    client: ClientId,
}

/// What remains of a verified assertion: it may be used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// Hash of its `jti`.
    pub jti_hash: TokenHash,
    /// How long the hash must be stored.
    pub stored_until: DateTime<Utc>,
}

/// The header. Members that this service does not interpret, such as `crit`, `jwk`, `jku` or `x5u`, are rejected.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: Option<String>,
    #[serde(rename = "kid")]
    _kid: Option<String>,
}

#[derive(Deserialize)]
struct NamedClient {
    sub: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: i64,
    iat: Option<i64>,
    jti: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    List(Vec<String>),
}

impl ClientAssertion {
    /// Parses an assertion. `None`: no key could have signed it for this service.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Some(text).filter(|text| text.len() <= MAX_LENGTH)?.split('.');
        let (header, claims) = (parts.next()?, parts.next()?);
        let header: Header = decode(header)?;
        let is_typed = header.typ.as_deref().is_none_or(|typ| {
            typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("client-authentication+jwt")
        });
        let client = ClientId::parse(&decode::<NamedClient>(claims)?.sub)?;
        (header.alg == "ES256" && is_typed).then(|| Self {
            text: text.to_owned(),
            client,
        })
    }

    /// The client that it names.
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// Verifies signature and claims with one of the client's keys. `None`: it is not valid for one of these audiences now.
    pub fn verify(&self, key: &ClientKey, audiences: &[String]) -> Option<VerifiedAssertion> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.leeway = LEEWAY.num_seconds().unsigned_abs();
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let client = self.client.to_string();
        validation.set_issuer(&[&client]);
        validation.sub = Some(client.clone());
        validation.set_audience(audiences);
        let key = DecodingKey::from_ec_der(&key.uncompressed());
        let claims = jsonwebtoken::decode::<Claims>(&self.text, &key, &validation)
            .ok()?
            .claims;
        // jsonwebtoken accepts lists of which one member matches. Only one issuer is the client, and an assertion for several servers could be replayed by one of them at another.
        let is_for_us = match claims.aud {
            Audience::One(aud) => audiences.contains(&aud),
            Audience::List(list) => matches!(list.as_slice(), [aud] if audiences.contains(aud)),
        };
        let now = clock::now();
        let expires_at =
            DateTime::from_timestamp(claims.exp, 0).filter(|at| *at <= now + MAX_TTL + LEEWAY)?;
        // jsonwebtoken does not validate `iat`.
        let is_issued = claims.iat.is_none_or(|at| at <= (now + LEEWAY).timestamp());
        let has_id = (1..=MAX_JTI_LENGTH).contains(&claims.jti.len());
        (claims.iss == client && is_for_us && is_issued && has_id).then(|| VerifiedAssertion {
            jti_hash: TokenHash::of(claims.jti.as_bytes()),
            stored_until: expires_at + LEEWAY + STORAGE_MARGIN,
        })
    }
}

impl fmt::Debug for ClientAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAssertion")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
