//! Ports on the loopback: is one free, and which to take instead; never keeps one.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result, bail};

/// Where the service listens unless told otherwise.
pub const PUBLIC: u16 = 3000;

/// Where its internal listener does.
pub const INTERNAL: u16 = 9464;

/// Fails in one line when somebody else has this port.
pub fn ensure_free(port: u16) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_listener) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("port {port} on 127.0.0.1 is in use by another program: choose one with `--port`")
        }
        Err(error) => bail!("cannot listen on port {port} of 127.0.0.1 ({error}): choose one with `--port`"),
    }
}

/// A port that nobody has right now.
pub fn any_free() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// The internal listener's port. It moves with the public one, so that two copies can run side by side, and gives way
/// to whoever has it already.
pub fn internal(public: u16) -> Result<u16> {
    match public.checked_add(INTERNAL - PUBLIC) {
        Some(beside) if ensure_free(beside).is_ok() => Ok(beside),
        _ => any_free(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_the_way_out() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        let error = ensure_free(port).unwrap_err().to_string();
        assert!(
            error.contains(&format!("port {port} ")) && error.contains("--port"),
            "{error}"
        );
        drop(holder);
        ensure_free(port).unwrap();
    }

    #[test]
    fn the_internal_port_gives_way() {
        let wanted = (20_000..50_000)
            .find(|port| ensure_free(port + 6464).is_ok())
            .unwrap();
        assert_eq!(internal(wanted).unwrap(), wanted + 6464);
        let _holder = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted + 6464)).unwrap();
        assert_ne!(internal(wanted).unwrap(), wanted + 6464);
        assert_ne!(
            internal(65_000).unwrap(),
            0,
            "beyond the last port there is still a free one"
        );
    }
}
