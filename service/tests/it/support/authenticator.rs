//! An authenticator app, written from RFC 4226 and RFC 6238 alone; where `oathtool` is on the machine, it must agree.
use super::program::oathtool;
use aws_lc_rs::hmac;
use portcullis::types::clock;

/// The code of this base32 secret at a time.
pub fn code_at(secret: &str, unix_time: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &base32(secret));
    let mac = hmac::sign(&key, &(unix_time / 30).to_be_bytes());
    let mac = mac.as_ref();
    let offset = usize::from(mac[19] & 15);
    let number = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    let code = format!("{:06}", number % 1_000_000);
    if let Some(outside) = oathtool(secret, unix_time) {
        assert_eq!(outside, code);
    }
    code
}

/// The code of so many steps from now, of a time step that lasts long enough for whatever is done with it.
pub fn code(secret: &str, steps_from_now: i64) -> String {
    code_at(secret, settled_now() + 30 * steps_from_now)
}

/// The time, not at the end of a step: waits for the next one if need be.
fn settled_now() -> i64 {
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
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
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
