//! The answer to a form as it is stored for a second arrival of the same form: status, header fields, body.

use crate::http::contract::problem::Problem;
use crate::http::contract::rendered::Rendered;
use http::{HeaderName, HeaderValue, StatusCode};
use poem::Response;
use serde::{Deserialize, Serialize};

/// An answer.
#[derive(Serialize, Deserialize)]
pub struct StoredAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl StoredAnswer {
    /// Copies a response. `None`: it is not text, which no page is.
    pub async fn of(response: &mut Response) -> Result<Option<Self>, Problem> {
        let body = response.take_body().into_bytes().await;
        let body = body.map_err(|_| Problem::internal())?;
        response.set_body(body.clone());
        let text = |value: &HeaderValue| value.to_str().map(str::to_owned);
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| Ok((name.as_str().to_owned(), text(value)?)))
            .collect::<Result<Vec<_>, http::header::ToStrError>>();
        Ok(headers
            .ok()
            .zip(String::from_utf8(body.to_vec()).ok())
            .map(|(headers, body)| Self {
                status: response.status().as_u16(),
                headers,
                body,
            }))
    }

    /// Its bytes for storage.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// From these bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(bytes).map_err(|_| Problem::internal())
    }

    /// Whether it is a redirect, which shows nothing.
    pub fn is_redirect(&self) -> bool {
        (300..400).contains(&self.status)
    }

    /// The response.
    pub fn into_response(self) -> Result<Response, Problem> {
        let mut response = Response::builder()
            .status(StatusCode::from_u16(self.status).map_err(|_| Problem::internal())?)
            .body(self.body);
        response.headers_mut().clear();
        for (name, value) in self.headers {
            let name = HeaderName::try_from(name).map_err(|_| Problem::internal())?;
            let value = HeaderValue::try_from(value).map_err(|_| Problem::internal())?;
            response.headers_mut().append(name, value);
        }
        response.extensions_mut().insert(Rendered);
        Ok(response)
    }
}
