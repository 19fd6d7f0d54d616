//! Access tokens (RFC 9068): signed and verified. One algorithm, keys from our own document only, and no header but the
//! one that we write: what a header says about keys (`jwk`, `jku`, `x5u`) is refused, not followed (RFC 8725 §3).
use super::claims::{Claims, Grant};
use super::token_keys::{BadKeys, TokenKey, TokenKeys};
use crate::types::clock;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// Seconds that the clocks of two machines may differ by.
const LEEWAY: u64 = 30;

/// Characters of the longest token that is looked at. Ours have about 800.
const LONGEST: usize = 4096;

/// The `typ` of an access token (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";

/// A token that is not good, for whatever reason: who sent it learns no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct BadToken;

/// The public half of a key: a point on P-256, its numbers in base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name.
    pub kid: String,
    /// `x`.
    pub x: String,
    /// `y`.
    pub y: String,
}

/// Signs and verifies. Cheap to clone; all clones see new keys at once.
#[derive(Clone)]
pub struct Jwt {
    keys: Arc<RwLock<Arc<Ready>>>,
    validation: Arc<Validation>,
    issuer: String,
    audience: String,
}

/// A document, and what signing and verifying need of each of its keys, in its order.
struct Ready {
    document: TokenKeys,
    pairs: Vec<Pair>,
}

struct Pair {
    header: Header,
    signs: EncodingKey,
    verifies: DecodingKey,
}

impl Jwt {
    /// Over a document of keys, for one issuer and one audience.
    pub fn new(document: TokenKeys, issuer: &str, audience: &str) -> Result<Self, BadKeys> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        Ok(Self {
            keys: Arc::new(RwLock::new(Arc::new(Ready::of(document)?))),
            validation: Arc::new(validation),
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
        })
    }

    /// Takes other keys from now on.
    pub fn replace(&self, document: TokenKeys) -> Result<(), BadKeys> {
        let ready = Arc::new(Ready::of(document)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = ready;
        Ok(())
    }

    /// `iss` of every token.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `aud` of every token.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// A new token; `None`: there is no key to sign it with.
    pub fn issue(&self, grant: &Grant<'_>) -> Option<String> {
        self.sign(&Claims::new(grant, &self.issuer, &self.audience, clock::now()))
    }

    fn sign(&self, claims: &Claims) -> Option<String> {
        let keys = self.keys();
        let pair = keys.pair(keys.document.signer(clock::now())?)?;
        jsonwebtoken::encode(&pair.header, claims, &pair.signs).ok()
    }

    /// The claims of a token that one of our keys signed, for us, that is valid now.
    pub fn verify(&self, token: &str) -> Result<Claims, BadToken> {
        if token.len() > LONGEST {
            return Err(BadToken);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| BadToken)?;
        let (keys, now) = (self.keys(), clock::now());
        let mut pairs = keys.document.verifiers(now).filter_map(|key| keys.pair(key));
        // The library reads neither `crit` nor what it does not know: a header with anything that we never write is not
        // ours (RFC 7515 §4.1.11).
        let pair = pairs.find(|pair| pair.header == header).ok_or(BadToken)?;
        let decoded = jsonwebtoken::decode::<Claims>(token, &pair.verifies, &self.validation);
        let claims = decoded.map_err(|_| BadToken)?.claims;
        // Nor does it look at this one.
        let issued = claims.iat.saturating_sub_unsigned(LEEWAY);
        if issued > now.timestamp() {
            return Err(BadToken);
        }
        Ok(claims)
    }

    /// The public keys, for verifiers elsewhere (RFC 7517).
    pub fn public_keys(&self) -> Vec<PublicKey> {
        let keys = self.keys();
        let public = |key: &TokenKey| PublicKey::of(&keys.pair(key)?.signs, &key.kid);
        keys.document.verifiers(clock::now()).filter_map(public).collect()
    }

    fn keys(&self) -> Arc<Ready> {
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

impl Ready {
    fn of(document: TokenKeys) -> Result<Self, BadKeys> {
        if document.signer(clock::now()).is_none() {
            return Err(BadKeys::NoSigner);
        }
        let pair = |(index, key): (usize, &TokenKey)| {
            let bad = |_| BadKeys::Key(index + 1);
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
    fn what_was_signed_is_read_back_and_nothing_else_is() {
        let (jwt, claims) = (jwt(), claims());
        assert_eq!(jwt.verify(&jwt.sign(&claims).unwrap()).unwrap(), claims);
        assert_eq!(
            jwt.verify(&super::tests::jwt().sign(&claims).unwrap()),
            Err(BadToken)
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
        for bad in [expired, early, foreign, elsewhere] {
            assert_eq!(jwt.verify(&jwt.sign(&bad).unwrap()), Err(BadToken), "{bad:?}");
        }
    }

    #[test]
    fn after_a_rotation_old_tokens_live_and_new_ones_carry_the_new_key() {
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
