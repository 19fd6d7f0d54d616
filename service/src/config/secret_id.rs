//! Where the SecretID of an AppRole comes from.

use super::secret::SecretSource;

/// A SecretID, or the wrapping token of one. Settings are named without the prefix: the access broker has others than the
/// service.
#[derive(Clone, Debug)]
pub enum SecretIdSource {
    /// The SecretID itself.
    Plain {
        /// Its setting.
        setting: &'static str,
        /// The SecretID.
        secret_id: SecretSource,
    },
    /// Its wrapping token.
    Wrapped {
        /// Its setting.
        setting: &'static str,
        /// The wrapping token.
        token: SecretSource,
        /// The setting of the AppRole's name.
        role_setting: &'static str,
        /// The name of the AppRole, under which the SecretID was created.
        role: String,
    },
}

impl SecretIdSource {
    /// The secret, with the name of its setting.
    pub fn secret(&self) -> (&'static str, &SecretSource) {
        match self {
            Self::Plain { setting, secret_id } => (*setting, secret_id),
            Self::Wrapped { setting, token, .. } => (*setting, token),
        }
    }
}
