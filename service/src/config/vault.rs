//! Settings of the Vault server and of the login to it.

use super::cleartext::is_protected;
use super::secret::SecretSource;
use super::secret_id::SecretIdSource;
use super::source::{ConfigError, Source};
use super::vault_setting_names::VAULT_SETTINGS;
use std::path::PathBuf;

/// Where Kubernetes mounts the token of a pod's service account.
const KUBERNETES_JWT_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// The server, the login, and where the service's secrets are.
#[derive(Clone, Debug)]
pub struct VaultSettings {
    /// URL without a path and a trailing slash.
    pub address: String,
    /// PEM file with the only trusted authorities. `None`: the operating system's authorities.
    pub ca_file: Option<PathBuf>,
    /// How the service logs in.
    pub auth: VaultAuth,
    /// Where the login method is mounted, without `auth/`.
    pub auth_mount: String,
    /// Where the database engine is mounted.
    pub database_mount: String,
    /// What the names of its roles begin with.
    pub database_role_prefix: String,
    /// Where the KV engine is mounted.
    pub kv_mount: String,
    /// What the paths of documents begin with.
    pub kv_prefix: String,
}

/// A login method.
#[derive(Clone, Debug)]
pub enum VaultAuth {
    /// RoleID and SecretID.
    AppRole {
        /// The RoleID.
        role_id: String,
        /// The SecretID.
        secret_id: SecretIdSource,
    },
    /// The token of a Kubernetes service account.
    Kubernetes(JwtLogin),
    /// A token of another issuer.
    Jwt(JwtLogin),
}

/// A login with a token that another system issues.
#[derive(Clone, Debug)]
pub struct JwtLogin {
    /// Role of the login.
    pub role: String,
    /// File with the token.
    pub file: PathBuf,
}

impl VaultSettings {
    /// Parses the settings. `None`: there is no Vault.
    pub fn parse(source: &Source) -> Result<Option<Self>, ConfigError> {
        // Parsed even if unused, so that a mistake shows at the first start and not when Vault is switched on.
        let ca_file = source.non_empty("VAULT_CA_FILE")?;
        let method = source.text("VAULT_AUTH")?;
        if !["approle", "kubernetes", "jwt"].contains(&method.as_str()) {
            return Err(ConfigError::new(
                "VAULT_AUTH",
                "must be approle, kubernetes or jwt",
            ));
        }
        let auth_mount = match path(source, "VAULT_AUTH_MOUNT")?.trim_end_matches('/') {
            "" => method.clone(),
            mount => mount.to_owned(),
        };
        let database_mount = mount_path(source, "VAULT_DATABASE_MOUNT")?;
        let database_role_prefix = role_prefix(source)?;
        let kv_mount = mount_path(source, "VAULT_KV_MOUNT")?;
        let kv_prefix = path(source, "VAULT_KV_PREFIX")?;
        let address = address(source)?;
        let auth = auth(source, &method)?;
        let Some(address) = address else {
            return match VAULT_SETTINGS
                .iter()
                .find(|setting| source.is_given(setting.name))
            {
                Some(unused) => Err(ConfigError::new(unused.name, "requires VAULT_ADDRESS")),
                None => Ok(None),
            };
        };
        Ok(Some(Self {
            address,
            ca_file: (ca_file != "system").then(|| ca_file.into()),
            auth: auth.complete()?,
            auth_mount,
            database_mount,
            database_role_prefix,
            kv_mount,
            kv_prefix,
        }))
    }

    /// The secret of the login, with the name of its setting.
    pub fn secret(&self) -> (&'static str, Option<&SecretSource>) {
        match &self.auth {
            VaultAuth::AppRole { secret_id, .. } => {
                let (setting, secret) = secret_id.secret();
                (setting, Some(secret))
            }
            // A token that expires within the hour, in a file that the platform writes.
            VaultAuth::Kubernetes(_) | VaultAuth::Jwt(_) => ("VAULT_JWT_FILE", None),
        }
    }
}

