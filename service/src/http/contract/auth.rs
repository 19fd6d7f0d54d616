//! Who asks. Every operation takes a caller, first: a bad parameter must never be answered before a missing token.

use super::problem::Problem;
use crate::domain::sessions::Sessions;
use crate::domain::sessions::caller::{Admin, SignedIn};
use crate::domain::sessions::error::AuthenticationError;
use crate::types::client_info::ClientInfo;
use crate::types::role::Scope;
use http::{HeaderValue, StatusCode, header};
use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use std::marker::PhantomData;

/// Anybody at all: the operation is public on purpose.
#[derive(Clone, Copy, Debug)]
pub struct Anyone;

impl<'a> FromRequest<'a> for Anyone {
    async fn from_request(_request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        Ok(Self)
    }
}

impl<'a> FromRequest<'a> for ClientInfo {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let client = request.extensions().get::<Self>().cloned();
        client.ok_or_else(|| Problem::internal().into())
    }
}

/// A right that an operation asks for, and the name of its security scheme in the document.
pub trait Right: Send + Sync {
    /// The right.
    const SCOPE: Scope;
    /// The scheme's name.
    const SCHEME: &'static str;
    /// The scheme in words.
    const ABOUT: &'static str;
}

/// Somebody who is signed in with an access token (RFC 6750) and has the right.
#[derive(Clone, Debug)]
pub struct Caller<R> {
    /// The proof.
    pub signed_in: SignedIn,
    right: PhantomData<R>,
}

impl<R> Caller<R> {
    /// The proof that this is an administrator; 403 otherwise.
    pub fn admin(&self) -> Result<Admin, Problem> {
        self.signed_in.as_admin().ok_or_else(insufficient)
    }
}

impl<'a, R: Right> ApiExtractor<'a> for Caller<R> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            R::SCHEME,
            MetaSecurityScheme {
                ty: "http",
                description: Some(R::ABOUT),
                name: None,
                key_in: None,
                scheme: Some("bearer"),
                bearer_format: Some("JWT"),
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![R::SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let signed_in = authenticate(request).await?;
        if !signed_in.may(R::SCOPE) {
            return Err(insufficient().into());
        }
        Ok(Self {
            signed_in,
            right: PhantomData,
        })
    }
}

/// Who sent the request's access token.
pub async fn authenticate(request: &Request) -> Result<SignedIn, Problem> {
    let token = bearer(request).ok_or_else(missing_token)?;
    let sessions = request
        .extensions()
        .get::<Sessions>()
        .ok_or_else(Problem::internal)?;
    Ok(sessions.authenticate(token).await?)
}

impl From<AuthenticationError> for Problem {
    fn from(error: AuthenticationError) -> Self {
        match error {
            AuthenticationError::InvalidToken => bad_token(),
            AuthenticationError::Storage(error) => error.into(),
        }
    }
}

/// The token of the one `Authorization` field, if its scheme is Bearer.
pub fn bearer(request: &Request) -> Option<&str> {
    let mut fields = request.headers().get_all(header::AUTHORIZATION).iter();
    let field = fields.next().filter(|_| fields.next().is_none())?.to_str().ok()?;
    let (scheme, token) = field.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// 401 for a request without a token: the challenge names no error then (RFC 6750 §3.1).
pub fn missing_token() -> Problem {
    unauthenticated(
        "missing-token",
        "an access token is needed, as in `Authorization: Bearer …`",
        "Bearer",
    )
}

/// 401 for a token that is not, or no longer, valid (RFC 6750 §3.1). Why is not told.
pub fn bad_token() -> Problem {
    unauthenticated(
        "invalid-token",
        "the access token is not valid",
        "Bearer error=\"invalid_token\"",
    )
}

/// 401 with its challenge.
pub fn unauthenticated(kind: &'static str, detail: &'static str, challenge: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, kind, detail)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

fn insufficient() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "insufficient-scope",
        "the access token does not give this right",
    )
    .with_header(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer error=\"insufficient_scope\""),
    )
}

macro_rules! rights {
    ($($(#[doc = $doc:literal])+ $name:ident = $scope:ident, $scheme:literal, $about:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Right for $name {
            const SCOPE: Scope = Scope::$scope;
            const SCHEME: &'static str = $scheme;
            const ABOUT: &'static str = $about;
        }
    )+};
}

rights! {
    /// One's own account and sessions.
    Profile = Profile, "profile", "An access token with the scope `profile`: every role has it.";
    /// One's own wishes.
    WishesRight = Wishes, "wishes", "An access token with the scope `wishes`: every role has it.";
    /// See accounts.
    UsersRead = UsersRead, "users.read", "An access token with the scope `users:read`: administrators.";
    /// Change accounts.
    UsersWrite = UsersWrite, "users.write", "An access token with the scope `users:write`: administrators.";
    /// See audit events.
    AuditRead = AuditRead, "audit.read", "An access token with the scope `audit:read`: administrators.";
    /// Ask about tokens.
    TokensIntrospect = TokensIntrospect, "tokens.introspect", "An access token with the scope `tokens:introspect`: administrators.";
}
