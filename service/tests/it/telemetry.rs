//! OTLP export of logs, traces and metrics, and logs on stdout.

use crate::support::certificate_authority::CertificateAuthority;
use crate::support::database::Database;
use crate::support::otlp_collector::OtlpCollector;
use crate::support::program::{ServiceProcess, run, stderr};
use crate::support::raw_connection::send_request;
use crate::support::run_log;
use crate::support::sample_data::{QUERY, small};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use portcullis::telemetry::logs::Telemetry;
use prost::Message;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use tracing_subscriber::util::SubscriberInitExt;

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn start_with_collector(database: &Database, endpoint: &str) -> ServiceProcess {
    let mut pairs = database.pairs();
    pairs.push(("OTLP_ENDPOINT".into(), endpoint.into()));
    ServiceProcess::start(&pairs)
}

fn get_rates(serving: &ServiceProcess) -> (u16, Duration) {
    let start = Instant::now();
    let request = format!(
        "GET {QUERY} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: otlp-1\r\ntraceparent: 00-{TRACE_ID}-00f067aa0ba902b7-01\r\n\r\n"
    );
    (send_request(serving.address, request).status, start.elapsed())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// J1: A collector receives traces, logs and metrics, joined by the trace id of the request.
#[test]
fn a_collector_receives_traces_logs_and_metrics() {
    let database = Database::with_data(&small());
    let collector = OtlpCollector::start();
    let serving = start_with_collector(&database, &collector.url);
    assert_eq!(get_rates(&serving).0, 200);
    // The shutdown exports what is buffered.
    serving.terminate();
    assert_eq!(serving.wait().0, Some(0));
    let of = |path: &str| {
        let posts = collector.posts(path);
        assert!(!posts.is_empty(), "nothing on {path}");
        posts
    };

    let traces = of("/v1/traces")
        .into_iter()
        .map(|body| ExportTraceServiceRequest::decode(&body[..]).unwrap());
    let resources: Vec<_> = traces.flat_map(|request| request.resource_spans).collect();
    let name = resources[0]
        .resource
        .as_ref()
        .unwrap()
        .attributes
        .iter()
        .find(|one| one.key == "service.name")
        .unwrap();
    assert!(format!("{name:?}").contains("portcullis"));
    let spans: Vec<_> = resources
        .into_iter()
        .flat_map(|one| one.scope_spans)
        .flat_map(|one| one.spans)
        .collect();
    let span = spans
        .iter()
        .find(|span| hex(&span.trace_id) == TRACE_ID)
        .expect("our trace");
    assert_eq!(
        (hex(&span.parent_span_id).as_str(), span.kind),
        ("00f067aa0ba902b7", 2)
    );
    assert!(format!("{:?}", span.attributes).contains("/rates"));

    let logs = of("/v1/logs")
        .into_iter()
        .map(|body| ExportLogsServiceRequest::decode(&body[..]).unwrap());
    let records: Vec<_> = logs
        .flat_map(|request| request.resource_logs)
        .flat_map(|one| one.scope_logs)
        .flat_map(|one| one.log_records)
        .collect();
    let answered = records
        .iter()
        .find(|record| format!("{:?}", record.body).contains("answered"))
        .expect("our log");
    assert_eq!(hex(&answered.trace_id), TRACE_ID);

    let metrics = of("/v1/metrics")
        .into_iter()
        .map(|body| ExportMetricsServiceRequest::decode(&body[..]).unwrap());
    let names: Vec<String> = metrics
        .flat_map(|request| request.resource_metrics)
        .flat_map(|one| one.scope_metrics)
        .flat_map(|one| one.metrics)
        .map(|metric| metric.name)
        .collect();
    for name in [
        "http.server.request.duration",
        "db.pool.wait.duration",
        "db.statements",
    ] {
        assert!(
            names.iter().any(|exported| exported == name),
            "{name} is missing in {names:?}"
        );
    }
}

/// J1: The setting decides which requests are exported, whatever flags and trace ids callers send.
#[test]
fn callers_do_not_decide_what_is_exported() {
    let database = Database::with_data(&small());
    for (ratio, exported, flag) in [("1.0", 6, '1'), ("0.0", 0, '0')] {
        let collector = OtlpCollector::start();
        let mut pairs = database.pairs();
        pairs.push(("OTLP_ENDPOINT".into(), collector.url.clone()));
        pairs.push(("TRACE_RATIO".into(), ratio.into()));
        let serving = ServiceProcess::start(&pairs);
        for trace_id in [
            "00000000000000000000000000000001",
            TRACE_ID,
            "ffffffffffffffffffffffffffffffff",
        ] {
            for sent in ["00", "01"] {
                let request = format!(
                    "GET {QUERY} HTTP/1.1\r\nHost: localhost\r\ntraceparent: 00-{trace_id}-00f067aa0ba902b7-{sent}\r\n\r\n"
                );
                let response = send_request(serving.address, request);
                let returned = response.header("traceparent").to_owned();
                assert!(
                    returned.contains(trace_id) && returned.ends_with(flag),
                    "{sent}: {returned}"
                );
            }
        }
        serving.terminate();
        assert_eq!(serving.wait().0, Some(0));
        let requests = collector
            .posts("/v1/traces")
            .into_iter()
            .map(|body| ExportTraceServiceRequest::decode(&body[..]).unwrap());
        let spans = requests
            .flat_map(|request| request.resource_spans)
            .flat_map(|one| one.scope_spans)
            .flat_map(|one| one.spans)
            .filter(|span| span.name == "/rates");
        assert_eq!(spans.count(), exported, "{ratio}");
    }
}

/// J1: A collector is reached over TLS with a certificate of the configured authority; one that another authority issued
/// gets nothing, and requests are served all the same.
#[test]
fn a_collector_over_tls_needs_a_certificate_of_the_authority() {
    let (trusted, other) = (CertificateAuthority::new(), CertificateAuthority::new());
    let database = Database::not_created();
    for (issuer, receives) in [(&trusted, true), (&other, false)] {
        let collector = OtlpCollector::start_tls(issuer.server("127.0.0.1"));
        let mut pairs = database.pairs();
        pairs.push(("OTLP_ENDPOINT".into(), collector.url.clone()));
        pairs.push(("OTLP_CA_FILE".into(), trusted.file().into()));
        let serving = ServiceProcess::start(&pairs);
        let request = "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n";
        assert_eq!(send_request(serving.address, request).status, 200);
        serving.terminate();
        assert_eq!(serving.wait().0, Some(0));
        for path in ["/v1/traces", "/v1/metrics", "/v1/logs"] {
            assert_eq!(!collector.posts(path).is_empty(), receives, "{path}");
        }
    }
    let mut pairs = database.pairs();
    pairs.push(("OTLP_ENDPOINT".into(), "https://127.0.0.1:1".into()));
    pairs.push(("OTLP_CA_FILE".into(), "/nowhere.pem".into()));
    let output = run(&["serve"], &pairs);
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("PORTCULLIS_OTLP_CA_FILE: cannot read /nowhere.pem"));
}

