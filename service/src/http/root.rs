//! The greeting, the index page for browsers, and the version.

use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::{ErrorResponse, NoExtraErrors};
use crate::http::contract::negotiate;
use crate::http::openapi::tags::ApiTag;
use crate::http::web::index::index;
use crate::http::web::state::Web;
use http::{HeaderValue, header};
use poem::{Body, IntoResponse, Request, Response};
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, Object, OpenApi};

/// The operations.
pub struct RootApi {
    web: Web,
}

impl RootApi {
    /// Operations with the state of the web pages, for the index.
    pub fn new(web: Web) -> Self {
        Self { web }
    }
}

/// The greeting.
#[derive(Object)]
pub struct Greeting {
    /// Always `Hello world!`.
    pub message: String,
}

/// The version of the service.
#[derive(Object)]
pub struct Version {
    /// Semantic version.
    pub version: String,
    /// Source commit; `unknown` if the build did not record it. Omitted, like the next two, if `API_DOCS` is `off`.
    #[oai(skip_serializing_if_is_none)]
    pub commit: Option<String>,
    /// Day of the build, or of the source for a reproducible build.
    #[oai(skip_serializing_if_is_none)]
    pub build_date: Option<String>,
    /// Compiler version.
    #[oai(skip_serializing_if_is_none)]
    pub rustc: Option<String>,
}

/// Greeting or page, by content negotiation.
pub enum IndexResponse {
    /// For programs.
    Greeting,
    /// For browsers.
    Page(Response),
}

#[derive(Clone, Copy)]
enum IndexFormat {
    Greeting,
    Page,
}

#[OpenApi(tag = "ApiTag::Service")]
impl RootApi {
    /// Get the greeting or the index page
    ///
    /// Returns the index page if `Accept` prefers `text/html`, and a JSON greeting otherwise.
    #[oai(path = "/", method = "get", operation_id = "getIndex")]
    async fn index(
        &self,
        _caller: Anyone,
        request: &Request,
    ) -> Result<IndexResponse, ErrorResponse<NoExtraErrors>> {
        // Never 406: an `Accept` that matches neither gets the JSON, which RFC 9110 §12.4.1 permits.
        let offered = [
            ("application/json", IndexFormat::Greeting),
            ("text/html", IndexFormat::Page),
        ];
        match negotiate::best(request.headers(), &offered).unwrap_or(IndexFormat::Greeting) {
            IndexFormat::Page => Ok(IndexResponse::Page(index(request, &self.web).await?)),
            IndexFormat::Greeting => Ok(IndexResponse::Greeting),
        }
    }

    /// Get the version
    ///
    /// Returns the version, the source commit, the day of the build and the compiler.
    #[oai(path = "/version", method = "get", operation_id = "getVersion")]
    async fn version(&self, _caller: Anyone) -> Result<Json<Version>, ErrorResponse<NoExtraErrors>> {
        let detail = |text: &str| self.web.has_api_docs().then(|| text.to_owned());
        Ok(Json(Version {
            version: env!("CARGO_PKG_VERSION").into(),
            commit: detail(env!("PORTCULLIS_COMMIT")),
            build_date: detail(env!("PORTCULLIS_BUILD_DATE")),
            rustc: detail(env!("PORTCULLIS_RUSTC")),
        }))
    }
}

impl ApiResponse for IndexResponse {
    fn meta() -> MetaResponses {
        // Only the representation for programs: one media type per operation.
        let response = MetaResponse {
            description: "The greeting, or the index page if `Accept` prefers `text/html`",
            status: Some(200),
            status_range: None,
            content: vec![MetaMediaType {
                content_type: "application/json",
                schema: Greeting::schema_ref(),
            }],
            headers: Vec::new(),
        };
        MetaResponses {
            responses: vec![response],
        }
    }

    fn register(registry: &mut Registry) {
        Greeting::register(registry);
    }
}

impl IntoResponse for IndexResponse {
    fn into_response(self) -> Response {
        let mut response = match self {
            Self::Greeting => {
                let greeting = Response::builder().content_type("application/json");
                greeting.body(Body::from(r#"{"message":"Hello world!"}"#))
            }
            Self::Page(page) => page,
        };
        response
            .headers_mut()
            .insert(header::VARY, HeaderValue::from_static("Accept"));
        response
    }
}
