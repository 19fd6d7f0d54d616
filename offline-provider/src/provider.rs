//! The provider's calls: pure functions from request to answer. Terraform's state is its only world.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use crate::drift::{self, Drift};
use crate::messages::{
    Applied, ApplyRequest, ConfigRequest, DataRead, Diagnostic, DynamicValue, Imported, Opened, PlanRequest,
    Planned, ProviderSchema as SchemaMessage, Read, ReadRequest, UpgradeRequest, Upgraded, Validated,
};
use crate::schema::{ProviderSchema, Schema};
use crate::value::Value;
use crate::{made_up, plan, read_only, replacement};

/// One provider of the schema file.
#[derive(Debug)]
pub struct Provider {
    schema: ProviderSchema,
    drift: Drift,
}

/// As SDKv2 declares: without it Terraform refuses defaults in a plan.
const LEGACY_TYPE_SYSTEM: bool = true;

impl Provider {
    pub fn new(schema: ProviderSchema, drift: Drift) -> Provider {
        Provider { schema, drift }
    }

    pub fn schema(&self) -> SchemaMessage {
        (&self.schema).into()
    }

    /// Terraform itself checks names, types and the numbers of blocks.
    pub fn validate_resource(&self, request: &ConfigRequest) -> Result<Validated> {
        let schema = find(&self.schema.resources, &request.type_name)?;
        let config = Value::decode(request.config.as_ref())?.unwrap_or_default();
        Ok(Validated {
            diagnostics: read_only::check(&schema.block, &config),
        })
    }

    pub fn upgrade(request: UpgradeRequest) -> Upgraded {
        let json = request.raw_state.map(|state| state.json).unwrap_or_default();
        Upgraded {
            upgraded_state: Some(DynamicValue {
                msgpack: Vec::new(),
                json,
            }),
        }
    }

    pub fn read(&self, request: ReadRequest) -> Result<Read> {
        let new_state = match Value::decode(request.current_state.as_ref())? {
            Some(mut state) if self.drift.contains_key(&request.type_name) => {
                drift::inject(&self.drift, &request.type_name, &mut state)?;
                Some(Value::encode(state)?)
            }
            _ => request.current_state,
        };
        Ok(Read {
            new_state,
            private: request.private,
        })
    }

    pub fn plan(&self, request: PlanRequest) -> Result<Planned> {
        let schema = find(&self.schema.resources, &request.type_name)?;
        let answer = |planned_state, requires_replace| Planned {
            planned_state,
            requires_replace,
            planned_private: request.prior_private,
            legacy_type_system: LEGACY_TYPE_SYSTEM,
        };
        let Some(mut new) = Value::decode(request.proposed_new_state.as_ref())? else {
            // It will be destroyed.
            return Ok(answer(request.proposed_new_state, Vec::new()));
        };
        let old = Value::decode(request.prior_state.as_ref())?;
        plan::complete(&schema.block, &mut new, old.as_ref());
        let causes = old.map(|old| replacement::causes(&schema.block, &new, &old));
        Ok(answer(Some(Value::encode(new)?), causes.unwrap_or_default()))
    }

    pub fn apply(&self, request: ApplyRequest) -> Result<Applied> {
        let schema = find(&self.schema.resources, &request.type_name)?;
        let new_state = match Value::decode(request.planned_state.as_ref())? {
            None => request.planned_state,
            Some(mut state) => {
                made_up::resolve(&request.type_name, schema, &mut state);
                Some(Value::encode(state)?)
            }
        };
        Ok(Applied {
            new_state,
            private: request.planned_private,
            legacy_type_system: LEGACY_TYPE_SYSTEM,
        })
    }

    pub fn read_data(&self, request: &ConfigRequest) -> Result<DataRead> {
        let state = Some(answer(&self.schema.data_sources, request)?);
        Ok(DataRead { state })
    }

    pub fn open_ephemeral(&self, request: &ConfigRequest) -> Result<Opened> {
        let result = Some(answer(&self.schema.ephemeral_resources, request)?);
        Ok(Opened { result })
    }

    pub fn import() -> Imported {
        let detail = "This provider knows a schema and no objects of a cloud, so it has nothing to import.";
        Imported {
            diagnostics: vec![Diagnostic::error(
                "Import needs the real provider",
                detail.to_owned(),
            )],
        }
    }
}

fn find<'s>(schemas: &'s BTreeMap<String, Schema>, type_name: &str) -> Result<&'s Schema> {
    schemas
        .get(type_name)
        .with_context(|| format!("the schema file has no {type_name}"))
}

/// A made-up answer to a question about something that exists.
fn answer(schemas: &BTreeMap<String, Schema>, request: &ConfigRequest) -> Result<DynamicValue> {
    let schema = find(schemas, &request.type_name)?;
    let mut value = Value::decode(request.config.as_ref())?.unwrap_or_default();
    plan::complete(&schema.block, &mut value, None);
    made_up::resolve(&request.type_name, schema, &mut value);
    Value::encode(value)
}
