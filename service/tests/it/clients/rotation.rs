//! Rotating the secret and the key of a client while it is in use.

use crate::support::admin_client::AdminClient;
use crate::support::app::{App, send};
use crate::support::client_key::ClientKey;
use crate::support::machine_client::{MachineClient, access_token, post_token};
use crate::support::response::Response;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{ScopedJoinHandle, scope};
use std::time::Duration;

/// Requests for tokens in a test, each followed by a use of the token.
const REQUESTS: usize = 1000;

/// Clients that work at the same time.
const WORKERS: usize = 4;

/// Requests tokens at two instances and uses each of them at the other one, while `rotate` runs after a third of the requests and
/// `finish` after two thirds. None may be refused.
fn work_through(
    apps: [&App; 2],
    request: impl Fn(&App) -> Response + Sync,
    rotate: impl FnOnce(),
    finish: impl FnOnce(),
) {
    let (started, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                scope.spawn(|| {
                    while started.fetch_add(1, Ordering::SeqCst) < REQUESTS {
                        let number = done.load(Ordering::SeqCst);
                        let (from, to) = (apps[number % 2], apps[(number + 1) % 2]);
                        let token = access_token(&request(from));
                        let used = to.request("POST", "/introspect").bearer_auth(&token);
                        let used = used.header("content-type", "application/x-www-form-urlencoded");
                        let response = send(used.body("token=x"));
                        assert_eq!(response.status, 200, "{response:?}");
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        // A worker that fails ends the wait, and the test.
        let wait_for = |count: usize| {
            while done.load(Ordering::SeqCst) < count && !workers.iter().any(ScopedJoinHandle::is_finished) {
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        wait_for(REQUESTS / 3);
        rotate();
        wait_for(REQUESTS * 2 / 3);
        finish();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
    assert_eq!(done.load(Ordering::SeqCst), REQUESTS);
}

/// F8: 1,000 token requests and uses across a rotation of the secret: none is refused.
#[test]
fn a_rotation_of_the_secret_refuses_no_request() {
    let admin = AdminClient::fresh();
    let there = App::over(&admin.database);
    let client = MachineClient::create(&admin, "rates:write tokens:introspect");
    let secret = RwLock::new(client.secret.clone());
    let request = |app: &App| {
        let secret = secret.read().unwrap().clone();
        post_token(app, Some((&client.id, &secret)), "grant_type=client_credentials")
    };
    work_through(
        [&admin.app, &there],
        request,
        || {
            let (_, new) = client.add_secret(&admin);
            *secret.write().unwrap() = new;
        },
        || {
            // No request with the old secret is under way any more: each worker has completed one with the new secret.
            let path = format!("{}/secrets/{}", client.path(), client.secret_id);
            assert_eq!(send(admin.request("DELETE", &path)).status, 204);
        },
    );
    assert_eq!(client.request_token(&there).status, 401, "the old secret");
}

/// F8: 1,000 token requests and uses across a rotation of the key: none is refused.
#[test]
fn a_rotation_of_the_key_refuses_no_request() {
    let admin = AdminClient::fresh();
    let there = App::over(&admin.database);
    let client = MachineClient::create(&admin, "rates:write tokens:introspect");
    let (old, new) = (ClientKey::random(), ClientKey::random());
    let old_id = old.add_to(&admin, &client.id);
    let is_new = RwLock::new(false);
    let request = |app: &App| {
        let key = if *is_new.read().unwrap() { &new } else { &old };
        key.request_token(app, &client.id)
    };
    work_through(
        [&admin.app, &there],
        request,
        || {
            new.add_to(&admin, &client.id);
            *is_new.write().unwrap() = true;
        },
        || {
            let path = format!("{}/keys/{old_id}", client.path());
            assert_eq!(send(admin.request("DELETE", &path)).status, 204);
        },
    );
    assert_eq!(old.request_token(&there, &client.id).status, 401, "the old key");
}