/// J1: A collector that refuses connections or does not respond delays neither start nor requests, and the shutdown only by its
/// time limit.
#[test]
fn an_unavailable_collector_delays_nothing() {
    let database = Database::with_data(&small());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for endpoint in [
        format!("http://{}", silent.local_addr().unwrap()),
        format!("http://{free}"),
    ] {
        let start = Instant::now();
        let serving = start_with_collector(&database, &endpoint);
        assert!(
            start.elapsed() < Duration::from_secs(3),
            "the start took {:?}",
            start.elapsed()
        );
        get_rates(&serving);
        let slowest = || {
            let times = (0..300).map(|_| get_rates(&serving));
            let times = times.inspect(|(status, _)| assert_eq!(*status, 200));
            times.map(|one| one.1).max().unwrap()
        };
        // A busy machine delays single requests; the collector would delay some of every round.
        let is_undelayed = (0..5).any(|_| slowest() < Duration::from_millis(500));
        assert!(is_undelayed, "{endpoint}");
        let stopped = Instant::now();
        serving.terminate();
        assert_eq!(serving.wait().0, Some(0));
        // One time limit of three seconds for all signals together.
        assert!(
            stopped.elapsed() < Duration::from_secs(8),
            "the shutdown took {:?}",
            stopped.elapsed()
        );
    }
}

/// J1, J2: The log on stdout is JSON, holds the request, and no password.
#[test]
fn the_log_holds_the_request_and_no_password() {
    let database = Database::with_data(&small());
    let mut pairs = database.pairs();
    pairs.push(("LOG".into(), "trace".into()));
    let serving = ServiceProcess::start(&pairs);
    assert_eq!(get_rates(&serving).0, 200);
    let line: serde_json::Value = serde_json::from_str(&serving.wait_for_line("otlp-1")).unwrap();
    assert!(
        line["timestamp"].is_string() && line["level"].is_string(),
        "{line}"
    );
    serving.terminate();
    let (_, log) = serving.wait();
    for (_, password) in crate::support::database::PASSWORDS {
        assert!(!log.iter().any(|line| line.contains(password)));
    }
}

/// J1: A process has one log: a second set-up fails with its reason.
#[test]
fn telemetry_is_set_up_once() {
    run_log::start();
    // Without a folder for it, there is no log of the run.
    let _ = tracing_subscriber::registry().try_init();
    let database = Database::fresh();
    let settings = database.settings(&[]);
    let error = Telemetry::start(&settings.telemetry).map(drop).unwrap_err();
    assert!(error.to_string().starts_with("telemetry: "), "{error}");
}
