//! What vouches for a service that logs in without a secret: signed tokens, and the API server that confirms them.

use crate::support::token_forger::{Parts, signing_key};
use p256::pkcs8::{EncodePublicKey, LineEnding};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// A signed token with these claims.
pub fn jwt(claims: &Value) -> String {
    let parts = Parts {
        header: json!({ "alg": "ES256", "typ": "JWT" }).to_string(),
        claims: claims.to_string(),
    };
    parts.sign(&signing_key())
}

/// The key that verifies them, in PEM.
pub fn public_key() -> String {
    signing_key()
        .verifying_key()
        .to_public_key_pem(LineEnding::LF)
        .unwrap()
}

/// A Kubernetes API server with one operation, TokenReview, which confirms every token.
pub struct ReviewServer {
    /// Its address.
    pub address: SocketAddr,
}

impl ReviewServer {
    /// Starts it, for the lifetime of the process.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(review));
        Self { address }
    }
}

fn review(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    let body = json!({ "kind": "TokenReview", "status": { "authenticated": true } }).to_string();
    let head = format!(
        "HTTP/1.1 201 Created\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
}
