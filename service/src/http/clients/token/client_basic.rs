//! The Basic credentials of a client (`client_secret_basic`): its id and a secret, each encoded as a form value (RFC 6749 §2.3.1).

use crate::crypto::tokens::PlainToken;
use crate::domain::clients::tokens::ClientAuthentication;
use crate::http::contract::basic::BasicCredentials;
use crate::http::contract::form_urlencoded::decode;
use crate::types::client::ClientId;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

/// The security scheme.
const SCHEME: &str = "client.secret";

/// What the request has in `Authorization`.
#[derive(Debug)]
pub struct ClientBasic(BasicCredentials);

impl ClientBasic {
    /// The credentials. `None`: the request has none.
    pub fn authentication(&self) -> Option<ClientAuthentication> {
        let (client, secret) = match &self.0 {
            BasicCredentials::Missing => return None,
            BasicCredentials::Malformed => (None, None),
            BasicCredentials::Given(id, secret) => (
                decode(id).and_then(|id| ClientId::parse(&id)),
                decode(secret).and_then(|secret| PlainToken::parse(&secret)),
            ),
        };
        Some(ClientAuthentication::Secret { client, secret })
    }
}

impl<'a> ApiExtractor<'a> for ClientBasic {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            SCHEME,
            MetaSecurityScheme {
                ty: "http",
                description: Some("Id and secret of a machine client (RFC 6749 §2.3.1)."),
                name: None,
                key_in: None,
                scheme: Some("basic"),
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    /// An assertion in the form is the alternative.
    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self(BasicCredentials::of(request)))
    }
}
