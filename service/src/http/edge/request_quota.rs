//! What one request costs its client's quota: one, or more where the operation does the work of many.

use super::rate_limit::{RateLimit, RateLimitedError, Remaining};
use crate::http::contract::problem::Problem;
use poem::{FromRequest, Request, RequestBody};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The quota of the client of a request, which was counted once.
#[derive(Clone)]
pub struct RequestQuota {
    rate_limit: Arc<RateLimit>,
    client: IpAddr,
    checked: Arc<Mutex<Result<Remaining, RateLimitedError>>>,
}

impl RequestQuota {
    /// The quota after the request was counted with this result.
    pub fn new(
        rate_limit: Arc<RateLimit>,
        client: IpAddr,
        checked: Result<Remaining, RateLimitedError>,
    ) -> Self {
        Self {
            rate_limit,
            client,
            checked: Arc::new(Mutex::new(checked)),
        }
    }

    /// Makes the request cost as much as this many, the one that was counted included. Costs that exceed the whole quota take the
    /// whole: the request would otherwise never be accepted.
    pub fn charge(&self, requests: usize) -> Result<(), Problem> {
        let more = u32::try_from(requests.saturating_sub(1)).unwrap_or(u32::MAX);
        let checked = self.rate_limit.charge(self.client, more);
        if let Some(checked) = checked {
            *self.lock() = checked;
            checked?;
        }
        Ok(())
    }

    /// The result that the response reports.
    pub fn checked(&self) -> Result<Remaining, RateLimitedError> {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Result<Remaining, RateLimitedError>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> FromRequest<'a> for RequestQuota {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let quota = request.extensions().get::<Self>().cloned();
        quota.ok_or_else(|| Problem::internal().into())
    }
}
