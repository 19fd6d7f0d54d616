//! A call. The library's own functions use its own HTTP client, and drop parts of answers: leases, issued logins with their lease,
//! versions.

use super::error::VaultError;
use super::http_client::ApiClient;
use rustify::Endpoint;
use rustify::enums::{RequestMethod, RequestType, ResponseType};
use rustify::errors::ClientError as HttpError;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::marker::PhantomData;
use std::time::Duration;
use vaultrs::api::{AuthInfo, EndpointMiddleware, EndpointResult};

/// One call. `R` is the type of `data` in the answer.
pub(super) struct Call<R> {
    method: RequestMethod,
    path: String,
    body: Option<Vec<u8>>,
    data: PhantomData<fn() -> R>,
}

impl<R: DeserializeOwned + Send + Sync> Call<R> {
    /// A read.
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self {
            method: RequestMethod::GET,
            path: path.into(),
            body: None,
            data: PhantomData,
        }
    }

    /// A write. `null` is no body.
    pub(super) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self {
            method: RequestMethod::POST,
            path: path.into(),
            body: (!body.is_null()).then(|| body.to_string().into_bytes()),
            data: PhantomData,
        }
    }

    /// The look-up of a wrapping token. Unlike `unwrap` it has the token in its body.
    pub(super) fn wrap_lookup(wrapping_token: &SecretString) -> Self {
        let body = json!({ "token": wrapping_token.expose_secret() });
        Self::post("sys/wrapping/lookup", &body)
    }

    /// Sends it; returns the whole envelope.
    pub(super) async fn envelope(self, client: &ApiClient) -> Result<EndpointResult<R>, VaultError> {
        let answer = self.with_middleware(&client.middle).exec(client).await?;
        Ok(answer.wrap::<EndpointResult<R>>()?)
    }

    /// Sends it; returns `data`.
    pub(super) async fn data(self, client: &ApiClient) -> Result<R, VaultError> {
        self.envelope(client).await?.data.ok_or(VaultError::Malformed)
    }

    /// Sends it; returns the token of a login or a renewal.
    pub(super) async fn auth(self, client: &ApiClient) -> Result<AuthInfo, VaultError> {
        self.envelope(client).await?.auth.ok_or(VaultError::Malformed)
    }

    /// Sends it and has the answer wrapped; returns the wrapping token.
    pub(super) async fn wrapped(self, client: &ApiClient, ttl: Duration) -> Result<String, VaultError> {
        let middle = EndpointMiddleware {
            wrap: Some(format!("{}s", ttl.as_secs())),
            ..client.middle.clone()
        };
        let answer = self.with_middleware(&middle).exec(client).await?;
        let answer = answer.wrap::<EndpointResult<R>>()?;
        Ok(answer.wrap_info.ok_or(VaultError::Malformed)?.token)
    }

    /// Sends it; the answer has no body, or none that matters.
    pub(super) async fn done(self, client: &ApiClient) -> Result<(), VaultError> {
        self.with_middleware(&client.middle).exec(client).await?;
        Ok(())
    }
}

impl<R: DeserializeOwned + Send + Sync> Endpoint for Call<R> {
    type Response = R;
    const REQUEST_BODY_TYPE: RequestType = RequestType::JSON;
    const RESPONSE_BODY_TYPE: ResponseType = ResponseType::JSON;

    fn path(&self) -> String {
        self.path.clone()
    }

    fn method(&self) -> RequestMethod {
        self.method.clone()
    }

    fn body(&self) -> Result<Option<Vec<u8>>, HttpError> {
        Ok(self.body.clone())
    }
}

/// A token of an answer. The library panics on one that is not a valid header value.
pub(super) fn token(text: String) -> Result<SecretString, VaultError> {
    let token = SecretString::from(text);
    check_token(&token)?;
    Ok(token)
}

/// Checks that a token can be sent.
pub(super) fn check_token(token: &SecretString) -> Result<(), VaultError> {
    let text = token.expose_secret();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(VaultError::Malformed)
    }
}
