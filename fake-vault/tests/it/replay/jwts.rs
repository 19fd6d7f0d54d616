//! The JWTs of the recording, signed by keys of this run.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::replay::bindings::Bindings;
use crate::replay::transcript::Jwt;

/// Binds each JWT, and the public key that verifies most of them.
pub fn bind<'a>(jwts: impl IntoIterator<Item = (&'a String, &'a Jwt)>, now: i64, bindings: &mut Bindings) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let other = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let der = key.public_key().as_der().unwrap();
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    let text = pem::encode_config(&pem::Pem::new("PUBLIC KEY", der.as_ref()), config);
    bindings.set("<pem:ec-public:no-newline>", text.trim_end());
    bindings.set("<pem:ec-public>", &text);
    for (name, jwt) in jwts {
        let mut claims = jwt.claims.clone();
        for time in ["iat", "nbf", "exp"] {
            if let Some(Value::String(text)) = claims.get(time) {
                let offset: i64 = text.trim_start_matches("now").parse().unwrap();
                claims[time] = json!(now + offset);
            }
        }
        let signer = if jwt.key.starts_with("another") {
            &other
        } else {
            &key
        };
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": "idp"});
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encoded(&header), encoded(&claims));
        let signature = signer.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        bindings.set(
            name,
            &format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())),
        );
    }
}
