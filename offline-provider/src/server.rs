//! gRPC over TCP on the loopback interface: what Terraform speaks with a provider that it did not start itself.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Result;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::body::Body;
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::drift::Drift;
use crate::provider::Provider;
use crate::schema::SchemaFile;

/// Names of calls begin so.
const SERVICE: &str = "/tfplugin6.Provider/";

/// A state can be larger than the 4 MiB that tonic accepts by default.
const MAX_MESSAGE: usize = 256 << 20;

/// The providers of one schema file, which are served until this is dropped.
#[derive(Debug)]
pub struct OfflineProvider {
    _runtime: Runtime,
    reattach: serde_json::Value,
}

impl OfflineProvider {
    /// Serves each provider of the file on a free port.
    ///
    /// # Errors
    ///
    /// If no port can be opened.
    pub fn start(file: SchemaFile, drift: &Drift) -> Result<OfflineProvider> {
        let runtime = Runtime::new()?;
        let mut reattach = serde_json::Map::new();
        for (address, schema) in file.providers {
            let provider = Provider::new(schema, drift.clone());
            let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
            let local = listener.local_addr()?.to_string();
            runtime.spawn(accept(listener, Arc::new(provider)));
            let how = json!({
                "Protocol": "grpc",
                "ProtocolVersion": 6,
                "Pid": std::process::id(),
                // Terraform does not stop it.
                "Test": true,
                "Addr": { "Network": "tcp", "String": local },
            });
            reattach.insert(address, how);
        }
        Ok(OfflineProvider {
            _runtime: runtime,
            reattach: reattach.into(),
        })
    }

    /// The variables that make Terraform use it, and read no configuration that could name another provider.
    pub fn environment(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("CHECKPOINT_DISABLE", "1".to_owned()),
            ("TF_CLI_CONFIG_FILE", "/dev/null".to_owned()),
            ("TF_REATTACH_PROVIDERS", self.reattach.to_string()),
        ])
    }
}

async fn accept(listener: TcpListener, provider: Arc<Provider>) {
    while let Ok((stream, _)) = listener.accept().await {
        let provider = Arc::clone(&provider);
        let calls = tower::service_fn(move |request| call(Arc::clone(&provider), request));
        tokio::spawn(async move {
            let connection = http2::Builder::new(TokioExecutor::new());
            let service = TowerToHyperService::new(calls);
            let _closed = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn call(
    provider: Arc<Provider>,
    request: http::Request<Incoming>,
) -> Result<http::Response<Body>, Infallible> {
    let name = request
        .uri()
        .path()
        .strip_prefix(SERVICE)
        .unwrap_or_default()
        .to_owned();
    Ok(match name.as_str() {
        "GetProviderSchema" => unary(request, |()| Ok(provider.schema())).await,
        "ValidateResourceConfig" => unary(request, |it| provider.validate_resource(&it)).await,
        "UpgradeResourceState" => unary(request, |it| Ok(Provider::upgrade(it))).await,
        "ReadResource" => unary(request, |it| provider.read(it)).await,
        "PlanResourceChange" => unary(request, |it| provider.plan(it)).await,
        "ApplyResourceChange" => unary(request, |it| provider.apply(it)).await,
        "ImportResourceState" => unary(request, |()| Ok(Provider::import())).await,
        "ReadDataSource" => unary(request, |it| provider.read_data(&it)).await,
        "OpenEphemeralResource" => unary(request, |it| provider.open_ephemeral(&it)).await,
        // Their answers have nothing to say.
        "GetResourceIdentitySchemas"
        | "GetFunctions"
        | "ValidateProviderConfig"
        | "ValidateDataResourceConfig"
        | "ValidateEphemeralResourceConfig"
        | "ConfigureProvider"
        | "CloseEphemeralResource"
        | "StopProvider" => unary(request, |()| Ok(())).await,
        // Terraform continues without `GetMetadata`.
        _ => Status::unimplemented(name).into_http(),
    })
}

/// Reads the request, makes the answer and writes it.
async fn unary<Req, Res>(
    request: http::Request<Incoming>,
    answer: impl Fn(Req) -> Result<Res>,
) -> http::Response<Body>
where
    Req: prost::Message + Default + 'static,
    Res: prost::Message + Default + 'static,
{
    let codec: ProstCodec<Res, Req> = ProstCodec::default();
    let mut grpc = Grpc::new(codec).max_decoding_message_size(MAX_MESSAGE);
    grpc.unary(Answer(answer), request).await
}

/// A function as a service of tonic's.
struct Answer<F>(F);

impl<F, Req, Res> UnaryService<Req> for Answer<F>
where
    F: Fn(Req) -> Result<Res>,
{
    type Response = Res;
    type Future = Ready<Result<Response<Res>, Status>>;

    fn call(&mut self, request: Request<Req>) -> Self::Future {
        let answer = (self.0)(request.into_inner());
        ready(
            answer
                .map(Response::new)
                .map_err(|error| Status::internal(format!("{error:#}"))),
        )
    }
}
