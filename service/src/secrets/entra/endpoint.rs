//! Requests to the endpoint of a managed identity, or to the authority with the projected token of a workload identity. On
//! hyper, which follows no redirect and uses no proxy.

use super::answer::{Answer, error_of};
use super::error::EntraError;
use crate::config::entra::{EntraSettings, Identity};
use crate::config::secret::SecretSource;
use crate::secrets::bounded_body;
use crate::{secrets, tls_client};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

/// Time limit of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum size of an answer. Tokens have a few kilobytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The version of the managed identities' protocol.
const API_VERSION: &str = "2019-08-01";

/// How a projected token proves an identity (RFC 7523).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A token endpoint.
pub(super) struct Endpoint {
    identity: Identity,
    resource: String,
    client: HttpClient,
}

enum HttpClient {
    /// To an address of this machine.
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

/// A failure, and the delay that the endpoint requests.
type Failure = (EntraError, Option<Duration>);

impl Endpoint {
    pub(super) fn new(settings: &EntraSettings) -> Result<Self, EntraError> {
        let (Identity::Managed { endpoint, .. } | Identity::Federated { endpoint, .. }) = &settings.identity;
        // Requests are rare: an idle connection would be dead by the next one.
        let builder = || {
            let mut builder = Client::builder(TokioExecutor::new());
            builder.pool_max_idle_per_host(0);
            builder
        };
        let client = if endpoint.scheme_str() == Some("https") {
            let tls = tls_client::config(settings.authorities.as_deref())
                .map_err(|error| EntraError::Setting("ENTRA_CA_FILE", error.to_string()))?;
            let connector = HttpsConnectorBuilder::new()
                .with_tls_config(tls)
                .https_only()
                .enable_http1()
                .build();
            HttpClient::Tls(builder().build(connector))
        } else {
            HttpClient::Plain(builder().build_http())
        };
        Ok(Self {
            identity: settings.identity.clone(),
            resource: settings.resource.clone(),
            client,
        })
    }

    /// Requests a token for an identity.
    pub(super) async fn request(&self, client_id: Option<Uuid>) -> Result<Answer, Failure> {
        let now = |error| (error, None);
        let request = match &self.identity {
            Identity::Managed { endpoint, header } => {
                self.managed(endpoint, header, client_id).map_err(now)?
            }
            Identity::Federated { endpoint, token_file } => {
                let assertion = read(token_file).await.map_err(now)?;
                self.federated(endpoint, &assertion, client_id).map_err(now)?
            }
        };
        match tokio::time::timeout(REQUEST_TIMEOUT, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => Err(now(EntraError::Unavailable("timed out".to_owned()))),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        let response = self.client.send(request).await.map_err(|error| (error, None))?;
        let (head, body) = response.into_parts();
        let body = bounded_body::read(body, MAX_ANSWER_BYTES).await;
        let body = body.map_err(|_| {
            let reason = "it is too large or incomplete";
            (EntraError::Malformed(reason), None)
        })?;
        if head.status.is_success() {
            Answer::parse(&body).map_err(|error| (error, None))
        } else {
            Err((error_of(head.status, &body), retry_after(&head.headers)))
        }
    }

    fn managed(
        &self,
        endpoint: &Uri,
        header: &SecretString,
        client_id: Option<Uuid>,
    ) -> Result<Request<Full<Bytes>>, EntraError> {
        let mut url = format!(
            "{endpoint}?api-version={API_VERSION}&resource={}",
            encode(&self.resource)
        );
        if let Some(id) = client_id {
            url += &format!("&client_id={id}");
        }
        let mut value = HeaderValue::from_str(header.expose_secret()).map_err(|_| invalid_request())?;
        value.set_sensitive(true);
        let request = Request::get(url).header("X-IDENTITY-HEADER", value);
        request.body(Full::default()).map_err(|_| invalid_request())
    }

    fn federated(
        &self,
        endpoint: &Uri,
        assertion: &SecretString,
        client_id: Option<Uuid>,
    ) -> Result<Request<Full<Bytes>>, EntraError> {
        let client_id = client_id.unwrap_or_default().to_string();
        let scope = format!("{}/.default", self.resource);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &client_id),
            ("scope", &scope),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion.expose_secret().trim()),
        ];
        let form = form.map(|(name, value)| format!("{name}={}", encode(value)));
        let request = Request::post(endpoint).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = Full::from(form.join("&"));
        request.body(body).map_err(|_| invalid_request())
    }
}

impl HttpClient {
    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, EntraError> {
        let sent = match self {
            Self::Plain(client) => client.request(request).await,
            Self::Tls(client) => client.request(request).await,
        };
        sent.map_err(|error| {
            let reason = if error.is_connect() {
                "cannot connect"
            } else {
                "the connection was lost"
            };
            EntraError::Unavailable(reason.to_owned())
        })
    }
}

/// Reads the projected token each time: kubelet replaces it. On a thread, because a file system can hang.
async fn read(token_file: &Path) -> Result<SecretString, EntraError> {
    let source = SecretSource::File(token_file.to_owned());
    let read = tokio::task::spawn_blocking(move || secrets::read(&source));
    match tokio::time::timeout(REQUEST_TIMEOUT, read).await {
        Ok(Ok(read)) => Ok(read?),
        _ => Err(EntraError::TokenFile("cannot be read in time".to_owned())),
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

fn invalid_request() -> EntraError {
    EntraError::Refused("the settings form no valid request".to_owned())
}
