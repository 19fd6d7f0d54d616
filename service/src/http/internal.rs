//! The internal listener: metrics and liveness. Not exposed publicly.

use crate::telemetry::metrics::Metrics;
use http::StatusCode;
use poem::endpoint::{BoxEndpoint, EndpointExt, make_sync};
use poem::{Response, Route};

/// The routes of the internal listener.
pub fn routes(metrics: Metrics) -> BoxEndpoint<'static, Response> {
    let page = move |_| {
        Response::builder()
            .content_type("text/plain; version=0.0.4; charset=utf-8")
            .body(metrics.prometheus_text())
    };
    let live = |_| {
        Response::builder()
            .status(StatusCode::OK)
            .content_type("text/plain")
            .body("ok\n")
    };
    Route::new()
        .at("/metrics", make_sync(page))
        .at("/health/live", make_sync(live))
        .map_to_response()
        .boxed()
}
