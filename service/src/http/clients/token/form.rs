//! The form of a token request. Unknown parameters are ignored, and one without a value counts as missing (RFC 6749 §3.2).

use super::client_basic::ClientBasic;
use super::errors::TokenRejection;
use crate::crypto::client_assertion::ClientAssertion;
use crate::domain::clients::tokens::{ClientAuthentication, TokenRequest};
use crate::http::contract::field::{Field, FieldValue, Optional};
use crate::http::contract::strict_form::{self, StrictForm};
use crate::http::edge::body::BodyPolicy;
use crate::types::client::ClientId;
use poem::{Request, RequestBody, Result};
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaRequest, MetaSchema, Registry};
use poem_openapi::types::ParseFromJSON;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, Object};
use serde_json::Value;

/// The only grant.
const GRANT: &str = "client_credentials";

/// A token request (RFC 6749 §4.4.2).
#[derive(Debug, Object)]
pub struct ClientTokenRequest {
    /// Grant: `client_credentials`.
    grant_type: Field<GrantType>,
    /// Requested scopes, separated by spaces; all scopes of the client if left out.
    scope: Field<ScopeText, Optional>,
    /// Id of the client, besides an assertion. It need not be repeated here.
    client_id: Field<ClientIdText, Optional>,
    /// Type of the assertion (RFC 7523 §2.2).
    client_assertion_type: Field<AssertionType, Optional>,
    /// Assertion of the client, in place of Basic credentials: a JWT that it signs with ES256, with its id as `iss` and `sub`, this
    /// endpoint or the issuer as `aud`, an `exp` within an hour, and a `jti` that it uses once.
    client_assertion: Field<AssertionText, Optional>,
}

/// A supported grant type.
#[derive(Debug)]
struct GrantType;

impl FieldValue for GrantType {
    const EXPECTED: &'static str = "must be client_credentials";

    fn parse(text: &str) -> Option<Self> {
        (text == GRANT).then_some(Self)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            enum_items: vec![GRANT.into()],
            ..MetaSchema::new("string")
        }
    }
}

/// The type of an assertion.
#[derive(Debug)]
struct AssertionType;

/// The only type.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl FieldValue for AssertionType {
    const EXPECTED: &'static str = "must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    fn parse(text: &str) -> Option<Self> {
        (text == ASSERTION_TYPE).then_some(Self)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            enum_items: vec![ASSERTION_TYPE.into()],
            ..MetaSchema::new("string")
        }
    }
}

/// An assertion; `None` if it is malformed, which is like one that is not valid.
#[derive(Debug)]
struct AssertionText(Option<ClientAssertion>);

impl FieldValue for AssertionText {
    const EXPECTED: &'static str = "may be any string";

    fn parse(text: &str) -> Option<Self> {
        Some(Self(ClientAssertion::parse(text)))
    }

    fn schema() -> MetaSchema {
        MetaSchema::new("string")
    }
}

/// The id of a client; `None` if it is malformed.
#[derive(Debug)]
struct ClientIdText(Option<ClientId>);

impl FieldValue for ClientIdText {
    const EXPECTED: &'static str = "may be any string";

    fn parse(text: &str) -> Option<Self> {
        Some(Self(ClientId::parse(text)))
    }

    fn schema() -> MetaSchema {
        MetaSchema::new_with_format("string", "uuid")
    }
}

/// Any scopes; the domain decides which the client has.
#[derive(Debug)]
struct ScopeText(String);

impl FieldValue for ScopeText {
    const EXPECTED: &'static str = "may be any string";

    fn parse(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            example: Some("rates:write".into()),
            ..MetaSchema::new("string")
        }
    }
}

/// The form, and whether it has what this endpoint does not accept.
#[derive(Debug)]
pub struct TokenForm {
    request: ClientTokenRequest,
    has_secret: bool,
}

impl TokenForm {
    /// The request of this caller.
    pub fn request(self, caller: &ClientBasic) -> Result<TokenRequest, TokenRejection> {
        if self.has_secret {
            let description = "a secret in the body is not accepted; send it as Basic credentials";
            return Err(TokenRejection::invalid_request(description));
        }
        let ClientTokenRequest {
            grant_type,
            scope,
            client_id,
            client_assertion_type,
            client_assertion,
        } = self.request;
        let authentication = authentication(caller, client_assertion_type, client_assertion, client_id)?;
        if !grant_type.is_given() {
            return Err(TokenRejection::invalid_request("grant_type is missing"));
        }
        let mut errors = Vec::new();
        if grant_type.required("grant_type", &mut errors).is_none() {
            let description = format!("the only supported grant type is {GRANT}");
            return Err(TokenRejection::OAuth("unsupported_grant_type", description));
        }
        Ok(TokenRequest {
            authentication,
            scope: scope.optional("scope", &mut errors).map(|scope| scope.0),
        })
    }
}

/// What authenticates the client: Basic credentials or an assertion, and not both (RFC 6749 §2.3).
fn authentication(
    caller: &ClientBasic,
    assertion_type: Field<AssertionType, Optional>,
    assertion: Field<AssertionText, Optional>,
    client_id: Field<ClientIdText, Optional>,
) -> Result<ClientAuthentication, TokenRejection> {
    let (has_type, mut errors) = (assertion_type.is_given(), Vec::new());
    let assertion = assertion.optional("client_assertion", &mut errors);
    let authentication = match (caller.authentication(), assertion) {
        (None, None) if has_type => {
            return Err(TokenRejection::invalid_request("client_assertion is missing"));
        }
        (None, None) => return Err(TokenRejection::invalid_client()),
        (Some(_), Some(_)) => {
            let description = "the client must authenticate with one method";
            return Err(TokenRejection::invalid_request(description));
        }
        (Some(basic), None) => basic,
        (None, Some(AssertionText(assertion))) => {
            if assertion_type
                .optional("client_assertion_type", &mut errors)
                .is_none()
            {
                return Err(TokenRejection::invalid_request(AssertionType::EXPECTED));
            }
            ClientAuthentication::Assertion(assertion)
        }
    };
    match client_id.optional("client_id", &mut errors) {
        Some(ClientIdText(id)) if id != authentication.claimed_client() => {
            let description = "client_id is not the client that authenticates";
            Err(TokenRejection::invalid_request(description))
        }
        _ => Ok(authentication),
    }
}

impl<'a> ApiExtractor<'a> for TokenForm {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <StrictForm<ClientTokenRequest> as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        StrictForm::<ClientTokenRequest>::request_meta()
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let bytes = BodyPolicy::of(request).read(body.take()?).await?;
        let is_form = request
            .content_type()
            .is_some_and(StrictForm::<ClientTokenRequest>::check_content_type);
        // A request without a body lacks the credentials first of all.
        if !is_form && !bytes.is_empty() {
            let description = "the body must have the media type application/x-www-form-urlencoded";
            return Err(TokenRejection::invalid_request(description).into());
        }
        let mut fields = strict_form::parse(&bytes).map_err(|problem| {
            let repeated = problem.errors.first();
            TokenRejection::invalid_request(match repeated {
                Some(_) => "a parameter is given more than once",
                None => "the body is not a valid form",
            })
        })?;
        fields.retain(|_, value| value.as_str().is_some_and(|text| !text.is_empty()));
        let has_secret = fields.contains_key("client_secret");
        let typed = ClientTokenRequest::parse_from_json(Some(Value::Object(fields)));
        let invalid = |_| TokenRejection::invalid_request("the body is not a valid form");
        Ok(Self {
            request: typed.map_err(invalid)?,
            has_secret,
        })
    }
}
