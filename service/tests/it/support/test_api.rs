//! Operations that only tests need, for behaviours that no operation of the service can show: a panic, an arbitrary JSON
//! body, a slow or large response, streamed bodies.

use bytes::Bytes;
use futures_util::stream;
use http::Method;
use poem::{IntoResponse, Response};
use poem_openapi::param::Query;
use poem_openapi::payload::{Json, PlainText};
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::types::Any;
use poem_openapi::{ApiResponse, Object, OpenApi};
use portcullis::http::contract::any_caller::AnyCaller;
use portcullis::http::contract::auth::RatesWriteScope;
use portcullis::http::contract::problem::Problem;
use portcullis::http::contract::strict_json::StrictJson;
use portcullis::http::edge::body_stream::BodyStream;
use portcullis::http::edge::streamed_response::streamed;
use portcullis::http::openapi::operation_policy::{BodyRule, OperationPolicy, Operations};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The beginning of a response of the HTTP library to a malformed request.
pub const REFUSALS: &str = "HTTP/1.1 400";

/// The limit of `/extra/upload`, in bytes.
pub const UPLOAD_LIMIT: usize = 4 * 1024 * 1024;

/// The limit of `/extra/wide`, in bytes.
pub const WIDE_LIMIT: usize = 100_000;

/// The operations.
#[derive(Default)]
pub struct TestApi {
    /// How many streams of `/extra/stream` are being produced.
    pub streams: Arc<AtomicU64>,
}

impl Operations for TestApi {
    fn policies() -> Vec<OperationPolicy> {
        let policy = |method, path, body, streams_per_client| OperationPolicy {
            body,
            streams_per_client,
            ..OperationPolicy::of(method, path)
        };
        let upload = BodyRule::Streamed {
            limit: UPLOAD_LIMIT,
            codings: &["gzip"],
        };
        vec![
            policy(&Method::GET, "/extra/stream", None, Some(2)),
            policy(&Method::POST, "/extra/upload", Some(upload), None),
            policy(
                &Method::POST,
                "/extra/wide",
                Some(BodyRule::Buffered(WIDE_LIMIT)),
                None,
            ),
        ]
    }
}

/// The part of `/extra/stream` with this number.
pub fn part(number: u64, bytes: usize) -> Bytes {
    let line = format!("part {number}\n");
    Bytes::from(line.repeat(bytes / line.len() + 1)[..bytes].to_owned())
}

/// A streamed response.
pub struct Streaming(Response);

impl ApiResponse for Streaming {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: Vec::new(),
        }
    }

    fn register(_registry: &mut Registry) {}
}

impl IntoResponse for Streaming {
    fn into_response(self) -> Response {
        self.0
    }
}

/// Counts a stream while it is being produced.
struct Counted(Arc<AtomicU64>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

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

    /// Answers with the subject that stores prices
    #[oai(path = "/extra/store", method = "post")]
    async fn store(&self, caller: AnyCaller<RatesWriteScope>) -> poem::Result<PlainText<String>> {
        let writer = caller.principal.as_rates_writer().map_err(Problem::from)?;
        Ok(PlainText(writer.principal().subject()))
    }

    /// Answers with eight million bytes
    #[oai(path = "/extra/large", method = "get")]
    async fn large(&self) -> PlainText<String> {
        PlainText("x".repeat(8_000_000))
    }

    /// Streams parts of this size, each after a pause in milliseconds; fails instead of the part with this number
    #[oai(path = "/extra/stream", method = "get")]
    async fn stream(
        &self,
        parts: Query<u64>,
        bytes: Query<usize>,
        pause: Query<Option<u64>>,
        fail: Query<Option<u64>>,
    ) -> Result<Streaming, poem::Error> {
        let (parts, bytes, pause, fail) = (parts.0, bytes.0, pause.0, fail.0);
        if fail == Some(0) {
            return Err(Problem::unavailable("before the first byte").into());
        }
        self.streams.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(Arc::clone(&self.streams));
        let produced = stream::unfold((0, counted), move |(number, counted)| async move {
            if number == parts {
                return None;
            }
            if let Some(pause) = pause {
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            let produced = if fail == Some(number) {
                Err(std::io::Error::other("planted"))
            } else {
                Ok(part(number, bytes))
            };
            Some((produced, (number + 1, counted)))
        });
        Ok(Streaming(streamed("text/plain", produced)))
    }

    /// Counts the bytes of its body, which it reads part by part after a pause in milliseconds
    #[oai(path = "/extra/upload", method = "post")]
    async fn upload(
        &self,
        pause: Query<Option<u64>>,
        mut body: BodyStream,
    ) -> poem::Result<PlainText<String>> {
        tokio::time::sleep(Duration::from_millis(pause.0.unwrap_or_default())).await;
        let mut bytes = 0;
        while let Some(part) = body.next().await? {
            bytes += part.len();
        }
        Ok(PlainText(bytes.to_string()))
    }

    /// Any JSON back, also a long one
    #[oai(path = "/extra/wide", method = "post")]
    async fn wide(&self, body: StrictJson<Any<Value>>) -> Json<Any<Value>> {
        Json(body.0)
    }
}
