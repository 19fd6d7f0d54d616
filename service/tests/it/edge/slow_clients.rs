//! Slow clients: whoever dawdles is sent away, and keeps nobody out meanwhile.
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::raw_connection::RawConnection;
use crate::support::test_api::TestApi;
use std::io::Read;
use std::thread::sleep;
use std::time::{Duration, Instant};

const HALF_HEAD: &str = "GET /version HTTP/1.1\r\nHost: localhost\r\nX-Half: ";
const HALF_BODY: &str = "POST /extra/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n[1,";

fn app(more: &[(&str, &str)]) -> App {
    App::start_with(&Database::unmade().settings(more), |product| (product, TestApi))
}

fn impatient() -> App {
    app(&[("CLIENT_TIMEOUT", "1")])
}

/// O4: with the settings as they are delivered.
#[test]
fn by_default_half_a_head_half_a_body_and_silence_end_within_ten_seconds() {
    let app = app(&[]);
    let mut clients: Vec<RawConnection> = ["", HALF_HEAD, HALF_BODY, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
        .map(|text| {
            let mut raw = RawConnection::to(app.address);
            raw.send(text);
            raw
        })
        .into();
    let begun = Instant::now();
    for raw in &mut clients {
        raw.until_closed();
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
    assert!(
        begun.elapsed() > Duration::from_secs(6),
        "patience is a setting: {:?}",
        begun.elapsed()
    );
}

/// O4
#[test]
fn a_head_that_drips_in_is_cut_off() {
    let app = impatient();
    let mut raw = RawConnection::to(app.address);
    raw.send(HALF_HEAD);
    let begun = Instant::now();
    while raw.send("x") && begun.elapsed() < Duration::from_secs(8) {
        sleep(Duration::from_millis(100));
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

/// O4: also behind a request that was in order, where bytes keep moving.
#[test]
fn a_second_head_that_drips_in_is_cut_off() {
    let app = impatient();
    let mut raw = RawConnection::to(app.address);
    raw.send("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(raw.response().unwrap().status, 200);
    raw.send(HALF_HEAD);
    let begun = Instant::now();
    while raw.send("x") && begun.elapsed() < Duration::from_secs(8) {
        sleep(Duration::from_millis(100));
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

/// O4: told why, as far as it still listens.
#[test]
fn a_body_that_drips_in_is_answered_408_and_cut_off() {
    let app = impatient();
    let mut raw = RawConnection::to(app.address);
    raw.send(HALF_BODY);
    let mut writer = RawConnection(raw.0.try_clone().unwrap());
    let drip = std::thread::spawn(move || {
        for _ in 0..40 {
            if !writer.send("1,") {
                break;
            }
            sleep(Duration::from_millis(100));
        }
    });
    let begun = Instant::now();
    raw.response().unwrap().problem(408);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    raw.until_closed();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    drip.join().unwrap();
}

/// O4
#[test]
fn silence_after_an_answer_ends_too() {
    let app = impatient();
    let mut raw = RawConnection::to(app.address);
    for _ in 0..2 {
        raw.send("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(raw.response().unwrap().status, 200);
        sleep(Duration::from_millis(300));
    }
    let waited = raw.until_closed();
    assert!(waited < Duration::from_secs(3), "{waited:?}");
}

/// O4: asks for much and takes nothing.
#[test]
fn a_reader_that_stalls_is_cut_off() {
    let app = impatient();
    let mut raw = RawConnection::to(app.address);
    raw.send("GET /extra/large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    sleep(Duration::from_millis(3_500));
    // What the two kernels held between them is still there, and then the end.
    let mut taken = 0;
    let mut buffer = vec![0; 65_536];
    loop {
        match raw.0.read(&mut buffer) {
            Ok(count @ 1..) => taken += count,
            Ok(0) => break,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            other => panic!("the connection is still open: {other:?}"),
        }
    }
    assert!(taken < 7_900_000, "everything was still there: {taken}");
}

/// O4: a reader that is only slow gets everything.
#[test]
fn a_reader_that_moves_is_served_to_the_end() {
    let app = impatient();
    let mut raw = RawConnection::to(app.address);
    raw.send("GET /extra/large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut buffer = vec![0; 400_000];
    let mut taken = 0;
    while let Ok(count @ 1..) = raw.0.read(&mut buffer) {
        taken += count;
        sleep(Duration::from_millis(40));
    }
    assert!(taken > 8_000_000, "{taken}");
}

/// O4
#[test]
fn silent_connections_keep_nobody_out() {
    let app = app(&[("MAX_CONNECTIONS", "32"), ("CLIENT_TIMEOUT", "60")]);
    let silent: Vec<RawConnection> = (0..64)
        .map(|number| {
            let mut raw = RawConnection::to(app.address);
            raw.send(if number % 2 == 0 { "" } else { HALF_HEAD });
            raw
        })
        .collect();
    for _ in 0..5 {
        let begun = Instant::now();
        assert_eq!(app.get("/version").status, 200);
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    let page = app.get_internal("/metrics");
    let evicted = page
        .text()
        .lines()
        .find(|line| line.starts_with("http_server_refused_connections") && line.contains("no room"));
    assert!(evicted.is_some(), "{}", page.text());
    drop(silent);
}

/// O4: nor do those that have asked once and then keep their connections.
#[test]
fn idle_connections_keep_nobody_out() {
    let app = app(&[("MAX_CONNECTIONS", "32"), ("CLIENT_TIMEOUT", "60")]);
    let idle: Vec<RawConnection> = (0..64)
        .map(|_| {
            let mut raw = RawConnection::to(app.address);
            raw.send("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assert_eq!(raw.response().unwrap().status, 200);
            raw
        })
        .collect();
    let begun = Instant::now();
    assert_eq!(app.get("/version").status, 200);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(idle);
}

/// O4: under an attack that goes on, everybody else is served.
#[test]
fn a_slow_attack_leaves_others_alone() {
    let app = app(&[("MAX_CONNECTIONS", "64"), ("CLIENT_TIMEOUT", "2")]);
    let address = app.address;
    let end = Instant::now() + Duration::from_secs(3);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                let mut held = Vec::new();
                while Instant::now() < end {
                    let mut raw = RawConnection::to(address);
                    raw.send(HALF_HEAD);
                    held.push(raw);
                    if held.len() > 40 {
                        held.remove(0);
                    }
                    sleep(Duration::from_millis(2));
                }
            });
        }
        let mut responses = 0;
        while Instant::now() < end {
            let begun = Instant::now();
            assert_eq!(app.get("/version").status, 200);
            assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
            responses += 1;
        }
        assert!(responses > 20, "{responses}");
    });
}
