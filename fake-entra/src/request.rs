//! Requests for tokens: read, and compared with what Microsoft's documentation describes.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde_json::{Value, json};
use uuid::Uuid;

/// What the platform puts into `IDENTITY_HEADER`.
pub const IDENTITY_HEADER: &str = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a";

/// The tenant of the authority.
pub const TENANT: &str = "8d9e1b3c-2f4a-4c6d-8e0f-1a2b3c4d5e6f";

/// What tokens are requested for.
pub(crate) const RESOURCE: &str = "https://ossrdbms-aad.database.windows.net";

/// Longer than any body of a request.
const MAX_BODY: usize = 1 << 20;

/// A request: what its client sent.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// The parameters of the query, or of the form.
    pub parameters: BTreeMap<String, String>,
}

/// The start line, the fields and the body of a request.
pub(crate) struct HttpRequest {
    method: String,
    target: String,
    fields: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl HttpRequest {
    /// Reads one; `None` if it ends early or is malformed.
    pub(crate) fn read(stream: &mut impl BufRead) -> Option<HttpRequest> {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let mut parts = line.split(' ').map(str::to_owned);
        let (method, target) = (parts.next()?, parts.next()?);
        let mut fields = BTreeMap::new();
        loop {
            let mut field = String::new();
            stream.read_line(&mut field).ok()?;
            let Some((name, value)) = field.trim().split_once(':') else {
                break;
            };
            fields.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = fields.get("content-length").map_or("0", String::as_str);
        let mut body = vec![0; length.parse().ok().filter(|length| *length <= MAX_BODY)?];
        stream.read_exact(&mut body).ok()?;
        Some(HttpRequest {
            method,
            target,
            fields,
            body,
        })
    }

    /// Its parameters, and the body of an error unless the endpoint of managed identities documents it.
    pub(crate) fn of_managed_identity(&self) -> (BTreeMap<String, String>, Result<(), Value>) {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let parameters = parse(query);
        let is_documented = self.method == "GET"
            && path == "/msi/token"
            && self.has_field("x-identity-header", IDENTITY_HEADER)
            && has(&parameters, "api-version", "2019-08-01")
            && has(&parameters, "resource", RESOURCE);
        let error =
            json!({"error": "invalid_request", "error_description": "a parameter or the header is missing"});
        (parameters, is_documented.then_some(()).ok_or(error))
    }

    /// The same for an authority, which accepts one token of a service account.
    pub(crate) fn of_workload_identity(
        &self,
        assertion: &str,
    ) -> (BTreeMap<String, String>, Result<(), Value>) {
        let parameters = parse(&String::from_utf8_lossy(&self.body));
        let is_documented = self.method == "POST"
            && self.target == format!("/{TENANT}/oauth2/v2.0/token")
            && self.has_field("content-type", "application/x-www-form-urlencoded")
            && has(&parameters, "grant_type", "client_credentials")
            && has(&parameters, "scope", &format!("{RESOURCE}/.default"))
            && has(
                &parameters,
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            && parameters
                .get("client_id")
                .is_some_and(|id| Uuid::parse_str(id).is_ok());
        let result = match (is_documented, has(&parameters, "client_assertion", assertion)) {
            (true, true) => Ok(()),
            (true, false) => Err(authority_error("invalid_client", 700_024)),
            (false, _) => Err(authority_error("invalid_request", 900_144)),
        };
        (parameters, result)
    }

    fn has_field(&self, name: &str, value: &str) -> bool {
        has(&self.fields, name, value)
    }
}

/// The body of an error, as in "Handling error codes in your application".
#[must_use]
pub fn authority_error(error: &str, code: u32) -> Value {
    json!({
        "error": error,
        "error_description": format!("AADSTS{code}: The description, with ids.\r\nTrace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333"),
        "error_codes": [code],
        "timestamp": "2016-01-09 02:02:12Z",
        "trace_id": "0000aaaa-11bb-cccc-dd22-eeeeee333333",
        "correlation_id": "aaaa0000-bb11-2222-33cc-444444dddddd",
    })
}

fn has(values: &BTreeMap<String, String>, name: &str, value: &str) -> bool {
    values.get(name).is_some_and(|given| given == value)
}

fn parse(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}