/// A login whose required settings may be missing.
enum Auth {
    Complete(VaultAuth),
    Lacks(&'static str),
}

impl Auth {
    fn complete(self) -> Result<VaultAuth, ConfigError> {
        match self {
            Self::Complete(auth) => Ok(auth),
            Self::Lacks(name) => Err(ConfigError::new(name, "is not set")),
        }
    }
}

fn auth(source: &Source, method: &str) -> Result<Auth, ConfigError> {
    let role_id = source.text("VAULT_ROLE_ID")?;
    let secret_id = source.secret("VAULT_SECRET_ID")?;
    let wrapped = source.secret("VAULT_WRAPPED_SECRET_ID")?;
    let role = source.text("VAULT_ROLE")?;
    let file = PathBuf::from(source.text("VAULT_JWT_FILE")?);
    let has_file = !file.as_os_str().is_empty();
    if has_file && !file.is_absolute() {
        return Err(ConfigError::new("VAULT_JWT_FILE", "must be an absolute path"));
    }
    if [&role_id, &role]
        .iter()
        .any(|text| text.contains(char::is_control))
    {
        let name = if role.contains(char::is_control) {
            "VAULT_ROLE"
        } else {
            "VAULT_ROLE_ID"
        };
        return Err(ConfigError::new(name, "must not contain control characters"));
    }
    let (others, without): (&[&str], &str) = match method {
        "approle" if wrapped.is_some() => (&["VAULT_JWT_FILE"], ""),
        "approle" => (
            &["VAULT_JWT_FILE", "VAULT_ROLE"],
            " without VAULT_WRAPPED_SECRET_ID",
        ),
        _ => (
            &["VAULT_ROLE_ID", "VAULT_SECRET_ID", "VAULT_WRAPPED_SECRET_ID"],
            "",
        ),
    };
    if let Some(unused) = others.iter().find(|name| source.is_given(name)) {
        return Err(ConfigError::new(
            unused,
            format!("is not used by VAULT_AUTH={method}{without}"),
        ));
    }
    if method == "approle" {
        let secret_id = match (secret_id, wrapped) {
            (Some(_), Some(_)) => {
                let reason = "cannot be combined with VAULT_SECRET_ID";
                return Err(ConfigError::new("VAULT_WRAPPED_SECRET_ID", reason));
            }
            (Some(secret_id), None) => SecretIdSource::Plain {
                setting: "VAULT_SECRET_ID",
                secret_id,
            },
            (None, Some(token)) => SecretIdSource::Wrapped {
                setting: "VAULT_WRAPPED_SECRET_ID",
                token,
                role_setting: "VAULT_ROLE",
                role: app_role("VAULT_ROLE", role, &role_id)?,
            },
            (None, None) => return Ok(Auth::Lacks("VAULT_SECRET_ID")),
        };
        if role_id.is_empty() {
            return Ok(Auth::Lacks("VAULT_ROLE_ID"));
        }
        return Ok(Auth::Complete(VaultAuth::AppRole { role_id, secret_id }));
    }
    if role.is_empty() {
        return Ok(Auth::Lacks("VAULT_ROLE"));
    }
    if method == "kubernetes" {
        let file = if has_file {
            file
        } else {
            KUBERNETES_JWT_FILE.into()
        };
        return Ok(Auth::Complete(VaultAuth::Kubernetes(JwtLogin { role, file })));
    }
    if has_file {
        Ok(Auth::Complete(VaultAuth::Jwt(JwtLogin { role, file })))
    } else {
        Ok(Auth::Lacks("VAULT_JWT_FILE"))
    }
}

/// The name of an AppRole, part of the path at which its SecretIDs are created. An AppRole of our set-up has its name as RoleID.
pub(super) fn app_role(setting: &str, name: String, role_id: &str) -> Result<String, ConfigError> {
    if name.contains('/') || name.contains(char::is_control) {
        return Err(ConfigError::new(setting, "must be the name of one AppRole"));
    }
    Ok(if name.is_empty() { role_id.to_owned() } else { name })
}

/// The URL of the server. A token that crosses a network in clear text is stolen, so there is no exception from `https`.
fn address(source: &Source) -> Result<Option<String>, ConfigError> {
    let address = source.text("VAULT_ADDRESS")?;
    if address.is_empty() {
        return Ok(None);
    }
    let invalid = |reason| Err(ConfigError::new("VAULT_ADDRESS", reason));
    let uri = address.parse::<http::Uri>().ok();
    let is_url = uri.as_ref().is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri
                .authority()
                .is_some_and(|authority| !authority.as_str().contains('@'))
            && matches!(uri.path(), "" | "/")
            && uri.query().is_none()
            && !address.contains('#')
    });
    if !is_url {
        return invalid("must be an http:// or https:// URL without a user name and a path");
    }
    if !is_protected(&address) {
        return invalid("must be an https URL or a loopback address");
    }
    Ok(Some(address.trim_end_matches('/').to_owned()))
}

/// A path in Vault: safe characters only, since it becomes part of a URL.
fn path(source: &Source, name: &str) -> Result<String, ConfigError> {
    let text = source.text(name)?;
    let is_safe = |segment: &str| {
        segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            && !segment.chars().all(|c| c == '.')
    };
    let inner = text.strip_suffix('/').unwrap_or(&text);
    if text.is_empty() || inner.split('/').all(is_safe) {
        return Ok(text);
    }
    let reason = "must be a path of letters, digits, -, _ and . without a leading slash";
    Err(ConfigError::new(name, reason))
}

fn mount_path(source: &Source, name: &str) -> Result<String, ConfigError> {
    source.non_empty(name)?;
    Ok(path(source, name)?.trim_end_matches('/').to_owned())
}

fn role_prefix(source: &Source) -> Result<String, ConfigError> {
    let name = "VAULT_DATABASE_ROLE_PREFIX";
    let prefix = source.text(name)?;
    if prefix
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    {
        Ok(prefix)
    } else {
        Err(ConfigError::new(name, "must consist of letters, digits, - and _"))
    }
}
