//! Live, ready, startup: the questions of an orchestrator, each with its own meaning.

use crate::domain::health::{Health, Readiness};
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::{Nothing, Refusal};
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use http::StatusCode;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The operations and what they need.
pub struct HealthApi {
    health: Health,
    started: AtomicBool,
    stopping: Arc<AtomicBool>,
}

impl HealthApi {
    /// Over the domain's health; `stopping` turns true when the process is asked to end.
    pub fn new(health: Health, stopping: Arc<AtomicBool>) -> Self {
        Self {
            health,
            started: AtomicBool::new(false),
            stopping,
        }
    }

    async fn look(&self) -> Result<Json<Status>, Refusal<Nothing>> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(unready("stopping", "the service is stopping").into());
        }
        match self.health.readiness().await {
            Readiness::Ready => {
                self.started.store(true, Ordering::Relaxed);
                Ok(Status::good())
            }
            Readiness::DatabaseUnavailable => {
                Err(unready("database-away", "the database is away or too busy").into())
            }
            Readiness::SchemaBehind => Err(unready(
                "schema-behind",
                "the database has not been migrated as far as this version needs",
            )
            .into()),
        }
    }
}

fn unready(kind: &'static str, detail: &'static str) -> Problem {
    let mut problem = Problem::unavailable(detail);
    problem.status = StatusCode::SERVICE_UNAVAILABLE;
    problem.kind = kind;
    problem
}

/// All is well.
#[derive(Object)]
pub struct Status {
    /// `ok`
    pub status: String,
}

impl Status {
    fn good() -> Json<Self> {
        Json(Self { status: "ok".into() })
    }
}

#[OpenApi(tag = "ApiTag::Health")]
impl HealthApi {
    /// Is the process alive? Restart it if not
    ///
    /// Asks nobody else: a database that is away is no reason to restart this process.
    #[oai(path = "/health/live", method = "get", operation_id = "getLive")]
    async fn live(&self, _caller: Anyone) -> Result<Json<Status>, Refusal<Nothing>> {
        Ok(Status::good())
    }

    /// Can it work now? Send it no requests if not
    ///
    /// Asks the database each time.
    #[oai(path = "/health/ready", method = "get", operation_id = "getReady")]
    async fn ready(&self, _caller: Anyone) -> Result<Json<Status>, Refusal<Nothing>> {
        self.look().await
    }

    /// Has it ever been able to work? Wait if not
    ///
    /// Asks the database until it was ready once, and never again.
    #[oai(path = "/health/startup", method = "get", operation_id = "getStartup")]
    async fn startup(&self, _caller: Anyone) -> Result<Json<Status>, Refusal<Nothing>> {
        if self.started.load(Ordering::Relaxed) {
            return Ok(Status::good());
        }
        self.look().await
    }
}
