//! `portcullis healthcheck`: checks whether the running service is ready, for container images without a shell.

use super::exit::fail;
use crate::config::Settings;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

/// The PROXY protocol header of a connection that forwards no client's bytes.
const PROXY_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// Exit 0 if ready, 1 if not.
pub fn run(settings: &Settings) -> ExitCode {
    let host = settings.server.hosts.first().cloned().unwrap_or_default();
    let local = settings.server.proxies.proxy_protocol().map(|_| PROXY_LOCAL);
    match request_status(
        reachable(settings.server.listen),
        local.unwrap_or_default(),
        &host,
    ) {
        Ok(status) if status.contains(" 200 ") => ExitCode::SUCCESS,
        Ok(status) => fail(1, &format!("not ready: {status}")),
        Err(error) => fail(1, &format!("no response: {error}")),
    }
}

/// The status line of `/health/ready`. One hand-written request does not justify an HTTP client as a dependency.
fn request_status(address: SocketAddr, preface: &[u8], host: &str) -> std::io::Result<String> {
    let limit = Some(Duration::from_secs(5));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
    stream.set_read_timeout(limit)?;
    stream.set_write_timeout(limit)?;
    stream.write_all(preface)?;
    write!(
        stream,
        "GET /health/ready HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let mut response = String::new();
    stream.take(4096).read_to_string(&mut response)?;
    Ok(response.lines().next().unwrap_or_default().to_owned())
}

/// An unspecified listen address is replaced by the loopback address.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
