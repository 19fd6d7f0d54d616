//! The claims of a JWT: its signature by ES256, its times with the server's leeway, and their errors.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// How far clocks may differ, in seconds.
const CLOCK_SKEW: i64 = 60;
/// How long a JWT without `exp` or `nbf` lives from its other times, in seconds.
const IMPLIED_LIFETIME: i64 = 150;

/// The claims of a JWT.
pub(crate) struct Claims(Map<String, Value>);

/// Reads a JWT that one of these PEM keys signed.
pub(crate) fn verified(jwt: &str, public_keys: &[String]) -> Result<Claims, String> {
    let wrap = |error: &str| format!("error verifying token signature: {error}");
    let parts: Vec<&str> = jwt.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else {
        return Err(wrap("go-jose/go-jose: compact JWS format must have three parts"));
    };
    let unknown = || wrap("no known key successfully validated the token signature");
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| unknown())?;
    let signed = format!("{header}.{payload}");
    let verifies = |key: &String| {
        let Ok(key) = pem::parse(key) else { return false };
        // It reads a SubjectPublicKeyInfo as well as a point.
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.contents());
        key.verify(signed.as_bytes(), &signature).is_ok()
    };
    if !public_keys.iter().any(verifies) {
        return Err(unknown());
    }
    read(jwt).ok_or_else(unknown)
}

/// Reads the claims without looking at the signature.
pub(crate) fn read(jwt: &str) -> Option<Claims> {
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok().map(Claims)
}

impl Claims {
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap_or_default()
    }

    /// Checks `exp`, `nbf` and `iat`; a missing one follows from the others.
    pub(crate) fn check_times(&self, now: i64) -> Result<(), String> {
        let time = |name: &str| self.get(name).as_i64();
        let (expires, not_before, issued) = (time("exp"), time("nbf"), time("iat"));
        let Some(latest) = expires.or(not_before).or(issued) else {
            return Err(
                "no issued at (iat), not before (nbf), or expiration time (exp) claims in token".to_owned(),
            );
        };
        let implied = not_before.max(issued).unwrap_or(latest) + IMPLIED_LIFETIME;
        if now - CLOCK_SKEW > expires.unwrap_or(implied) {
            return Err("invalid expiration time (exp) claim: token is expired".to_owned());
        }
        if not_before.is_some_and(|not_before| now + CLOCK_SKEW < not_before) {
            return Err("invalid not before (nbf) claim: token not yet valid".to_owned());
        }
        if issued.is_some_and(|issued| now + CLOCK_SKEW < issued) {
            return Err("invalid issued at (iat) claim: token issued in the future".to_owned());
        }
        Ok(())
    }

    /// Checks that one of the bound audiences is in `aud`.
    pub(crate) fn check_audience(&self, bound: &[String]) -> Result<(), String> {
        let given: Vec<&str> = match self.get("aud") {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            value => value.as_str().into_iter().collect(),
        };
        if bound.is_empty() || bound.iter().any(|audience| given.contains(&audience.as_str())) {
            return Ok(());
        }
        Err("invalid audience (aud) claim: audience claim does not match any expected audience".to_owned())
    }
}
