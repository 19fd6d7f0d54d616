//! Errors of requests for tokens.

use crate::config::setting_names::PREFIX;
use crate::secrets::SecretError;

/// Why there is no token. Contains nothing of an answer but its status and codes.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EntraError {
    /// A setting cannot be used.
    #[error("{PREFIX}{0}: {1}")]
    Setting(&'static str, String),
    /// The projected token of the workload identity cannot be read.
    #[error("AZURE_FEDERATED_TOKEN_FILE: {0}")]
    TokenFile(String),
    /// No answer, or one that the endpoint could not give now.
    #[error("the token endpoint is unavailable: {0}")]
    Unavailable(String),
    /// The endpoint refuses the identity or the request.
    #[error("the token endpoint refuses the request: {0}")]
    Refused(String),
    /// The answer contains no token.
    #[error("the token endpoint gives an unusable answer: {0}")]
    Malformed(&'static str),
}

impl From<SecretError> for EntraError {
    fn from(error: SecretError) -> Self {
        Self::TokenFile(error.to_string())
    }
}
