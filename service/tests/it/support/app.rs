//! A service running inside this process, on free ports.

use super::database::Database;
use super::program::ServiceProcess;
use super::response::Response;
use super::run_log;
use portcullis::config::Settings;
use portcullis::http::openapi::operation_policy::Operations;
use portcullis::http::router::Apis;
use portcullis::startup::Service;
use portcullis::telemetry::logs::Telemetry;
use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder};
use std::net::SocketAddr;
use std::sync::{LazyLock, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let client = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    // One connection per request, so that no test depends on a connection that another test closed.
    client
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
});

/// A running service; dropping it stops the service.
pub struct App {
    /// The public listener.
    pub address: SocketAddr,
    /// The internal listener.
    pub internal: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl App {
    /// Starts the service with the default test settings of a database.
    pub fn over(database: &Database) -> Self {
        Self::start(&database.settings(&[]))
    }

    /// Starts the service.
    pub fn start(settings: &Settings) -> Self {
        Self::start_with(settings, |product| product)
    }

    /// The service of another process.
    pub fn of_process(process: &ServiceProcess) -> Self {
        Self {
            address: process.address,
            internal: process.internal,
            stop: None,
            thread: None,
        }
    }

    /// Starts the service with additional operations.
    pub fn start_with<T: Operations + 'static>(
        settings: &Settings,
        operations: impl FnOnce(Apis) -> T + Send + 'static,
    ) -> Self {
        run_log::start();
        let (stop, stopped) = oneshot::channel::<()>();
        let (address_sender, addresses) = mpsc::channel();
        let settings = settings.clone();
        let thread = std::thread::spawn(move || {
            let telemetry = Telemetry::quiet().unwrap();
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let metrics = telemetry.metrics.clone();
                let bound = Service::bind_with(&settings, metrics, operations, std::future::pending());
                let service = bound.await.unwrap().unwrap();
                address_sender
                    .send((service.address(), service.internal_address()))
                    .unwrap();
                service.run(async { drop(stopped.await) }).await.unwrap();
            });
            runtime.shutdown_background();
        });
        let (address, internal) = addresses.recv().unwrap();
        Self {
            address,
            internal,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// A request with any method.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        CLIENT.request(method, format!("http://{}{path}", self.address))
    }

    /// GET.
    pub fn get(&self, path: &str) -> Response {
        send(self.request("GET", path))
    }

    /// GET on the internal listener.
    pub fn get_internal(&self, path: &str) -> Response {
        send(CLIENT.get(format!("http://{}{path}", self.internal)))
    }

    /// Stops the service and waits until it has stopped.
    pub fn stop(mut self) {
        self.request_stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Requests a graceful shutdown and returns at once.
    pub fn request_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// Sends a request.
pub fn send(request: RequestBuilder) -> Response {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    run_log::record_request(&request);
    let received = client.execute(request).unwrap();
    let response = Response {
        status: received.status().as_u16(),
        headers: received.headers().clone(),
        body: received.bytes().unwrap().to_vec(),
    };
    run_log::record_response(&response);
    response
}

/// Repeats a request until its response has this status; returns the time that took.
pub fn wait_for_status(status: u16, timeout: Duration, request: impl Fn() -> Response) -> Duration {
    let start = Instant::now();
    loop {
        let response = request();
        if response.status == status {
            return start.elapsed();
        }
        assert!(
            start.elapsed() < timeout,
            "not {status} within {timeout:?}: {response:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
