//! `/populate` and `/delete`: there only while the demo is on, which the settings decide.

use crate::domain::demo::Demo;
use crate::http::contract::auth::{Profile, Right, authenticate};
use crate::http::contract::error_responses::{Refusal, Statuses};
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use http::StatusCode;
use poem::{Request, RequestBody, Result};
use poem_openapi::payload::Json;
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object, OpenApi};

/// The operations and what they need.
pub struct DemoApi {
    access: Access,
}

/// Who may use the demo.
pub enum Access {
    /// Nobody: there is none.
    Off,
    /// Whoever is signed in.
    SignedIn(Demo),
    /// Anybody.
    Anybody(Demo),
}

impl DemoApi {
    /// Over the domain's demo, where there is one.
    pub fn new(access: Access) -> Self {
        Self { access }
    }

    fn demo(&self, caller: DemoCaller) -> Result<&Demo, Problem> {
        match &self.access {
            Access::Off => Err(Problem::of_status(StatusCode::NOT_FOUND)),
            Access::SignedIn(demo) => caller.0.map(|()| demo),
            Access::Anybody(demo) => Ok(demo),
        }
    }
}

/// Whoever asks: whether they must be signed in is for the settings to say.
#[derive(Debug)]
pub struct DemoCaller(Result<(), Problem>);

impl<'a> ApiExtractor<'a> for DemoCaller {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        crate::http::contract::auth::Caller::<Profile>::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![Profile::SCHEME]
    }

    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self(authenticate(request).await.map(drop)))
    }
}

/// What was added.
#[derive(Object)]
pub struct Populated {
    /// Ten random letters and digits.
    #[oai(validator(pattern = "^[A-Za-z0-9]{10}$"))]
    pub data: String,
    /// `Data added successfully`
    pub message: String,
}

/// What was deleted.
#[derive(Object)]
pub struct Emptied {
    /// How many, as in `3 rows deleted`.
    #[oai(validator(pattern = "^[0-9]+ rows deleted$"))]
    pub message: String,
}

/// An entry was added.
#[derive(ApiResponse)]
pub enum PopulateAnswer {
    /// The entry.
    #[oai(status = 201)]
    Added(Json<Populated>),
}

/// The entries were deleted.
#[derive(ApiResponse)]
pub enum DeleteAnswer {
    /// How many there were.
    #[oai(status = 200)]
    Deleted(Json<Emptied>),
}

/// Refusals of the demo.
#[derive(Debug)]
pub struct DemoRefusals;

impl Statuses for DemoRefusals {
    const OWN: &'static [u16] = &[401, 404];
}

#[OpenApi(tag = "ApiTag::Demo")]
impl DemoApi {
    /// Adds an entry to the demo
    ///
    /// There only while the setting `DEMO` is `token` (then an access token is needed) or `open` (then none is);
    /// otherwise, and always in production, the answer is 404.
    #[oai(path = "/populate", method = "post", operation_id = "populateDemo")]
    async fn populate(&self, caller: DemoCaller) -> Result<PopulateAnswer, Refusal<DemoRefusals>> {
        let data = self.demo(caller)?.populate().await.map_err(Problem::from)?;
        let message = "Data added successfully".to_owned();
        Ok(PopulateAnswer::Added(Json(Populated { data, message })))
    }

    /// Deletes all entries of the demo
    ///
    /// There only while the setting `DEMO` is `token` (then an access token is needed) or `open` (then none is);
    /// otherwise, and always in production, the answer is 404.
    #[oai(path = "/delete", method = "delete", operation_id = "emptyDemo")]
    async fn delete(&self, caller: DemoCaller) -> Result<DeleteAnswer, Refusal<DemoRefusals>> {
        let count = self.demo(caller)?.delete().await.map_err(Problem::from)?;
        let message = format!("{count} rows deleted");
        Ok(DeleteAnswer::Deleted(Json(Emptied { message })))
    }
}
