//! Reads bodies: never more than the operation takes, never longer than a client may take.

use crate::http::contract::problem::Problem;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode, header};
use poem::Body;
use std::time::Duration;

/// What a body may be. The edge puts it on each request.
#[derive(Clone, Copy, Debug)]
pub struct BodyPolicy {
    /// Bytes.
    pub limit: usize,
    /// Time from the first look at the body to its last byte.
    pub time: Duration,
}

impl BodyPolicy {
    /// Refuses a body that announces itself too large, before a byte of it is read.
    pub fn check_length(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok());
        match announced.and_then(|length| length.parse::<u64>().ok()) {
            Some(length) if length > self.limit as u64 => Err(self.too_large()),
            _ => Ok(()),
        }
    }

    /// The whole body.
    pub async fn read(&self, body: Body) -> Result<Bytes, Problem> {
        let mut stream = Box::pin(body.into_bytes_stream());
        let mut whole = BytesMut::new();
        let read = async {
            while let Some(part) = stream.next().await {
                let gone = |_| {
                    Problem::new(
                        StatusCode::BAD_REQUEST,
                        "body-cut-off",
                        "the body ended too early",
                    )
                };
                whole.extend_from_slice(&part.map_err(gone)?);
                if whole.len() > self.limit {
                    return Err(self.too_large());
                }
            }
            Ok(())
        };
        match tokio::time::timeout(self.time, read).await {
            Ok(Ok(())) => Ok(whole.freeze()),
            Ok(Err(problem)) => Err(problem),
            Err(_) => {
                let detail = "the body did not arrive in time";
                let problem = Problem::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", detail);
                Err(problem.with_header(header::CONNECTION, http::HeaderValue::from_static("close")))
            }
        }
    }

    fn too_large(&self) -> Problem {
        let detail = format!(
            "the body is larger than the {} bytes that this operation takes",
            self.limit
        );
        let problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail);
        problem.with_header(header::CONNECTION, http::HeaderValue::from_static("close"))
    }
}
