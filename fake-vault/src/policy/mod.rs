//! Policies: their document and what they allow.

mod acl;
mod document;

pub(crate) use acl::{Acl, Capability};
pub(crate) use document::{Document, parse};

/// The text of the built-in policy `default`, as far as this server has its paths.
pub(crate) const DEFAULT: &str = r#"
path "auth/token/lookup-self"    { capabilities = ["read"] }
path "auth/token/renew-self"     { capabilities = ["update"] }
path "auth/token/revoke-self"    { capabilities = ["update"] }
path "sys/capabilities-self"     { capabilities = ["update"] }
path "sys/leases/renew"          { capabilities = ["update"] }
path "sys/leases/lookup"         { capabilities = ["update"] }
path "sys/wrapping/wrap"         { capabilities = ["update"] }
path "sys/wrapping/lookup"       { capabilities = ["update"] }
path "sys/wrapping/unwrap"       { capabilities = ["update"] }
"#;
