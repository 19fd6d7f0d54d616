//! What happens without a request: tokens expire, leases are revoked, static passwords change.

use std::time::Duration;

use crate::core::credentials;
use crate::core::static_credentials;
use crate::core::vault::Vault;

/// The longest time between two passes.
const PASS_INTERVAL: Duration = Duration::from_millis(50);

/// Runs passes until the task is dropped.
pub(crate) async fn run(vault: &Vault) {
    loop {
        sweep(vault).await;
        let _woken_or_not = tokio::time::timeout(PASS_INTERVAL, vault.wake.notified()).await;
    }
}

/// One pass: everything that is over by now has ended when this returns, except what failed.
pub(crate) async fn sweep(vault: &Vault) {
    let _one_at_a_time = vault.pass.lock().await;
    pass(vault).await;
    if let Err(error) = vault.save() {
        eprintln!("fake-vault: {error:#}");
    }
}

async fn pass(vault: &Vault) {
    let now = vault.now();
    let (due, mounts) = {
        let mut state = vault.state();
        if state.seal.is_sealed {
            return;
        }
        let ended = state.tokens.expire(now);
        state.leases.end_of_tokens(&ended, now);
        let mounts: Vec<String> = state.mounts.iter().map(|(path, _)| path.clone()).collect();
        (state.leases.due(now), mounts)
    };
    for lease in due {
        if let Err(error) = credentials::revoke(vault, &lease).await {
            let text = error.text().to_owned();
            vault.state().leases.failed(&lease.id, text, now);
        }
    }
    for mount in mounts {
        static_credentials::rotate_due(vault, &mount).await;
    }
}
