//! What the rotations of all logins share.

use crate::secrets::login_status::LoginStatus;
use crate::secrets::logins::Issuer;
use crate::telemetry::metrics::Metrics;

/// How credentials are issued, and where their state is reported. Cheap to clone.
#[derive(Clone)]
pub struct RotationContext {
    /// Issues the credentials.
    pub issuer: Issuer,
    /// The metrics.
    pub metrics: Metrics,
    /// The state for readiness.
    pub status: LoginStatus,
}
