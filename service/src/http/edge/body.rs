//! Reads request bodies within a size and a time limit.

use crate::http::contract::problem::Problem;
use crate::http::openapi::operation_policy::BodyRule;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use poem::{Body, Request};
use std::time::Duration;

/// The limits of request bodies. The edge attaches them to each request.
#[derive(Clone, Copy, Debug)]
pub struct BodyPolicy {
    /// Maximum size in bytes.
    pub limit: usize,
    /// Maximum time from the start of reading to the last byte.
    pub time: Duration,
}

impl BodyPolicy {
    /// The limits of this request.
    pub fn of(request: &Request) -> Self {
        let attached = request.extensions().get::<Self>().copied();
        attached.unwrap_or(Self {
            limit: 65_536,
            time: Duration::from_secs(10),
        })
    }

    /// The limits of an operation with this rule.
    #[must_use]
    pub fn with(self, rule: Option<BodyRule>) -> Self {
        match rule {
            None => self,
            Some(BodyRule::Buffered(limit) | BodyRule::Streamed { limit, .. }) => Self { limit, ..self },
        }
    }

    /// Rejects a body whose `Content-Length` exceeds the limit, before any of it is read.
    pub fn check_length(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok());
        match announced.and_then(|length| length.parse::<u64>().ok()) {
            Some(length) if length > self.limit as u64 => Err(self.too_large()),
            _ => Ok(()),
        }
    }

    /// Reads the complete body.
    pub async fn read(&self, stream: Body) -> Result<Bytes, Problem> {
        let mut stream = Box::pin(stream.into_bytes_stream());
        let mut body = BytesMut::new();
        let read = async {
            while let Some(part) = stream.next().await {
                body.extend_from_slice(&part.map_err(|_| cut_off())?);
                if body.len() > self.limit {
                    return Err(self.too_large());
                }
            }
            Ok(())
        };
        match tokio::time::timeout(self.time, read).await {
            Ok(Ok(())) => Ok(body.freeze()),
            Ok(Err(problem)) => Err(problem),
            Err(_) => Err(too_slow()),
        }
    }

    pub(super) fn too_large(&self) -> Problem {
        let detail = format!("the request body exceeds the limit of {} bytes", self.limit);
        closing(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail))
    }
}

/// The client stopped before the end of the body.
pub(super) fn cut_off() -> Problem {
    let detail = "the request body ended prematurely";
    Problem::new(StatusCode::BAD_REQUEST, "body-cut-off", detail)
}

/// The client sends too slowly.
pub(super) fn too_slow() -> Problem {
    let detail = "the request body was not received in time";
    closing(Problem::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", detail))
}

/// The rest of the body is not read, so the connection cannot be used again.
fn closing(problem: Problem) -> Problem {
    problem.with_header(header::CONNECTION, HeaderValue::from_static("close"))
}
