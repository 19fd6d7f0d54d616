//! Who asks. Every operation takes a caller, first: a bad parameter must never be answered before a missing token.
use poem::{FromRequest, Request, RequestBody, Result};

/// Anybody at all: the operation is public on purpose.
#[derive(Clone, Copy, Debug)]
pub struct Anyone;

impl<'a> FromRequest<'a> for Anyone {
    async fn from_request(_request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        Ok(Self)
    }
}
