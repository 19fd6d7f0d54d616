//! Reads the body of an answer up to a limit: a server that is not what it should be must not fill the memory.

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;

/// Why a body was not read to its end.
#[derive(Debug)]
pub(super) enum BodyError {
    /// It exceeds the limit.
    TooLarge,
    /// The connection, or the time, ended before it.
    Incomplete(Box<dyn std::error::Error + Send + Sync>),
}

/// Reads a body of at most `limit` bytes.
pub(super) async fn read<B>(body: B, limit: usize) -> Result<Bytes, BodyError>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Err(error) => Err(BodyError::Incomplete(error)),
    }
}
