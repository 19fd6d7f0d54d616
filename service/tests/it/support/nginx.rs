//! The machine's nginx with the configuration of `compose/nginx/`, in front of services of a test.

use super::certificate_authority::CertificateAuthority;
use super::environment;
use super::program::BackgroundTool;
use super::tls_connection::TlsConnection;
use private_postgres::account::Account;
use rustls::SupportedProtocolVersion;
use serde_json::Value;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The configuration.
pub const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../compose/nginx/nginx.conf");

/// A running nginx; dropping it kills the process.
pub struct Nginx {
    _process: BackgroundTool,
    folder: TempDir,
    authority: CertificateAuthority,
    /// The listener with TLS, HTTP/1.1 and HTTP/2.
    pub tls: SocketAddr,
    /// A listener without TLS, for clients that have none.
    pub plain: SocketAddr,
}

impl Nginx {
    /// Starts it in front of these two services; `None` when it is not installed.
    pub fn in_front_of(services: [SocketAddr; 2]) -> Option<Self> {
        let program = program()?;
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let authority = CertificateAuthority::new();
        let (certificate, key) = authority.certificate("localhost");
        fs::write(file("certificate"), certificate).unwrap();
        fs::write(file("key"), key).unwrap();
        let (tls, plain) = (free_address(), free_address());
        let mut text = fs::read_to_string(CONFIGURATION).unwrap();
        for (deployed, here) in [
            ("/tmp/", file("")),
            ("/run/secrets/nginx_certificate", file("certificate")),
            ("/run/secrets/nginx_key", file("key")),
            ("/dev/stdout", file("access.log")),
            ("portcullis-1:3000", services[0].to_string()),
            ("portcullis-2:3000", services[1].to_string()),
            (
                "listen 8443 ssl http2;",
                format!("listen {tls} ssl http2; listen {plain};"),
            ),
        ] {
            assert!(text.contains(deployed), "{deployed}");
            text = text.replace(deployed, &here);
        }
        fs::write(file("nginx.conf"), text).unwrap();
        // One process, so that its end is the end of nginx; as this user, who may be root.
        let account = Account {
            uid: 0,
            gid: 0,
            switch: false,
        };
        let (prefix, configuration) = (file(""), file("nginx.conf"));
        let arguments = ["-e", "stderr", "-p", &prefix, "-c", &configuration];
        let arguments = [&arguments[..], &["-g", "daemon off; master_process off;"]].concat();
        let process = BackgroundTool::start_as(account, &program, &arguments, &[]);
        let start = Instant::now();
        while TcpStream::connect(tls).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self {
            _process: process,
            folder,
            authority,
            tls,
            plain,
        })
    }

    /// Connects with TLS from this address of the machine, and offers one protocol.
    pub fn connect(&self, from: Ipv4Addr, protocol: &str) -> TlsConnection {
        self.connect_with(from, protocol, rustls::ALL_VERSIONS)
    }

    /// The same with these versions of TLS only.
    pub fn connect_with(
        &self,
        from: Ipv4Addr,
        protocol: &str,
        versions: &[&'static SupportedProtocolVersion],
    ) -> TlsConnection {
        TlsConnection::connect(self.tls, from, "localhost", &self.authority, protocol, versions)
    }

    /// Its access log.
    pub fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("access.log")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
            .collect()
    }
}

/// Debian puts it where only root looks.
fn program() -> Option<PathBuf> {
    let path = environment::path().unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let mut files = folders.map(|folder| folder.join("nginx"));
    files.find(|file| Path::new(file).is_file())
}

fn free_address() -> SocketAddr {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap()
}
