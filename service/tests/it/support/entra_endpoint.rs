//! Token endpoints of Microsoft Entra (`fake-entra`) whose tokens are secrets that no log may contain.

use super::certificate_authority::CertificateAuthority;
use super::run_log;
use fake_entra::{Answer, EntraEndpoint, OnIssue};
use portcullis::types::clock;
use rustls::{ServerConnection, StreamOwned};
use std::sync::Arc;

/// The endpoint of managed identities. `on_issue` gets each token before it is handed out.
pub fn managed(answer: Answer, on_issue: impl Fn(&str) + Send + Sync + 'static) -> EntraEndpoint {
    EntraEndpoint::managed(answer, recorded(on_issue)).unwrap()
}

/// An authority, which exchanges the token of a service account.
pub fn authority(answer: Answer, authority: &CertificateAuthority) -> EntraEndpoint {
    let config = authority.server("127.0.0.1");
    EntraEndpoint::authority(answer, recorded(|_| {}), move |stream| {
        let session = ServerConnection::new(Arc::clone(&config)).ok()?;
        Some(StreamOwned::new(session, stream))
    })
    .unwrap()
}

fn recorded(on_issue: impl Fn(&str) + Send + Sync + 'static) -> OnIssue {
    Box::new(move |token, _| {
        run_log::record_secret(token);
        on_issue(token);
        Ok(clock::now().timestamp())
    })
}
