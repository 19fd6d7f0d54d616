//! A TCP proxy that records what a server answers.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::spawn;

/// A proxy to one server, for the lifetime of the process.
pub struct RecordingProxy {
    /// Its own address.
    pub address: SocketAddr,
    answers: Arc<Mutex<Vec<u8>>>,
}

impl RecordingProxy {
    /// Starts a proxy on a free port.
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            answers: Arc::default(),
        };
        let answers = Arc::clone(&proxy.answers);
        spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(server) else {
                    continue;
                };
                let (client_end, server_end) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                spawn(move || copy(client, server, |_| {}));
                let answers = Arc::clone(&answers);
                spawn(move || {
                    copy(server_end, client_end, |bytes| {
                        answers.lock().unwrap().extend_from_slice(bytes);
                    })
                });
            }
        });
        proxy
    }

    /// The values of these members in all JSON answers so far.
    pub fn members(&self, names: &[&str]) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.answers.lock().unwrap()).into_owned();
        let values = names.iter().flat_map(|name| {
            let start = format!("\"{name}\":\"");
            text.split(&start)
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
        values.filter(|value| !value.is_empty()).collect()
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, mut each: impl FnMut(&[u8])) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        each(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
