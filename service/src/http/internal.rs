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
        async move { answer(probes.startup().await.map(|()| None)) }
    });
    Route::new()
        .at("/metrics", make_sync(page))
        .at("/health/live", make_sync(|_| answer(Ok(None))))
        .at("/health/ready", ready)
        .at("/health/startup", startup)
        .map_to_response()
        .boxed()
}

/// One line of text: `ok`, with a warning if there is one, or why not.
fn answer(result: Result<Option<&'static str>, Problem>) -> Response {
    let (status, text) = match result {
        Ok(None) => (StatusCode::OK, "ok".into()),
        Ok(Some(warning)) => (StatusCode::OK, format!("ok, but {warning}").into()),
        Err(problem) => (problem.status, problem.detail),
    };
    Response::builder()
        .status(status)
        .content_type("text/plain")
        .body(format!("{text}\n"))
}
