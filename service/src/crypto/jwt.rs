//! Access tokens (RFC 9068), signed and verified with one algorithm and the configured keys. Headers that this service
//! does not write itself, such as `jwk`, `jku` or `x5u`, are rejected (RFC 8725 §3).

use super::claims::{AnyClaims, Claims, ClientClaims, Grant};
use super::token_keys::{TokenKey, TokenKeys, TokenKeysError};
use crate::types::client::{ClientId, ClientScopes};
use crate::types::clock;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// Permitted clock difference between two machines, in seconds.
const LEEWAY: u64 = 30;

/// Longer tokens are rejected without being decoded. Issued ones have about 800 characters.
const MAX_LENGTH: usize = 4096;

/// The `typ` of an access token (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";

/// An invalid token. Carries no reason: clients must not learn it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct InvalidTokenError;

/// Public key: a point on P-256, with base64url coordinates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Key id.
    pub kid: String,
    /// x coordinate.
    pub x: String,
    /// y coordinate.
    pub y: String,
}

/// Signs and verifies tokens. Cheap to clone; clones share their keys.
#[derive(Clone)]
pub struct Jwt {
    keys: Arc<RwLock<Arc<KeySet>>>,
    validation: Arc<Validation>,
    /// The same without the expiry.
    lenient: Arc<Validation>,
    issuer: String,
    audience: String,
}

/// A key document and its keys prepared for signing and verifying, in the same order.
struct KeySet {
    document: TokenKeys,
    pairs: Vec<Pair>,
}

struct Pair {
    header: Header,
    signs: EncodingKey,
    verifies: DecodingKey,
}

