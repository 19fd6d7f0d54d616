//! HTTP/2 frames that cost the client nothing.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::raw_connection::RawConnection;
use reqwest::blocking::Client;
use std::time::Duration;

/// What a connection starts with, and the client's empty SETTINGS.
const START: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

fn frame(kind: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, 0, 0, 0, 0, stream], payload].concat()
}

/// O13: A connection that is flooded with frames that carry no request is closed at once; ordinary clients are served.
#[test]
fn floods_of_control_frames_close_the_connection() {
    let settings = Database::not_created().settings(&[("CLIENT_TIMEOUT", "60")]);
    let app = App::start(&settings);
    for (name, frame) in [
        ("PRIORITY", frame(2, 1, &[0; 5])),
        ("SETTINGS", frame(4, 0, &[])),
        ("PING", frame(6, 0, &[0; 8])),
        ("unknown", frame(0xfa, 0, &[])),
    ] {
        let mut raw = RawConnection::connect(app.address);
        raw.send(START);
        let sent = (0..50).take_while(|_| raw.send(frame.repeat(100))).count();
        // Neither the 60 s of the setting nor the end of the flood.
        assert!(
            raw.wait_until_closed() < Duration::from_secs(10),
            "{name}: {sent}"
        );
    }
    let mut few = RawConnection::connect(app.address);
    few.send([START, &frame(6, 0, &[0; 8]).repeat(50)].concat());
    few.0.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut buffer = vec![0; 65_536];
    let answered = std::io::Read::read(&mut few.0, &mut buffer).unwrap();
    assert!(answered > 0);
    let client = Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    for _ in 0..200 {
        let response = client
            .get(format!("http://{}/version", app.address))
            .send()
            .unwrap();
        assert_eq!(response.status(), 200);
    }
}
