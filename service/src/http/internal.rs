//! The internal listener: metrics and health probes, whatever the Host. Not exposed publicly.

use crate::http::contract::problem::Problem;
use crate::http::health::Probes;
use crate::telemetry::metrics::Metrics;
use http::StatusCode;
use poem::endpoint::{BoxEndpoint, EndpointExt, make, make_sync};
use poem::{Response, Route};

/// The routes of the internal listener.
pub fn routes(metrics: Metrics, probes: Probes) -> BoxEndpoint<'static, Response> {
    let page = move |_| {
        Response::builder()
            .content_type("text/plain; version=0.0.4; charset=utf-8")
            .body(metrics.prometheus_text())
    };
    let ready = {
        let probes = probes.clone();
        make(move |_| {
            let probes = probes.clone();
            async move { answer(probes.ready().await) }
        })
    };
    let startup = make(move |_| {
        let probes = probes.clone();
        async move { answer(probes.startup().await) }
    });
    Route::new()
        .at("/metrics", make_sync(page))
        .at("/health/live", make_sync(|_| answer(Ok(()))))
        .at("/health/ready", ready)
        .at("/health/startup", startup)
        .map_to_response()
        .boxed()
}

/// One line of text: `ok`, or why not.
fn answer(result: Result<(), Problem>) -> Response {
    let (status, text) = match result {
        Ok(()) => (StatusCode::OK, "ok".into()),
        Err(problem) => (problem.status, problem.detail),
    };
    Response::builder()
        .status(status)
        .content_type("text/plain")
        .body(format!("{text}\n"))
}
