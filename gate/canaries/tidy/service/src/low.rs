//! Uses a module below it.

use crate::high::Top;

/// Exposes a secret in a file that is not listed.
pub fn low(top: &Top, secret: &Secret) {
    top.print(secret.expose_secret());
}
