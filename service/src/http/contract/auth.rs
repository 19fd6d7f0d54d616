//! Callers. Every operation takes one as its first argument: extractors run in order, and a missing token (401) must be
//! reported before a bad parameter (400).

use super::problem::Problem;
use crate::crypto::claims::AnyClaims;
use crate::domain::principals::{InsufficientScopeError, Principal, Principals};
use crate::domain::sessions::caller::{Admin, RecentlyProven, SignedIn};
use crate::domain::sessions::error::AuthenticationError;
use crate::types::client::ClientId;
use crate::types::client_info::ClientInfo;
use crate::types::role::Scope;
use http::{HeaderValue, StatusCode, header};
use poem::{FromRequest, Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use std::marker::PhantomData;

/// Any client: the operation is public on purpose.
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

/// The scope that an operation requires, and its security scheme in the OpenAPI document.
pub trait RequiredScope: Send + Sync {
    /// The scope.
    const SCOPE: Scope;
    /// The name of the scheme.
    const SCHEME: &'static str;
    /// The description of the scheme.
    const DESCRIPTION: &'static str;
    /// Whether the operation is permitted to an account that must set up a second factor first.
    const BEFORE_SETUP: bool = false;
}

/// An account that is authenticated by an access token (RFC 6750) and has the scope.
#[derive(Clone, Debug)]
pub struct Caller<R> {
    /// The proof of authentication.
    pub signed_in: SignedIn,
    scope: PhantomData<R>,
}

impl<R> Caller<R> {
    /// The proof that the credentials were verified recently; 403 otherwise.
    pub fn recently_proven(&self) -> Result<RecentlyProven, Problem> {
        self.signed_in.as_recently_proven().ok_or_else(proof_required)
    }

    /// The proof that the caller is an administrator; 403 otherwise.
    pub fn admin(&self) -> Result<Admin, Problem> {
        self.signed_in.as_admin().ok_or_else(insufficient)
    }
}

impl<'a, R: RequiredScope> ApiExtractor<'a> for Caller<R> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            R::SCHEME,
            MetaSecurityScheme {
                ty: "http",
                description: Some(R::DESCRIPTION),
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
        Ok(Self {
            signed_in: authorize::<R>(request).await?,
            scope: PhantomData,
        })
    }
}

/// Verifies the access token of the request, and that it is of an account that has the scope now. A machine client is refused
/// whatever its scopes are: it never has a person's rights.
pub async fn authorize<R: RequiredScope>(request: &Request) -> Result<SignedIn, Problem> {
    match authorize_any::<R>(request).await?.0 {
        Principal::Account(signed_in) => Ok(signed_in),
        Principal::Client(_) => Err(insufficient()),
    }
}

/// Verifies the access token of the request, and that its account or machine client has the scope now.
pub(super) async fn authorize_any<R: RequiredScope>(
    request: &Request,
) -> Result<(Principal, AnyClaims), Problem> {
    let (principal, claims) = authenticate(request).await?;
    check_scope::<R>(&principal)?;
    Ok((principal, claims))
}

/// Checks that an account or a machine client has the scope.
pub(super) fn check_scope<R: RequiredScope>(principal: &Principal) -> Result<(), Problem> {
    principal.require_scope(R::SCOPE)?;
    match principal {
        Principal::Account(account) if account.must_set_up_second_factor() && !R::BEFORE_SETUP => {
            Err(setup_required())
        }
        Principal::Account(_) | Principal::Client(_) => Ok(()),
    }
}

impl From<InsufficientScopeError> for Problem {
    fn from(_: InsufficientScopeError) -> Self {
        insufficient()
    }
}

/// The access token of a request that need not have one. It may be invalid.
#[derive(Debug)]
pub struct OptionalToken<R> {
    /// The token.
    pub token: Option<String>,
    scope: PhantomData<R>,
}

impl<'a, R: RequiredScope> ApiExtractor<'a> for OptionalToken<R> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Caller::<R>::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![R::SCHEME]
    }

    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        // A dead token is the operation's to judge; a valid one needs the scope.
        match authenticate(request).await {
            Ok((Principal::Account(signed_in), _)) if !signed_in.may(R::SCOPE) => Err(insufficient().into()),
            Ok((Principal::Client(_), _)) => Err(insufficient().into()),
            Ok((Principal::Account(_), _)) | Err(_) => Ok(Self {
                token: bearer(request).map(str::to_owned),
                scope: PhantomData,
            }),
        }
    }
}

/// Verifies the access token of the request.
async fn authenticate(request: &Request) -> Result<(Principal, AnyClaims), Problem> {
    let token = bearer(request).ok_or_else(missing_token)?;
    let principals = principals(request)?;
    let claims = principals.verify(token)?;
    let principal = principals.find(&claims).await?;
    match &principal {
        Principal::Account(signed_in) => record_account(signed_in),
        Principal::Client(client) => record_client(client.id()),
    }
    Ok((principal, claims))
}