impl Jwt {
    /// Uses these keys, for one issuer and one audience.
    pub fn new(document: TokenKeys, issuer: &str, audience: &str) -> Result<Self, TokenKeysError> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        let mut lenient = validation.clone();
        lenient.validate_exp = false;
        Ok(Self {
            keys: Arc::new(RwLock::new(Arc::new(KeySet::of(document)?))),
            validation: Arc::new(validation),
            lenient: Arc::new(lenient),
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
        })
    }

    /// Replaces the keys.
    pub fn replace(&self, document: TokenKeys) -> Result<(), TokenKeysError> {
        let keys = Arc::new(KeySet::of(document)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// The `iss` claim of every token.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The `aud` claim of every token.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Issues a token of an account. `None`: no key signs now.
    pub fn issue(&self, grant: &Grant<'_>) -> Option<String> {
        self.sign(&Claims::new(grant, &self.issuer, &self.audience, clock::now()))
    }

    /// Issues a token of a machine client. `None`: no key signs now.
    pub fn issue_to_client(
        &self,
        client: ClientId,
        scopes: &ClientScopes,
        (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> Option<String> {
        let names = (self.issuer.as_str(), self.audience.as_str());
        self.sign(&ClientClaims::new(client, scopes, names, (now, expires_at)))
    }

    fn sign(&self, claims: &impl Serialize) -> Option<String> {
        let keys = self.keys();
        let pair = keys.pair(keys.document.signer(clock::now())?)?;
        jsonwebtoken::encode(&pair.header, claims, &pair.signs).ok()
    }

    /// The claims of a token, if it is valid now and was signed by one of the keys for this audience.
    pub fn verify(&self, token: &str) -> Result<AnyClaims, InvalidTokenError> {
        self.decode(token, &self.validation)
    }

    /// The claims of an account's token that may have expired. They authenticate nothing; they name a session to end.
    pub fn verify_expired(&self, token: &str) -> Result<Claims, InvalidTokenError> {
        match self.decode(token, &self.lenient)? {
            AnyClaims::Account(claims) => Ok(claims),
            AnyClaims::Client(_) => Err(InvalidTokenError),
        }
    }

    fn decode(&self, token: &str, validation: &Validation) -> Result<AnyClaims, InvalidTokenError> {
        if token.len() > MAX_LENGTH {
            return Err(InvalidTokenError);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| InvalidTokenError)?;
        let (keys, now) = (self.keys(), clock::now());
        let mut pairs = keys.document.verifiers(now).filter_map(|key| keys.pair(key));
        // jsonwebtoken ignores `crit` and unknown header fields, so the header must equal one that this service writes
        // (RFC 7515 §4.1.11).
        let pair = pairs
            .find(|pair| pair.header == header)
            .ok_or(InvalidTokenError)?;
        let decoded = jsonwebtoken::decode::<AnyClaims>(token, &pair.verifies, validation);
        let claims = decoded.map_err(|_| InvalidTokenError)?.claims;
        // jsonwebtoken does not validate `iat`.
        let issued = claims.issued_at().saturating_sub_unsigned(LEEWAY);
        if issued > now.timestamp() {
            return Err(InvalidTokenError);
        }
        Ok(claims)
    }

    /// The public keys for other verifiers (RFC 7517).
    pub fn public_keys(&self) -> Vec<PublicKey> {
        let keys = self.keys();
        let public = |key: &TokenKey| PublicKey::of(&keys.pair(key)?.signs, &key.kid);
        keys.document.verifiers(clock::now()).filter_map(public).collect()
    }

    fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl KeySet {
    fn of(document: TokenKeys) -> Result<Self, TokenKeysError> {
        if document.signer(clock::now()).is_none() {
            return Err(TokenKeysError::NoSigner);
        }
        let pair = |(index, key): (usize, &TokenKey)| {
            let bad = |_| TokenKeysError::Key(index + 1);
            let signs = EncodingKey::from_ec_pem(key.pem.as_bytes()).map_err(bad)?;
            let public = Jwk::from_encoding_key(&signs, Algorithm::ES256).map_err(bad)?;
            let mut header = Header::new(Algorithm::ES256);
            header.typ = Some(TYPE.into());
            header.kid = Some(key.kid.clone());
            Ok(Pair {
                header,
                signs,
                verifies: DecodingKey::from_jwk(&public).map_err(bad)?,
            })
        };
        let pairs = document.keys.iter().enumerate().map(pair);
        Ok(Self {
            pairs: pairs.collect::<Result<_, _>>()?,
            document,
        })
    }

    fn pair(&self, key: &TokenKey) -> Option<&Pair> {
        self.pairs
            .iter()
            .find(|pair| pair.header.kid.as_deref() == Some(&key.kid))
    }
}

impl PublicKey {
    fn of(pair: &EncodingKey, kid: &str) -> Option<Self> {
        let jwk = Jwk::from_encoding_key(pair, Algorithm::ES256).ok()?;
        let AlgorithmParameters::EllipticCurve(point) = jwk.algorithm else {
            return None;
        };
        Some(Self {
            kid: kid.to_owned(),
            x: point.x,
            y: point.y,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt() -> Jwt {
        Jwt::new(
            TokenKeys::generate(clock::now()).unwrap(),
            "https://one.example",
            "portcullis",
        )
        .unwrap()
    }

    fn claims() -> Claims {
        let now = clock::now().timestamp();
        Claims {
            iss: "https://one.example".into(),
            aud: "portcullis".into(),
            sub: "7".into(),
            client_id: "portcullis".into(),
            jti: "j".into(),
            sid: uuid::Uuid::new_v4(),
            iat: now,
            nbf: now,
            exp: now + 600,
            scope: "profile".into(),
            username: "ann@example.org".into(),
            admin: false,
        }
    }

    #[test]
    fn only_valid_tokens_verify() {
        let (jwt, claims) = (jwt(), claims());
        let verified = jwt.verify(&jwt.sign(&claims).unwrap());
        assert_eq!(verified, Ok(AnyClaims::Account(claims.clone())));
        assert_eq!(
            jwt.verify(&super::tests::jwt().sign(&claims).unwrap()),
            Err(InvalidTokenError)
        );
        let expired = Claims {
            exp: claims.exp - 700,
            ..claims.clone()
        };
        let early = Claims {
            nbf: claims.nbf + 100,
            ..claims.clone()
        };
        let foreign = Claims {
            aud: "other".into(),
            ..claims.clone()
        };
        let elsewhere = Claims {
            iss: "https://two.example".into(),
            ..claims
        };
        let sign = |claims: &Claims| jwt.sign(claims).unwrap();
        assert!(jwt.verify_expired(&sign(&expired)).is_ok());
        for bad in [&early, &foreign, &elsewhere] {
            assert_eq!(jwt.verify_expired(&sign(bad)), Err(InvalidTokenError), "{bad:?}");
        }
        for bad in [expired, early, foreign, elsewhere] {
            assert_eq!(
                jwt.verify(&jwt.sign(&bad).unwrap()),
                Err(InvalidTokenError),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_token_of_a_client_is_none_of_an_account() {
        let (jwt, client, now) = (jwt(), ClientId::random(), clock::now());
        let scopes = ClientScopes::parse("rates:write").unwrap();
        let until = now + chrono::Duration::seconds(60);
        let token = jwt.issue_to_client(client, &scopes, (now, until)).unwrap();
        let AnyClaims::Client(claims) = jwt.verify(&token).unwrap() else {
            panic!("it is a token of an account");
        };
        assert_eq!(
            (&claims.sub, &claims.client_id),
            (&client.to_string(), &client.to_string())
        );
        assert_eq!(
            (claims.scope.as_str(), claims.exp),
            ("rates:write", until.timestamp())
        );
        assert_eq!(jwt.verify_expired(&token), Err(InvalidTokenError));
        let with_session = serde_json::json!({
            "iss": claims.iss, "aud": claims.aud, "sub": claims.sub, "client_id": claims.client_id, "jti": claims.jti,
            "iat": claims.iat, "nbf": claims.nbf, "exp": claims.exp, "scope": claims.scope, "sid": "x",
        });
        let token = jwt.sign(&with_session).unwrap();
        assert_eq!(jwt.verify(&token), Err(InvalidTokenError));
    }

    #[test]
    fn after_a_rotation_old_tokens_stay_valid_and_new_ones_use_the_new_key() {
        let (jwt, claims, now) = (jwt(), claims(), clock::now());
        let old = jwt.sign(&claims).unwrap();
        let mut document = jwt.keys().document.clone();
        document
            .rotate(now, chrono::Duration::zero(), chrono::Duration::seconds(600))
            .unwrap();
        let document = TokenKeys::parse(&document.to_text()).unwrap();
        jwt.replace(document).unwrap();
        assert!(jwt.verify(&old).is_ok());
        let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid;
        let new = jwt.sign(&claims).unwrap();
        assert_ne!(kid(&old), kid(&new));
        assert_eq!(jwt.public_keys().len(), 2);
    }
}
