//! Daily rates of many lanes, part by part from one snapshot.

use super::{DailyRate, every_day};
use crate::db::Db;
use crate::db::executor::parts::Parts;
use crate::db::rate_streams::{self, ExportKey, ExportPart, ExportedLane};
use crate::db::rates::{DailyRates, RatesKey};
use crate::domain::StorageError;
use crate::types::data_version::DataVersion;
use crate::types::day::DayRange;
use crate::types::place::Place;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum number of lanes in one query.
pub const MAX_LANES: usize = 1000;

/// From one place to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The place of loading.
    pub origin: Place,
    /// The place of discharge.
    pub destination: Place,
}

/// The rates of one lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaneRates {
    /// Every day of the range, newest first.
    Found(Vec<DailyRate>),
    /// At least one of the places does not exist.
    Unknown {
        /// Whether it is the origin.
        origin: bool,
        /// Whether it is the destination.
        destination: bool,
    },
}

/// The rates of many lanes.
pub struct LaneStream {
    parts: Parts<Vec<DailyRates>>,
    days: DayRange,
}

/// What is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportQuery {
    /// Only lanes from this port, or from the ports of this region.
    pub origin: Option<Place>,
    /// Only lanes to this port, or to the ports of this region.
    pub destination: Option<Place>,
    /// The days, up to the configured maximum.
    pub days: DayRange,
}

/// The days with prices of a lane between two ports, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneSums {
    /// Code of the port of loading.
    pub orig_code: String,
    /// Code of the port of discharge.
    pub dest_code: String,
    /// The days.
    pub days: Vec<DailyRate>,
}

/// Why nothing is exported.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// At least one of the places does not exist.
    #[error("no such place")]
    UnknownPlace {
        /// Whether it is the origin.
        origin: bool,
        /// Whether it is the destination.
        destination: bool,
    },
    /// Too many exports are running.
    #[error("too many exports are running")]
    Busy,
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The sums of all lanes between ports.
pub struct ExportStream {
    version: DataVersion,
    parts: Parts<ExportPart>,
    /// The first lanes, which have been awaited.
    first: Option<Vec<ExportedLane>>,
    is_ended: bool,
    _permit: OwnedSemaphorePermit,
}

/// Queries of many lanes. Cheap to clone.
#[derive(Clone)]
pub struct RateStreams {
    db: Db,
    exports: Arc<Semaphore>,
}

impl RateStreams {
    /// Over connections of a login that may read the sums, of which at most half are used for exports: they may take minutes.
    pub fn new(db: Db) -> Self {
        let exports = (db.threads() / 2).max(1);
        Self {
            db,
            exports: Arc::new(Semaphore::new(exports)),
        }
    }

    /// The rates of these lanes, in their order. The connection is held until the last part is taken.
    pub fn stream_lanes(&self, lanes: &[Lane], days: DayRange) -> LaneStream {
        let key = |lane: &Lane| RatesKey {
            origin: lane.origin.clone(),
            destination: lane.destination.clone(),
            days,
        };
        let keys = lanes.iter().map(key).collect();
        LaneStream {
            parts: rate_streams::stream_lanes(&self.db, keys),
            days,
        }
    }

    /// Begins an export.
    pub async fn export(&self, query: ExportQuery) -> Result<ExportStream, ExportError> {
        let permit = Arc::clone(&self.exports).try_acquire_owned();
        let permit = permit.map_err(|_| ExportError::Busy)?;
        let key = ExportKey {
            origin: query.origin,
            destination: query.destination,
            days: query.days,
        };
        let mut parts = rate_streams::stream_export(&self.db, key);
        let version = match parts.next().await? {
            Some(ExportPart::Begun(version)) => version,
            Some(ExportPart::Unknown { origin, destination }) => {
                return Err(ExportError::UnknownPlace { origin, destination });
            }
            Some(ExportPart::Lanes(_)) | None => return Err(StorageError::Failed.into()),
        };
        // Before the response begins, so that an error is one.
        let first = next_lanes(&mut parts).await?;
        Ok(ExportStream {
            version,
            parts,
            is_ended: first.is_none(),
            first,
            _permit: permit,
        })
    }
}

impl LaneStream {
    /// The next lanes; `None` after the last ones. After an error the answer is incomplete.
    pub async fn next(&mut self) -> Result<Option<Vec<LaneRates>>, StorageError> {
        let days = self.days;
        let to_rates = |found| match found {
            DailyRates::Found(rows) => LaneRates::Found(every_day(days, rows)),
            DailyRates::Unknown { origin, destination } => LaneRates::Unknown { origin, destination },
        };
        let part = self.parts.next().await?;
        Ok(part.map(|lanes| lanes.into_iter().map(to_rates).collect()))
    }
}

impl ExportStream {
    /// The version of the snapshot that is exported.
    pub fn version(&self) -> DataVersion {
        self.version
    }

    /// The next lanes; `None` after the last ones. After an error the export is incomplete.
    pub async fn next(&mut self) -> Result<Option<Vec<LaneSums>>, StorageError> {
        let lanes = match self.first.take() {
            Some(lanes) => lanes,
            None if self.is_ended => return Ok(None),
            None => match next_lanes(&mut self.parts).await? {
                Some(lanes) => lanes,
                None => {
                    self.is_ended = true;
                    return Ok(None);
                }
            },
        };
        let to_sums = |lane: ExportedLane| LaneSums {
            orig_code: lane.origin,
            dest_code: lane.destination,
            days: lane.rows.into_iter().map(DailyRate::from).collect(),
        };
        Ok(Some(lanes.into_iter().map(to_sums).collect()))
    }
}

async fn next_lanes(parts: &mut Parts<ExportPart>) -> Result<Option<Vec<ExportedLane>>, StorageError> {
    match parts.next().await? {
        Some(ExportPart::Lanes(lanes)) => Ok(Some(lanes)),
        Some(ExportPart::Begun(_) | ExportPart::Unknown { .. }) => Err(StorageError::Failed),
        None => Ok(None),
    }
}
