//! A token endpoint of Microsoft Entra for tests and measurements. Requests and answers follow Microsoft's documentation; none
//! was recorded: "Managed identities in Azure Container Apps" (REST endpoint reference), "OAuth 2.0 client credentials flow" (a
//! request with a certificate or a federated credential), "Microsoft Entra authentication error codes" (the body of an error), and
//! "How to use managed identities on an Azure VM to acquire an access token" (status codes to retry).

/// The endpoint as a server.
mod endpoint;

/// Requests: read, and compared with the documentation.
mod request;

/// Tokens as passwords in PostgreSQL.
mod passwords;

pub use endpoint::{Answer, EntraEndpoint, OnIssue};
pub use passwords::{cleartext_passwords, token_as_password};
pub use request::{IDENTITY_HEADER, TENANT, TokenRequest, authority_error};
