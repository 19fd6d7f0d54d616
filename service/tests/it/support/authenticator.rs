//! An authenticator app, written from RFC 4226 and RFC 6238 independently of the service. Where `oathtool` is installed,
//! its codes must agree.

use super::accounts::{PASSWORD, call_as};
use super::app::App;
use super::program::oathtool;
use aws_lc_rs::hmac;
use portcullis::types::clock;
use serde_json::{Value, json};

/// Enables the second factor of an account with [`PASSWORD`]; returns its secret and the recovery codes.
pub fn enable_totp(app: &App, access_token: &str) -> (String, Vec<String>) {
    let post = |path: &str, body| {
        let response = call_as(app, access_token, "POST", path, &body);
        assert_eq!(response.status, 200, "{response:?}");
        response.json()
    };
    let started = post("/auth/totp/start", json!({ "password": PASSWORD }));
    let secret = started["secret"].as_str().unwrap().to_owned();
    let confirmed = post("/auth/totp/confirm", json!({ "code": code(&secret, 0) }));
    (secret, recovery_codes(&confirmed))
}

/// The recovery codes in the body of a response.
pub fn recovery_codes(body: &Value) -> Vec<String> {
    let codes = body["recovery_codes"].as_array().unwrap();
    codes
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect()
}

/// The code of a base32 secret at a Unix time.
pub fn code_at(secret: &str, unix_time: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &base32(secret));
    let mac = hmac::sign(&key, &(unix_time / 30).to_be_bytes());
    let mac = mac.as_ref();
    let offset = usize::from(mac[19] & 15);
    let number = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    let code = format!("{:06}", number % 1_000_000);
    if let Some(external) = oathtool(secret, unix_time) {
        assert_eq!(external, code);
    }
    code
}

/// The code of the time step this many steps from the current one. At least ten seconds of the step remain.
pub fn code(secret: &str, steps_from_now: i64) -> String {
    code_at(secret, now_early_in_step() + 30 * steps_from_now)
}

/// The Unix time; waits for the next time step if less than ten seconds of the current one remain.
fn now_early_in_step() -> i64 {
    loop {
        let now = clock::now().timestamp();
        if now % 30 < 20 {
            return now;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

/// The bytes of a base32 text.
pub fn base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for character in text.bytes() {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'2'..=b'7' => character - b'2' + 26,
            _ => panic!("not base32"),
        };
        bits = bits << 5 | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 255) as u8);
        }
    }
    bytes
}
