//! The TLS server: routes requests to Entra ID, a group or the state, disturbs them, and notes each.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request as HttpRequest, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::disruptions::{self, Disruption, Kind};
use super::entra::{self, SUBSCRIPTION};
use super::group::{Answer, Request, error};
use super::handle::Simulator;
use super::state;

/// The server of this process; it ends with it.
pub fn shared() -> Arc<Simulator> {
    static SHARED: OnceLock<Arc<Simulator>> = OnceLock::new();
    Arc::clone(SHARED.get_or_init(start))
}

/// Starts a server on a free port, with a certificate of its own.
fn start() -> Arc<Simulator> {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap().keep();
    let certificate = folder.join("certificate.pem");
    std::fs::write(&certificate, key.cert.pem()).unwrap();
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.signing_key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .unwrap();
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let simulator = Arc::new(Simulator {
        port: listener.local_addr().unwrap().port(),
        certificate,
        groups: Mutex::default(),
        changed: Condvar::new(),
    });
    let shared = Arc::clone(&simulator);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(serve(shared, listener, TlsAcceptor::from(Arc::new(config))));
    });
    simulator
}

async fn serve(simulator: Arc<Simulator>, listener: std::net::TcpListener, tls: TlsAcceptor) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (simulator, tls) = (Arc::clone(&simulator), tls.clone());
        tokio::spawn(async move {
            let Ok(stream) = tls.accept(stream).await else {
                return;
            };
            let service = service_fn(move |request| answer(Arc::clone(&simulator), request));
            let _closed_by_a_disruption = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// An error closes the connection without an answer.
async fn answer(
    simulator: Arc<Simulator>,
    request: HttpRequest<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let method = request.method().to_string();
    let path = request.uri().path().to_ascii_lowercase();
    let body = request.into_body().collect().await.map_err(io::Error::other)?;
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    if let Some(json) = entra::answer(&simulator.url(), &path) {
        return Ok(response((200, Vec::new(), json)));
    }
    let prefix = format!("/subscriptions/{SUBSCRIPTION}/resourcegroups/");
    if let Some(group) = path.strip_prefix("/state/") {
        let disruption = simulator.group(group, |group| {
            Disruption::take(&mut group.disruptions, &method, "state")
        });
        if disruption == Some(Kind::Held) {
            hold(&simulator, group).await;
        }
        let (status, text) = simulator.group(group, |group| {
            group.requests.push(Request {
                method: method.clone(),
                path: "state".to_owned(),
                status: 200,
                body: String::new(),
            });
            state::answer(group, &method, &body)
        });
        let response = Response::builder().status(status).body(Full::from(text));
        return response.map_err(io::Error::other);
    }
    let below = path
        .strip_prefix(&prefix)
        .and_then(|rest| rest.split_once("/providers/microsoft.app/"));
    let Some((group, rest)) = below else {
        return Ok(response(error(404, "NotFound", &path)));
    };
    let base = format!("{}{prefix}{group}/providers/Microsoft.App", simulator.url());
    let disruption = simulator.group(group, |group| {
        Disruption::take(&mut group.disruptions, &method, rest)
    });
    if disruption == Some(Kind::Held) {
        hold(&simulator, group).await;
    }
    let answer = simulator.group(group, |group| {
        let mut answer = match disruption {
            Some(Kind::Status(status)) => error(status, disruptions::code(status), "injected"),
            Some(Kind::Lost) => (0, Vec::new(), serde_json::Value::Null),
            _ => group.answer(&base, &method, rest, &body),
        };
        if disruption == Some(Kind::AnswerLost) {
            answer.0 = 0;
        }
        group.requests.push(Request {
            method: method.clone(),
            path: rest.to_owned(),
            status: answer.0,
            body: body.clone(),
        });
        answer
    });
    if answer.0 == 0 {
        return Err(io::Error::other("the connection is lost"));
    }
    Ok(response(answer))
}

/// Waits until the group is released.
async fn hold(simulator: &Simulator, name: &str) {
    simulator.group(name, |group| group.held += 1);
    while !simulator.group(name, |group| group.is_released) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn response((status, fields, body): Answer) -> Response<Full<Bytes>> {
    let mut builder = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    for (name, value) in fields {
        builder = builder.header(name, value);
    }
    builder.body(Full::from(body.to_string())).unwrap()
}
