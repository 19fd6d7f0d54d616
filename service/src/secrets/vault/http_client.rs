//! The HTTP client: no clear text beyond the machine, no redirects, which would carry the token to another server, time-outs,
//! the configured authorities only, answers up to a limit. Nothing is read from the environment, which the library's own builder
//! does.

use super::error::VaultError;
use crate::config::vault::VaultSettings;
use crate::secrets::bounded_body::{self, BodyError};
use crate::tls_client;
use async_trait::async_trait;
use http::{Request, Response};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustify::errors::ClientError as HttpError;
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use std::io;
use std::time::Duration;
use vaultrs::api::EndpointMiddleware;

/// Time limit of a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Time limit of a call. The server's own is 90 seconds.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection stays open unused. Calls are rare, and proxies close idle connections without notice.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// The largest answer is a document of keys. The server's limit for one is 1 MiB; ours have some kilobytes.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Makes a client for each token.
pub(super) struct ClientFactory {
    address: Url,
    http: Client,
}

impl ClientFactory {
    /// Builds the HTTP client.
    pub(super) fn new(settings: &VaultSettings) -> Result<Self, VaultError> {
        let invalid = |reason: String| VaultError::Setting("VAULT_ADDRESS", reason);
        let address: Url = settings
            .address
            .parse()
            .map_err(|_| invalid("is not a URL".to_owned()))?;
        let is_https = address.scheme() == "https";
        let http = Client::builder()
            .https_only(is_https)
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .no_proxy()
            .http1_only()
            .referer(false)
            .retry(reqwest::retry::never())
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")));
        let http = if is_https {
            http.tls_backend_preconfigured(tls(settings)?)
        } else {
            // Otherwise the client loads the system's authorities, used or not.
            http.tls_certs_only([])
        };
        let http = http.build().map_err(|_| invalid("cannot be used".to_owned()))?;
        Ok(Self { address, http })
    }

    /// A client that sends this token, if any.
    pub(super) fn client(&self, token: Option<&SecretString>) -> ApiClient {
        ApiClient {
            address: self.address.to_string(),
            http: self.http.clone(),
            middle: EndpointMiddleware {
                token: token.map_or_else(String::new, |token| token.expose_secret().to_owned()),
                version: "v1".to_owned(),
                wrap: None,
                namespace: None,
            },
        }
    }
}

/// Sends calls with one token. The library's own client has no limit for answers.
pub(super) struct ApiClient {
    address: String,
    http: Client,
    /// Adds the token.
    pub(super) middle: EndpointMiddleware,
}

#[async_trait]
impl rustify::client::Client for ApiClient {
    fn base(&self) -> &str {
        &self.address
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, HttpError> {
        let (url, method) = (request.uri().to_string(), request.method().to_string());
        let request = reqwest::Request::try_from(request);
        let request = request.map_err(|source| HttpError::ReqwestBuildError { source })?;
        let sent = self.http.execute(request).await;
        let response = sent.map_err(|error| HttpError::RequestError {
            source: error.into(),
            url,
            method,
        })?;
        let (head, body) = Response::<reqwest::Body>::from(response).into_parts();
        match bounded_body::read(body, MAX_ANSWER_BYTES).await {
            Ok(body) => Ok(Response::from_parts(head, body.into())),
            Err(BodyError::TooLarge) => Err(HttpError::ResponseConversionError {
                source: io::Error::from(io::ErrorKind::FileTooLarge).into(),
                content: Vec::new(),
            }),
            Err(BodyError::Incomplete(error)) => Err(HttpError::ResponseError {
                source: match error.downcast::<reqwest::Error>() {
                    Ok(error) => (*error).into(),
                    Err(_) => io::Error::from(io::ErrorKind::UnexpectedEof).into(),
                },
            }),
        }
    }
}

fn tls(settings: &VaultSettings) -> Result<ClientConfig, VaultError> {
    tls_client::config_tls13(settings.ca_file.as_deref())
        .map_err(|error| VaultError::Setting("VAULT_CA_FILE", error.to_string()))
}
