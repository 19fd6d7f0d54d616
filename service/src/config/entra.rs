//! Settings of Microsoft Entra's access tokens. What the platform knows (which identity, and where its tokens are) comes from
//! the variables that Container Apps and AKS set.

use super::setting_names::PREFIX;
use super::source::{ConfigError, Source};
use http::{HeaderValue, Uri};
use secrecy::SecretString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The logins that may use tokens.
const LOGINS: [&str; 8] = [
    "rates", "ingest", "accounts", "wishes", "mail", "demo", "migrator", "admin",
];

/// The settings that only tokens need.
const SETTINGS: [&str; 3] = ["ENTRA_CLIENT_IDS", "ENTRA_RESOURCE", "ENTRA_CA_FILE"];

/// Where the public cloud issues tokens.
const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com/";

/// How access tokens are obtained.
#[derive(Clone, Debug)]
pub struct EntraSettings {
    /// The identity of this process.
    pub identity: Identity,
    /// What the tokens are for: PostgreSQL servers of the cloud.
    pub resource: String,
    /// PEM file with the certificate authority of the token endpoint; `None`: the system's authorities.
    pub authorities: Option<PathBuf>,
    client_id: Option<Uuid>,
    client_ids: Vec<(&'static str, Uuid)>,
}

/// The identity of this process.
#[derive(Clone, Debug)]
pub enum Identity {
    /// A managed identity of Container Apps or App Service, whose tokens an endpoint on the machine issues.
    Managed {
        /// The endpoint.
        endpoint: Uri,
        /// The value of `X-IDENTITY-HEADER`.
        header: SecretString,
    },
    /// A workload identity of Kubernetes, whose projected token is exchanged for an access token.
    Federated {
        /// The token endpoint of the tenant.
        endpoint: Uri,
        /// The projected token. It is replaced within the hour.
        token_file: PathBuf,
    },
}

impl EntraSettings {
    /// The client id of the identity of a login. `None`: the system-assigned identity.
    pub fn client_id(&self, login: &str) -> Option<Uuid> {
        let own = self.client_ids.iter().find(|(name, _)| *name == login);
        own.map(|(_, id)| *id).or(self.client_id)
    }