/// What authenticates access tokens.
pub(super) fn principals(request: &Request) -> Result<&Principals, Problem> {
    request.extensions().get().ok_or_else(Problem::internal)
}

/// Adds the account to the log lines of the request.
pub fn record_account(signed_in: &SignedIn) {
    tracing::Span::current().record("account_id", signed_in.account().get());
}

/// Adds the machine client to the log lines of the request.
pub fn record_client(client: ClientId) {
    tracing::Span::current().record("client_id", client.to_string());
}

impl From<AuthenticationError> for Problem {
    fn from(error: AuthenticationError) -> Self {
        match error {
            AuthenticationError::InvalidToken => bad_token(),
            AuthenticationError::Storage(error) => error.into(),
        }
    }
}

/// The token in `Authorization`, if there is exactly one such field and its scheme is Bearer.
pub fn bearer(request: &Request) -> Option<&str> {
    let mut fields = request.headers().get_all(header::AUTHORIZATION).iter();
    let field = fields.next().filter(|_| fields.next().is_none())?.to_str().ok()?;
    let (scheme, token) = field.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// 401 for a request without a token. The challenge then names no error (RFC 6750 §3.1).
pub fn missing_token() -> Problem {
    unauthenticated(
        "missing-token",
        "an access token is required: `Authorization: Bearer …`",
        "Bearer",
    )
}

/// 401 for a token that is invalid, expired or revoked (RFC 6750 §3.1). The reason is not disclosed.
pub fn bad_token() -> Problem {
    unauthenticated(
        "invalid-token",
        "the access token is invalid, expired or revoked",
        "Bearer error=\"invalid_token\"",
    )
}

/// 401 with its challenge.
pub fn unauthenticated(kind: &'static str, detail: &'static str, challenge: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, kind, detail)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

/// 403 for a role without the scope.
pub fn insufficient() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "insufficient-scope",
        "the access token lacks the scope that this operation requires",
    )
    .with_header(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer error=\"insufficient_scope\""),
    )
}

/// 403 for an account that must set up a second factor first.
pub fn setup_required() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "second-factor-setup-required",
        "this account must set up a second factor first: `POST /auth/totp/start`",
    )
}

/// 403 for a session whose credentials were verified too long ago, with the challenge of RFC 9470.
pub fn proof_required() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "recent-proof-required",
        "the credentials were verified too long ago for this operation: `POST /auth/reauthenticate`, then retry",
    )
    .with_header(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer error=\"insufficient_user_authentication\""),
    )
}

/// The caller's own account and sessions, for operations that are permitted while a second factor must be set up.
#[derive(Clone, Copy, Debug)]
pub struct SetupScope;

impl RequiredScope for SetupScope {
    const SCOPE: Scope = ProfileScope::SCOPE;
    const SCHEME: &'static str = ProfileScope::SCHEME;
    const DESCRIPTION: &'static str = ProfileScope::DESCRIPTION;
    const BEFORE_SETUP: bool = true;
}

macro_rules! scopes {
    ($($(#[doc = $doc:literal])+ $name:ident = $scope:ident, $scheme:literal, $about:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl RequiredScope for $name {
            const SCOPE: Scope = Scope::$scope;
            const SCHEME: &'static str = $scheme;
            const DESCRIPTION: &'static str = $about;
        }
    )+};
}

scopes! {
    /// The caller's own account and sessions.
    ProfileScope = Profile, "profile", "Access token with the scope `profile`, which every role but introspector has.";
    /// The caller's own wishes.
    WishesScope = Wishes, "wishes", "Access token with the scope `wishes`, which every role but introspector has.";
    /// Reading accounts.
    UsersReadScope = UsersRead, "users.read", "Access token with the scope `users:read`, which administrators have.";
    /// Changing accounts.
    UsersWriteScope = UsersWrite, "users.write", "Access token with the scope `users:write`, which administrators have.";
    /// Reading the audit log.
    AuditReadScope = AuditRead, "audit.read", "Access token with the scope `audit:read`, which administrators have.";
    /// Approving requests for access.
    AccessApproveScope = AccessApprove, "access.approve", "Access token with the scope `access:approve`, which approvers have.";
    /// Introspecting tokens.
    TokensIntrospectScope = TokensIntrospect, "tokens.introspect", "Access token with the scope `tokens:introspect`, which administrators and introspectors have, and machine clients can have.";
    /// Storing prices.
    RatesWriteScope = RatesWrite, "rates.write", "Access token with the scope `rates:write`, which accounts with the role `ingest` have, and machine clients can have.";
    /// Managing machine clients.
    ClientsManageScope = ClientsManage, "clients.manage", "Access token with the scope `clients:manage`, which administrators have.";
}
