//! Reads `PORTCULLIS_*` from the environment and from a settings file. Unknown settings are errors.

use super::platform_variables::PLATFORM_VARIABLES;
use super::secret::SecretSource;
use super::setting_names::{PREFIX, SETTINGS, Setting};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// An invalid setting. Names the setting, never its value.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct ConfigError {
    name: String,
    reason: Cow<'static, str>,
}

impl ConfigError {
    /// An error in the setting `key`, named without the prefix.
    pub fn new(key: &str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::of_variable(&format!("{PREFIX}{key}"), reason)
    }

    /// An error in a variable that the platform sets, named as it is.
    pub fn of_variable(name: &str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.to_owned(),
            reason: reason.into(),
        }
    }
}

/// The settings as text. Implements no `Debug`, because some are secrets.
pub struct Source {
    given: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    file_with_secrets: Option<PathBuf>,
    secrets_in_environment: Vec<&'static str>,
}

/// The user that called sudo, which sets this variable.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one file that reads the environment"
)]
pub(super) fn sudo_user() -> Option<String> {
    let name = std::env::var_os("SUDO_USER")?;
    Some(name.to_string_lossy().into_owned()).filter(|name| !name.is_empty())
}

impl Source {
    /// Reads the environment and the settings file. Environment variables take precedence.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one file that reads the environment"
    )]
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            name.starts_with(PREFIX).then_some((name, value))
        });
        let mut pairs = Vec::new();
        for (name, value) in environment {
            let value = value
                .into_string()
                .map_err(|_| ConfigError::new(&name[PREFIX.len()..], "is not UTF-8"))?;
            pairs.push((name[PREFIX.len()..].to_owned(), value));
        }
        let mut source = Self::of(file.map_or(Ok(Vec::new()), read_file)?)?;
        let has_secret = SETTINGS
            .iter()
            .any(|setting| setting.secret && source.given.contains_key(setting.name));
        source.file_with_secrets = file.filter(|_| has_secret).map(Path::to_owned);
        source.secrets_in_environment = SETTINGS
            .iter()
            .filter(|setting| setting.secret && pairs.iter().any(|(name, _)| name == setting.name))
            .map(|setting| setting.name)
            .collect();
        source.given.extend(Self::of(pairs)?.given);
        let variables = PLATFORM_VARIABLES.iter().filter_map(|(name, _)| {
            let value = std::env::var_os(name)?.into_string();
            Some(((*name).to_owned(), value.unwrap_or_default()))
        });
        Ok(source.with_variables(variables))
    }

    /// A source of name-value pairs, the names without the prefix.
    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut given = BTreeMap::new();
        for (name, value) in pairs {
            if !is_known(&name) {
                return Err(ConfigError::new(&name, "no such setting"));
            }
            given.insert(name, value);
        }
        Ok(Self {
            given,
            variables: BTreeMap::new(),
            file_with_secrets: None,
            secrets_in_environment: Vec::new(),
        })
    }

    /// Adds the variables that the platform sets, see [`PLATFORM_VARIABLES`].
    #[must_use]
    pub fn with_variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.variables.extend(variables);
        self
    }

    /// A variable that the platform sets. `None`: it is not set, or empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// The settings file, if it holds the value of a secret.
    pub fn file_with_secrets(&self) -> Option<&Path> {
        self.file_with_secrets.as_deref()
    }

    /// Whether a setting, or the file of a secret, is given and not empty.
    pub fn is_given(&self, name: &str) -> bool {
        let file = format!("{name}_FILE");
        let given = [name, file.as_str()].map(|name| self.given.get(name));
        given.into_iter().flatten().any(|value| !value.trim().is_empty())
    }

    /// The secrets whose values are in the environment.
    pub fn secrets_in_environment(&self) -> &[&'static str] {
        &self.secrets_in_environment
    }

    /// The value of a setting, or its default.
    pub fn text(&self, name: &str) -> Result<String, ConfigError> {
        let default = || {
            SETTINGS
                .iter()
                .find(|key| key.name == name)
                .and_then(|key| key.default)
        };
        match self.given.get(name) {
            Some(value) => Ok(value.trim().to_owned()),
            None => default()
                .map(str::to_owned)
                .ok_or_else(|| ConfigError::new(name, "is not set")),
        }
    }

    /// A value that must not be empty.
    pub fn non_empty(&self, name: &str) -> Result<String, ConfigError> {
        let text = self.text(name)?;
        if text.is_empty() || text.contains('\0') {
            return Err(ConfigError::new(name, "must not be empty"));
        }
        Ok(text)
    }

    /// A number within an inclusive range.
    pub fn number<T>(&self, name: &str, range: std::ops::RangeInclusive<T>) -> Result<T, ConfigError>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        let number = self
            .text(name)?
            .parse::<T>()
            .ok()
            .filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let reason = format!("must be a number from {} to {}", range.start(), range.end());
            ConfigError::new(name, reason)
        })
    }

    /// `on` or `off`.
    pub fn switch(&self, name: &str) -> Result<bool, ConfigError> {
        match self.text(name)?.as_str() {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(ConfigError::new(name, "must be on or off")),
        }
    }

    /// A value that parses as `T`. `expected` is the error message.
    pub fn parsed<T: FromStr>(&self, name: &str, expected: &'static str) -> Result<T, ConfigError> {
        self.text(name)?
            .parse()
            .map_err(|_| ConfigError::new(name, expected))
    }

    /// A comma-separated list. Empty items are dropped.
    pub fn list(&self, name: &str) -> Result<Vec<String>, ConfigError> {
        let text = self.text(name)?;
        Ok(text
            .split(',')
            .map(str::trim)
            .filter(|s| !s.is_empty())
            .map(str::to_owned)
            .collect())
    }

    /// The source of a secret: `NAME` or `NAME_FILE`, but not both. `None`: neither is set.
    pub fn secret(&self, name: &str) -> Result<Option<SecretSource>, ConfigError> {
        let file = format!("{name}_FILE");
        match (self.given.get(name), self.given.get(&file)) {
            (Some(_), Some(_)) => Err(ConfigError::new(
                &file,
                format!("cannot be combined with {PREFIX}{name}"),
            )),
            (Some(value), None) if value.is_empty() => Err(ConfigError::new(name, "must not be empty")),
            (Some(value), None) => Ok(Some(SecretSource::Value(value.clone().into()))),
            (None, Some(path)) => Ok(Some(SecretSource::File(path.into()))),
            (None, None) => Ok(None),
        }
    }
}

fn is_known(name: &str) -> bool {
    let file_of = name.strip_suffix("_FILE");
    SETTINGS.iter().any(
        |Setting {
             name: known, secret, ..
         }| *known == name || (*secret && file_of == Some(known)),
    )
}

/// Reads a flat TOML file with keys in lower case: `listen = "0.0.0.0:3000"`.
fn read_file(path: &Path) -> Result<Vec<(String, String)>, ConfigError> {
    let invalid =
        |reason: String| ConfigError::new("(settings file)", format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| invalid(error.to_string()))?;
    // The parser's message would quote the line, which may contain a secret.
    let table: toml::Table = text.parse().map_err(|_| invalid("is not TOML".into()))?;
    table
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Float(number) => number.to_string(),
                _ => {
                    return Err(ConfigError::new(
                        &name.to_uppercase(),
                        "must be a string or a number",
                    ));
                }
            };
            if name.chars().any(char::is_uppercase) {
                return Err(ConfigError::new(
                    &name,
                    "must be in lower case in a settings file",
                ));
            }
            Ok((name.to_uppercase(), value))
        })
        .collect()
}
