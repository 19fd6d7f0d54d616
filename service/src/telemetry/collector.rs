//! The OTLP/HTTP collector, with a client on hyper: the exporters' own client, reqwest, loads the system's authorities even
//! for a URL without TLS.

use super::error::{TelemetryError, setup_error};
use crate::config::telemetry::TelemetrySettings;
use crate::tls_client;
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::WithHttpConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Time limit of one export. Exports run on their own threads, so an unreachable collector delays no request.
pub(super) const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum size of a collector's response.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// The collector.
pub(super) struct Collector {
    base_url: String,
    client: CollectorClient,
}

/// Sends exports on a thread of its own, because exporters do not run in an async runtime.
#[derive(Clone, Debug)]
struct CollectorClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Arc<Runtime>,
}

impl Collector {
    /// The configured collector, if there is one.
    pub(super) fn of(settings: &TelemetrySettings) -> Result<Option<Self>, TelemetryError> {
        let Some(base_url) = settings.otlp_endpoint.clone() else {
            return Ok(None);
        };
        let scheme = base_url.split(':').next().unwrap_or_default();
        let is_https = scheme.eq_ignore_ascii_case("https");
        let client = CollectorClient::new(settings, is_https)?;
        Ok(Some(Self { base_url, client }))
    }

    /// The URL of a signal.
    pub(super) fn url(&self, signal: &str) -> String {
        format!("{}/v1/{signal}", self.base_url)
    }

    /// Lets an exporter use the collector's client.
    pub(super) fn with_client<E: WithHttpConfig>(&self, exporter: E) -> E {
        exporter.with_http_client(self.client.clone())
    }
}

impl CollectorClient {
    fn new(settings: &TelemetrySettings, is_https: bool) -> Result<Self, TelemetryError> {
        let connector = HttpsConnectorBuilder::new();
        let connector = if is_https {
            let authorities = settings.otlp_ca_file.as_deref();
            let tls = tls_client::config(authorities).map_err(TelemetryError::Authorities)?;
            connector.with_tls_config(tls).https_only()
        } else {
            connector
                .with_tls_config(tls_client::without_authorities().map_err(TelemetryError::Authorities)?)
                .https_or_http()
        };
        let connector = connector.enable_http1().build();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("portcullis-otlp")
            .enable_all()
            .build()
            .map_err(setup_error)?;
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            runtime: Arc::new(runtime),
        })
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let exchange = async move {
            let (head, body) = client.request(request.map(Full::new)).await?.into_parts();
            let body = Limited::new(body, MAX_RESPONSE_BYTES).collect().await?;
            Ok::<_, HttpError>(Response::from_parts(head, body.to_bytes()))
        };
        let exchange = async move { tokio::time::timeout(EXPORT_TIMEOUT, exchange).await };
        self.runtime.spawn(exchange).await??
    }
}
