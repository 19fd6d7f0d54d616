//! A running service inside this process, on ports of its own.
use super::database::Database;
use super::program::ServiceProcess;
use super::response::Response;
use super::run_log;
use poem_openapi::OpenApi;
use portcullis::config::Settings;
use portcullis::http::router::Product;
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
    // A connection each: which test closes which is then never a question.
    client
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
});

/// The service; it stops with this value.
pub struct App {
    /// The public listener.
    pub address: SocketAddr,
    /// The internal listener.
    pub internal: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl App {
    /// The product over a database.
    pub fn over(database: &Database) -> Self {
        Self::start(&database.settings(&[]))
    }

    /// The product.
    pub fn start(settings: &Settings) -> Self {
        Self::start_with(settings, |product| product)
    }

    /// The product as another process serves it.
    pub fn at(serving: &ServiceProcess) -> Self {
        Self {
            address: serving.address,
            internal: serving.internal,
            stop: None,
            thread: None,
        }
    }

    /// The product with other operations beside it.
    pub fn start_with<T: OpenApi + 'static>(
        settings: &Settings,
        operations: impl FnOnce(Product) -> T + Send + 'static,
    ) -> Self {
        run_log::begin();
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let settings = settings.clone();
        let thread = std::thread::spawn(move || {
            let telemetry = Telemetry::quiet().unwrap();
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let metrics = telemetry.metrics.clone();
                let service = Service::bind_with(&settings, metrics, operations).await.unwrap();
                tell.send((service.address(), service.internal_address()))
                    .unwrap();
                service.run(async { drop(stopped.await) }).await;
            });
            runtime.shutdown_background();
        });
        let (address, internal) = told.recv().unwrap();
        Self {
            address,
            internal,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// A request of any kind.
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

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) {
        self.ask_to_stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Asks it to stop.
    pub fn ask_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// Sends a request.
pub fn send(request: RequestBuilder) -> Response {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    run_log::note_request(&request);
    let received = client.execute(request).unwrap();
    let response = Response {
        status: received.status().as_u16(),
        headers: received.headers().clone(),
        body: received.bytes().unwrap().to_vec(),
    };
    run_log::note_response(&response);
    response
}

/// Asks again and again until a response has this status; how long that took.
pub fn wait_for(status: u16, within: Duration, ask: impl Fn() -> Response) -> Duration {
    let begun = Instant::now();
    loop {
        let response = ask();
        if response.status == status {
            return begun.elapsed();
        }
        assert!(
            begun.elapsed() < within,
            "not {status} within {within:?}: {response:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