    /// Parses the settings. `is_used`: they are the source of credentials.
    pub(super) fn parse(source: &Source, is_used: bool) -> Result<Option<Self>, ConfigError> {
        let client_ids = client_ids(&source.list("ENTRA_CLIENT_IDS")?)?;
        let resource = source.non_empty("ENTRA_RESOURCE")?;
        if !resource.parse().is_ok_and(|uri| is_https(&uri)) || resource.ends_with('/') {
            let reason = "must be an https:// URL without a slash at its end";
            return Err(ConfigError::new("ENTRA_RESOURCE", reason));
        }
        let ca_file = source.non_empty("ENTRA_CA_FILE")?;
        if !is_used {
            return match SETTINGS.iter().find(|name| source.is_given(name)) {
                Some(name) => {
                    let reason = format!("requires {PREFIX}DATABASE_CREDENTIALS=entra");
                    Err(ConfigError::new(name, reason))
                }
                None => Ok(None),
            };
        }
        let client_id = match source.variable("AZURE_CLIENT_ID") {
            Some(id) => Some(
                id.parse()
                    .map_err(|_| ConfigError::of_variable("AZURE_CLIENT_ID", "must be a UUID"))?,
            ),
            None => None,
        };
        let (managed, federated) = ("IDENTITY_ENDPOINT", "AZURE_FEDERATED_TOKEN_FILE");
        let identity = match (source.variable(managed), source.variable(federated)) {
            (Some(endpoint), None) => self::managed(source, endpoint)?,
            (None, Some(_)) if client_id.is_none() => {
                let reason = format!("is not set; {federated} is");
                return Err(ConfigError::of_variable("AZURE_CLIENT_ID", reason));
            }
            (None, Some(file)) => self::federated(source, Path::new(file))?,
            (Some(_), Some(_)) => {
                let reason = format!("cannot be combined with {managed}");
                return Err(ConfigError::of_variable(federated, reason));
            }
            (None, None) => {
                let reason = format!(
                    "entra requires an identity, but neither {managed} (Container Apps) nor {federated} (AKS) is set"
                );
                return Err(ConfigError::new("DATABASE_CREDENTIALS", reason));
            }
        };
        Ok(Some(Self {
            identity,
            resource,
            authorities: (ca_file != "system").then(|| ca_file.into()),
            client_id,
            client_ids,
        }))
    }
}

/// The identity that Container Apps and App Service provide.
fn managed(source: &Source, endpoint: &str) -> Result<Identity, ConfigError> {
    let endpoint: Option<Uri> = endpoint.parse().ok();
    let endpoint = endpoint.filter(|uri| is_https(uri) || (is_url(uri, "http") && is_on_this_machine(uri)));
    let Some(endpoint) = endpoint else {
        let reason = "must be an http:// URL of a loopback or link-local address, or an https:// URL";
        return Err(ConfigError::of_variable("IDENTITY_ENDPOINT", reason));
    };
    match source.variable("IDENTITY_HEADER") {
        Some(header) if HeaderValue::from_str(header).is_ok() => Ok(Identity::Managed {
            endpoint,
            header: header.into(),
        }),
        Some(_) => Err(ConfigError::of_variable(
            "IDENTITY_HEADER",
            "must be the value of an HTTP header",
        )),
        None => Err(ConfigError::of_variable(
            "IDENTITY_HEADER",
            "is not set; IDENTITY_ENDPOINT is",
        )),
    }
}

/// The identity that the workload identity of Kubernetes provides.
fn federated(source: &Source, token_file: &Path) -> Result<Identity, ConfigError> {
    if !token_file.is_absolute() {
        let reason = "must be an absolute path";
        return Err(ConfigError::of_variable("AZURE_FEDERATED_TOKEN_FILE", reason));
    }
    let is_tenant = |tenant: &&str| {
        let is_part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        tenant.bytes().all(is_part)
    };
    let tenant = source.variable("AZURE_TENANT_ID").filter(is_tenant);
    let Some(tenant) = tenant else {
        let reason = "must be the id of a tenant; AZURE_FEDERATED_TOKEN_FILE is set";
        return Err(ConfigError::of_variable("AZURE_TENANT_ID", reason));
    };
    let authority = source.variable("AZURE_AUTHORITY_HOST").unwrap_or(PUBLIC_CLOUD);
    let endpoint = format!("{}/{tenant}/oauth2/v2.0/token", authority.trim_end_matches('/'));
    match endpoint.parse() {
        Ok(endpoint) if is_https(&endpoint) => Ok(Identity::Federated {
            endpoint,
            token_file: token_file.to_owned(),
        }),
        _ => Err(ConfigError::of_variable(
            "AZURE_AUTHORITY_HOST",
            "must be an https:// URL",
        )),
    }
}

/// Parses `login=id` pairs.
fn client_ids(pairs: &[String]) -> Result<Vec<(&'static str, Uuid)>, ConfigError> {
    let pair = |pair: &String| {
        let (name, id) = pair.split_once('=')?;
        let login = LOGINS.iter().find(|login| **login == name.trim())?;
        Some((*login, id.trim().parse().ok()?))
    };
    let pairs: Option<Vec<_>> = pairs.iter().map(pair).collect();
    pairs.ok_or_else(|| {
        let reason = format!(
            "must be a list of LOGIN=CLIENT-ID, separated by commas; the logins are {}",
            LOGINS.join(", ")
        );
        ConfigError::new("ENTRA_CLIENT_IDS", reason)
    })
}

fn is_https(uri: &Uri) -> bool {
    is_url(uri, "https")
}

/// Whether this is a URL without a user name and a query.
fn is_url(uri: &Uri, scheme: &str) -> bool {
    let has_user = |authority: &http::uri::Authority| authority.as_str().contains('@');
    uri.scheme_str() == Some(scheme) && uri.query().is_none() && !uri.authority().is_none_or(has_user)
}

/// Whether plain HTTP to this host does not leave the machine: the platform's endpoint is a process beside this one.
fn is_on_this_machine(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    match address {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unicast_link_local(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}
