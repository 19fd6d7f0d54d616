//! Access tokens (RFC 9068): claims, signed and verified. One algorithm, keys from our own document only: what a token's
//! header says about keys (`jwk`, `jku`, `x5u`) is refused, not followed (RFC 8725 §3).
use super::token_keys::{BadKeys, TokenKey, TokenKeys};
use crate::types::clock;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// Seconds that the clocks of two machines may differ by.
const LEEWAY: u64 = 30;

/// The `typ` of an access token (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// For whom it is.
    pub aud: String,
    /// The account's number.
    pub sub: String,
    /// Its own id.
    pub jti: String,
    /// The session that it belongs to.
    pub sid: uuid::Uuid,
    /// Seconds since 1970: when it was issued.
    pub iat: i64,
    /// Not before.
    pub nbf: i64,
    /// When it ends.
    pub exp: i64,
    /// Rights, separated by spaces.
    pub scope: String,
    /// The account's address.
    pub username: String,
    /// Whether the account is an administrator's.
    pub admin: bool,
}

/// A token that is not good, for whatever reason: who sent it learns no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct BadToken;

/// Signs and verifies. Cheap to clone; all clones see new keys at once.
#[derive(Clone)]
pub struct Jwt {
    keys: Arc<RwLock<Ready>>,
    validation: Arc<Validation>,
    issuer: String,
    audience: String,
}

struct Ready {
    document: TokenKeys,
    pairs: Vec<(String, EncodingKey, DecodingKey)>,
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
            keys: Arc::new(RwLock::new(ready(document)?)),
            validation: Arc::new(validation),
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
        })
    }

    /// Takes other keys from now on.
    pub fn replace(&self, document: TokenKeys) -> Result<(), BadKeys> {
        let ready = ready(document)?;
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

    /// Signs claims with the key whose turn it is; `None`: there is no such key.
    pub fn sign(&self, claims: &Claims) -> Option<String> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let kid = &keys.document.signer(clock::now())?.kid;
        let (_, key, _) = keys.pairs.iter().find(|(name, ..)| name == kid)?;
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(TYPE.into());
        header.kid = Some(kid.clone());
        jsonwebtoken::encode(&header, claims, key).ok()
    }

    /// The claims of a token that one of our keys signed, for us, that is valid now.
    pub fn verify(&self, token: &str) -> Result<Claims, BadToken> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| BadToken)?;
        let leads_elsewhere =
            header.jku.is_some() || header.jwk.is_some() || header.x5u.is_some() || header.x5c.is_some();
        if header.alg != Algorithm::ES256 || header.typ.as_deref() != Some(TYPE) || leads_elsewhere {
            return Err(BadToken);
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let kid = header.kid.as_deref().ok_or(BadToken)?;
        if !keys.document.verifiers(clock::now()).any(|key| key.kid == kid) {
            return Err(BadToken);
        }
        let (.., key) = keys.pairs.iter().find(|(name, ..)| name == kid).ok_or(BadToken)?;
        let decoded = jsonwebtoken::decode::<Claims>(token, key, &self.validation);
        decoded.map(|token| token.claims).map_err(|_| BadToken)
    }

    /// The public keys, for verifiers elsewhere (RFC 7517).
    pub fn public_keys(&self) -> Vec<Jwk> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let public = |key: &TokenKey| {
            let (_, pair, _) = keys.pairs.iter().find(|(name, ..)| *name == key.kid)?;
            let mut jwk = Jwk::from_encoding_key(pair, Algorithm::ES256).ok()?;
            jwk.common.key_id = Some(key.kid.clone());
            jwk.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Signature);
            Some(jwk)
        };
        keys.document.verifiers(clock::now()).filter_map(public).collect()
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

fn ready(document: TokenKeys) -> Result<Ready, BadKeys> {
    if document.signer(clock::now()).is_none() {
        return Err(BadKeys::NoSigner);
    }
    let pair = |(index, key): (usize, &TokenKey)| {
        let bad = |_| BadKeys::Key(index + 1);
        let encoding = EncodingKey::from_ec_pem(key.pem.as_bytes()).map_err(bad)?;
        let public = Jwk::from_encoding_key(&encoding, Algorithm::ES256).map_err(bad)?;
        Ok((
            key.kid.clone(),
            encoding,
            DecodingKey::from_jwk(&public).map_err(bad)?,
        ))
    };
    let pairs = document
        .keys
        .iter()
        .enumerate()
        .map(pair)
        .collect::<Result<_, _>>()?;
    Ok(Ready { document, pairs })
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
        let mut document = jwt.keys.read().unwrap().document.clone();
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
