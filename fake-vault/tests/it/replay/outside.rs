//! The values that no answer of the recording gives: the caller brings them.

use std::net::TcpListener;

use crate::replay::bindings::Bindings;
use crate::support::postgres::FIRST_PASSWORD;

pub fn bind(bindings: &mut Bindings) {
    // The listener is closed again, and nothing listens there.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (placeholder, value) in [
        ("<free>", free.to_string().as_str()),
        ("<password:vault_min>", FIRST_PASSWORD),
        ("<password:wrong>", "another-secret-0001"),
        (
            "<pem:ca:no-newline>",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        ),
        ("<secret-id:bound>", "11111111-2222-3333-4444-555555555555"),
        ("<token:service:unknown>", "s.AAAAAAAAAAAAAAAAAAAAAAAA"),
        ("<unseal-key:base64:wrong>", &"A".repeat(44)),
    ] {
        bindings.set(placeholder, value);
    }
}
