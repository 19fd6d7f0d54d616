//! One setting, as the table describes it.

/// Prefix of every environment variable.
pub const PREFIX: &str = "PORTCULLIS_";

/// One setting: the environment variable `PORTCULLIS_<name>`, or the key `<name>` in lower case of a settings file.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Name without the prefix.
    pub name: &'static str,
    /// Default value. `None`: the setting has none.
    pub default: Option<&'static str>,
    /// Whether it is a secret, which `<name>_FILE` can name a file for.
    pub secret: bool,
    /// Description, with unit and range, as the documentation shows it.
    pub doc: &'static str,
}

/// A setting with a default.
pub(super) const fn setting(name: &'static str, default: &'static str, doc: &'static str) -> Setting {
    Setting {
        name,
        default: Some(default),
        secret: false,
        doc,
    }
}

/// A secret.
pub(super) const fn secret(name: &'static str, doc: &'static str) -> Setting {
    Setting {
        name,
        default: None,
        secret: true,
        doc,
    }
}
