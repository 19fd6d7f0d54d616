//! The HTTP client: no clear text beyond the machine, no redirects, which would carry the token to another server, time-outs,
//! the configured authorities only. Nothing is read from the environment, which the library's own builder does.

use super::error::VaultError;
use crate::config::vault::VaultSettings;
use crate::tls_client;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustify::clients::reqwest::Client as HttpClient;
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use vaultrs::api::EndpointMiddleware;
use vaultrs::client::{VaultClient, VaultClientSettings};

/// Time limit of a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Time limit of a call. The server's own is 90 seconds.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection stays open unused. Calls are rare, and proxies close idle connections without notice.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

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
    pub(super) fn client(&self, token: Option<&SecretString>) -> VaultClient {
        VaultClient {
            http: HttpClient::new(self.address.as_str(), self.http.clone()),
            middle: EndpointMiddleware {
                token: token.map_or_else(String::new, |token| token.expose_secret().to_owned()),
                version: "v1".to_owned(),
                wrap: None,
                namespace: None,
            },
            // Written out, because the builder reads VAULT_* for what is left out. None of it is used beside the two above.
            settings: VaultClientSettings {
                address: self.address.clone(),
                ca_certs: Vec::new(),
                identity: None,
                timeout: Some(CALL_TIMEOUT),
                token: String::new(),
                verify: true,
                version: 1,
                wrapping: false,
                namespace: None,
                proxy: None,
            },
        }
    }
}

fn tls(settings: &VaultSettings) -> Result<ClientConfig, VaultError> {
    tls_client::config_tls13(settings.ca_file.as_deref())
        .map_err(|error| VaultError::Setting("VAULT_CA_FILE", error.to_string()))
}
