//! Free ports on 127.0.0.1.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result, bail};

/// The service's default port.
pub const PUBLIC: u16 = 3000;

/// The default port of its internal listener.
pub const INTERNAL: u16 = 9464;

/// Fails when the port is in use, and names the option that chooses another.
pub fn ensure_free(port: u16, option: &str) -> Result<()> {
    let Err(error) = bind(port) else {
        return Ok(());
    };
    if error.kind() == ErrorKind::AddrInUse {
        bail!("port {port} on 127.0.0.1 is in use by another program: choose one with `{option}`")
    }
    bail!("cannot listen on port {port} of 127.0.0.1 ({error}): choose one with `{option}`")
}

fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

/// A port that is free now.
pub fn any_free() -> Result<u16> {
    let listener = bind(0).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// The internal listener's port: at a fixed distance from the public one, so that two copies can run at the same time, or any
/// free one if that is in use.
pub fn internal(public: u16) -> Result<u16> {
    match public.checked_add(INTERNAL - PUBLIC) {
        Some(beside) if bind(beside).is_ok() => Ok(beside),
        _ => any_free(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_the_option_to_change_it() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        let error = ensure_free(port, "--mailpit-port").unwrap_err().to_string();
        assert!(
            error.contains(&format!("port {port} ")) && error.contains("`--mailpit-port`"),
            "{error}"
        );
        drop(holder);
        ensure_free(port, "--port").unwrap();
    }

    #[test]
    fn a_busy_internal_port_is_replaced() {
        let wanted = (20_000..50_000)
            .find(|port| ensure_free(port + 6464, "--port").is_ok())
            .unwrap();
        assert_eq!(internal(wanted).unwrap(), wanted + 6464);
        let _holder = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted + 6464)).unwrap();
        assert_ne!(internal(wanted).unwrap(), wanted + 6464);
        assert_ne!(
            internal(65_000).unwrap(),
            0,
            "a free port is found although the fixed distance leads beyond the last port"
        );
    }
}
