//! Liveness, readiness and startup probes, each with its own meaning for an orchestrator.

use crate::domain::health::{Health, Readiness};
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::{ErrorResponse, NoExtraErrors};
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use crate::telemetry::metrics::Metrics;
use http::StatusCode;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The probes of one process, whichever listener answers them. Cheap to clone.
#[derive(Clone)]
pub struct Probes {
    health: Health,
    started: Arc<AtomicBool>,
    stopping: Arc<AtomicBool>,
    metrics: Metrics,
}

impl Probes {
    /// Probes of this health; `stopping` turns true when the process shuts down.
    pub fn new(health: Health, stopping: Arc<AtomicBool>, metrics: Metrics) -> Self {
        Self {
            health,
            started: Arc::default(),
            stopping,
            metrics,
        }
    }

    /// Whether the service can handle requests; with a warning if that may change soon.
    pub async fn ready(&self) -> Result<Option<&'static str>, Problem> {
        let result = self.check().await;
        self.metrics.readiness(result.is_ok());
        result
    }

    async fn check(&self) -> Result<Option<&'static str>, Problem> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(not_ready("stopping", "the service is shutting down"));
        }
        match self.health.readiness().await {
            Readiness::Ready => {
                self.started.store(true, Ordering::Relaxed);
                Ok(None)
            }
            Readiness::ReadyWithoutRenewal => {
                self.started.store(true, Ordering::Relaxed);
                Ok(Some("credentials of the database cannot be renewed"))
            }
            Readiness::CredentialsMissing => Err(not_ready(
                "credentials-missing",
                "the service waits for credentials of the database",
            )),
            Readiness::DatabaseUnavailable => Err(not_ready(
                "database-unavailable",
                "the database is unavailable or overloaded",
            )),
            Readiness::SchemaBehind => Err(not_ready(
                "schema-behind",
                "the database schema is older than this version requires",
            )),
        }
    }

    /// Whether the service has been ready once.
    pub async fn startup(&self) -> Result<(), Problem> {
        if self.started.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.ready().await.map(drop)
    }
}

/// The operations.
pub struct HealthApi(Probes);

impl HealthApi {
    /// Operations that answer these probes.
    pub fn new(probes: Probes) -> Self {
        Self(probes)
    }
}

fn not_ready(kind: &'static str, detail: &'static str) -> Problem {
    let mut problem = Problem::unavailable(detail);
    problem.status = StatusCode::SERVICE_UNAVAILABLE;
    problem.kind = kind;
    problem
}

/// The result of a successful probe.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub struct HealthStatus {
    /// Always `ok`.
    pub status: String,
    /// What may end this state soon. Absent if nothing is known.
    pub warning: Option<String>,
}

impl HealthStatus {
    fn ok(warning: Option<&str>) -> Json<Self> {
        Json(Self {
            status: "ok".into(),
            warning: warning.map(str::to_owned),
        })
    }
}

#[OpenApi(tag = "ApiTag::Health")]
impl HealthApi {
    /// Liveness probe
    ///
    /// Reports whether the process runs; restart it if not. Independent of the database: a database outage is no reason to
    /// restart the process.
    #[oai(path = "/health/live", method = "get", operation_id = "getLive")]
    async fn live(&self, _caller: Anyone) -> Result<Json<HealthStatus>, ErrorResponse<NoExtraErrors>> {
        Ok(HealthStatus::ok(None))
    }

    /// Readiness probe
    ///
    /// Reports whether the service can handle requests; route none to it if not. Queries the database each time. A warning says
    /// what may end this state soon, such as credentials that cannot be renewed.
    #[oai(path = "/health/ready", method = "get", operation_id = "getReady")]
    async fn ready(&self, _caller: Anyone) -> Result<Json<HealthStatus>, ErrorResponse<NoExtraErrors>> {
        let warning = self.0.ready().await?;
        Ok(HealthStatus::ok(warning))
    }

    /// Startup probe
    ///
    /// Reports whether the service has been ready once; wait if not. Queries the database until then.
    #[oai(path = "/health/startup", method = "get", operation_id = "getStartup")]
    async fn startup(&self, _caller: Anyone) -> Result<Json<HealthStatus>, ErrorResponse<NoExtraErrors>> {
        self.0.startup().await?;
        Ok(HealthStatus::ok(None))
    }
}
