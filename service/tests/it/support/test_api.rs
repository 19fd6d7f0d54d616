//! Operations that only tests need, for behaviours that no operation of the service can show: a panic, an arbitrary JSON
//! body, a slow or large response.

use poem_openapi::payload::{Json, PlainText};
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use portcullis::http::contract::strict_json::StrictJson;
use serde_json::Value;
use std::time::Duration;

/// The beginning of a response of the HTTP library to a malformed request.
pub const REFUSALS: &str = "HTTP/1.1 400";

/// The operations.
pub struct TestApi;

/// A body with known members.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub struct Known {
    /// A text.
    pub name: String,
    /// A number.
    #[oai(skip_serializing_if_is_none)]
    pub count: Option<i64>,
}

#[OpenApi]
impl TestApi {
    /// Panics
    #[oai(path = "/extra/panic", method = "get")]
    async fn panic(&self) -> PlainText<String> {
        panic!("secret-of-the-panic")
    }

    /// Fails without a problem
    #[oai(path = "/extra/fail", method = "get")]
    async fn fail(&self) -> poem::Result<PlainText<String>> {
        Err(poem::Error::from_string(
            "secret-of-the-failure",
            http::StatusCode::INTERNAL_SERVER_ERROR,
        ))
    }

    /// Any JSON back
    #[oai(path = "/extra/echo", method = "post")]
    async fn echo(&self, body: StrictJson<Any<Value>>) -> Json<Any<Value>> {
        Json(body.0)
    }

    /// A known body back
    #[oai(path = "/extra/known", method = "post")]
    async fn known(&self, body: StrictJson<Known>) -> Json<Known> {
        Json(body.0)
    }

    /// Answers after half a second
    #[oai(path = "/extra/slow", method = "get")]
    async fn slow(&self) -> PlainText<String> {
        tokio::time::sleep(Duration::from_millis(500)).await;
        PlainText("done".into())
    }

    /// Answers with text that looks like responses of the HTTP library
    #[oai(path = "/extra/refusals", method = "get")]
    async fn refusals(&self) -> PlainText<String> {
        PlainText(REFUSALS.repeat(100_000))
    }

    /// Answers with eight million bytes
    #[oai(path = "/extra/large", method = "get")]
    async fn large(&self) -> PlainText<String> {
        PlainText("x".repeat(8_000_000))
    }
}
