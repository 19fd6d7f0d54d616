//! `/populate` and `/delete`: available only if the settings enable the demo.

use crate::domain::demo::Demo;
use crate::http::contract::auth::{ProfileScope, RequiredScope, authorize};
use crate::http::contract::error_responses::{Documented, ErrorResponse};
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use http::StatusCode;
use poem::{Request, RequestBody, Result};
use poem_openapi::payload::Json;
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object, OpenApi};

/// The operations.
pub struct DemoApi {
    access: DemoAccess,
}

/// Who may use the demo.
pub enum DemoAccess {
    /// The demo is disabled.
    Off,
    /// Authenticated callers.
    SignedIn(Demo),
    /// Any client.
    Anyone(Demo),
}

impl DemoApi {
    /// Operations with this access.
    pub fn new(access: DemoAccess) -> Self {
        Self { access }
    }

    fn demo(&self, caller: DemoCaller) -> Result<&Demo, Problem> {
        match &self.access {
            DemoAccess::Off => Err(Problem::of_status(StatusCode::NOT_FOUND)),
            DemoAccess::SignedIn(demo) => caller.0.map(|()| demo),
            DemoAccess::Anyone(demo) => Ok(demo),
        }
    }
}

/// A caller whose authentication is optional: the settings decide whether it is required.
#[derive(Debug)]
pub struct DemoCaller(Result<(), Problem>);

impl<'a> ApiExtractor<'a> for DemoCaller {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        crate::http::contract::auth::Caller::<ProfileScope>::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![ProfileScope::SCHEME]
    }

    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self(authorize::<ProfileScope>(request).await.map(drop)))
    }
}

/// An added demo entry.
#[derive(Object)]
pub struct PopulateResult {
    /// Ten random letters and digits.
    #[oai(validator(pattern = "^[A-Za-z0-9]{10}$"))]
    pub data: String,
    /// Always `Data added successfully`.
    pub message: String,
}

/// The number of deleted demo entries.
#[derive(Object)]
pub struct DeleteResult {
    /// Number of deleted entries, such as `3 rows deleted`.
    #[oai(validator(pattern = "^[0-9]+ rows deleted$"))]
    pub message: String,
}

/// An added entry.
#[derive(ApiResponse)]
pub enum PopulateResponse {
    /// The entry was added.
    #[oai(status = 201)]
    Added(Json<PopulateResult>),
}

/// Deleted entries.
#[derive(ApiResponse)]
pub enum DeleteResponse {
    /// The entries were deleted.
    #[oai(status = 200)]
    Deleted(Json<DeleteResult>),
}

/// Errors of the demo.
#[derive(Debug)]
pub struct DemoErrors;

impl Documented for DemoErrors {
    const STATUSES: &'static [u16] = &[401, 404];
}

#[OpenApi(tag = "ApiTag::Demo")]
impl DemoApi {
    /// Add a demo entry
    ///
    /// Available only if the setting `DEMO` is `token` (requires an access token) or `open` (does not). Otherwise, and always
    /// in production, answered with 404.
    #[oai(path = "/populate", method = "post", operation_id = "populateDemo")]
    async fn populate(&self, caller: DemoCaller) -> Result<PopulateResponse, ErrorResponse<DemoErrors>> {
        let data = self.demo(caller)?.populate().await.map_err(Problem::from)?;
        let message = "Data added successfully".to_owned();
        Ok(PopulateResponse::Added(Json(PopulateResult { data, message })))
    }

    /// Delete all demo entries
    ///
    /// Available only if the setting `DEMO` is `token` (requires an access token) or `open` (does not). Otherwise, and always
    /// in production, answered with 404.
    #[oai(path = "/delete", method = "delete", operation_id = "emptyDemo")]
    async fn delete(&self, caller: DemoCaller) -> Result<DeleteResponse, ErrorResponse<DemoErrors>> {
        let count = self.demo(caller)?.delete().await.map_err(Problem::from)?;
        let message = format!("{count} rows deleted");
        Ok(DeleteResponse::Deleted(Json(DeleteResult { message })))
    }
}
