//! What the service relies on, as calls to any server: this one, and a real OpenBao or Vault when `VAULT_ADDR` names it and
//! `VAULT_TOKEN` may configure it (`cargo xtask test --vault URL`). Texts are compared only where the service decides by them.

mod answers;
mod checks;
mod lease_checks;
mod target;

use fake_vault::{FakeVault, Options};

use target::Target;

#[test]
fn the_fake_keeps_the_contract() {
    let server = FakeVault::start(&Options::default()).unwrap();
    server.stop_clock();
    let (address, token) = (server.address(), server.root_token().to_owned());
    let wait = |duration| server.advance(duration);
    run(Target::new(address, token, &wait));
}

/// Its mounts and policies have names of this run and are removed at its end.
#[test]
#[ignore = "needs a real server: VAULT_ADDR and VAULT_TOKEN"]
fn a_real_server_keeps_the_contract() {
    let (address, token) = target::from_environment();
    let wait = |duration| std::thread::sleep(duration);
    run(Target::new(address, token, &wait));
}

fn run(mut target: Target<'_>) {
    target.set_up();
    let token = checks::login(&mut target);
    checks::wrapping(&mut target);
    checks::token(&mut target, &token);
    lease_checks::leases(&mut target, &token);
    lease_checks::failed_revocation(&mut target, &token);
    checks::kv(&mut target, &token);
    checks::end_of_token(&mut target, &token);
    target.tear_down();
    assert!(target.failures.is_empty(), "{}", target.failures.join("\n"));
}
