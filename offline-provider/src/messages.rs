//! The messages of Terraform's plugin protocol 6 that this provider reads or writes. Fields that it does not need are absent, which
//! protobuf allows; `()` is a message whose fields are all of that kind. HashiCorp's `tfplugin6.proto` has the numbers.

use std::collections::BTreeMap;

use prost::{Message, Oneof};

/// A value: msgpack, or JSON in stored states.
#[derive(Clone, PartialEq, Message)]
pub struct DynamicValue {
    #[prost(bytes = "vec", tag = "1")]
    pub msgpack: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub json: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Diagnostic {
    /// 1 is an error.
    #[prost(int32, tag = "1")]
    pub severity: i32,
    #[prost(string, tag = "2")]
    pub summary: String,
    #[prost(string, tag = "3")]
    pub detail: String,
    #[prost(message, optional, tag = "4")]
    pub attribute: Option<AttributePath>,
}

#[derive(Clone, PartialEq, Message)]
pub struct AttributePath {
    #[prost(message, repeated, tag = "1")]
    pub steps: Vec<Step>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Step {
    #[prost(oneof = "Selector", tags = "1, 3")]
    pub selector: Option<Selector>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Selector {
    #[prost(string, tag = "1")]
    Name(String),
    #[prost(int64, tag = "3")]
    Index(i64),
}

#[derive(Clone, PartialEq, Message)]
pub struct Schema {
    #[prost(int64, tag = "1")]
    pub version: i64,
    #[prost(message, optional, tag = "2")]
    pub block: Option<Block>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Block {
    #[prost(message, repeated, tag = "2")]
    pub attributes: Vec<Attribute>,
    #[prost(message, repeated, tag = "3")]
    pub block_types: Vec<NestedBlock>,
    #[prost(bool, tag = "6")]
    pub deprecated: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    #[prost(string, tag = "1")]
    pub name: String,
    /// A type as cty writes it in JSON.
    #[prost(bytes = "vec", tag = "2")]
    pub r#type: Vec<u8>,
    #[prost(message, optional, tag = "10")]
    pub nested_type: Option<Object>,
    #[prost(bool, tag = "4")]
    pub required: bool,
    #[prost(bool, tag = "5")]
    pub optional: bool,
    #[prost(bool, tag = "6")]
    pub computed: bool,
    #[prost(bool, tag = "7")]
    pub sensitive: bool,
    #[prost(bool, tag = "9")]
    pub deprecated: bool,
    #[prost(bool, tag = "11")]
    pub write_only: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct Object {
    #[prost(message, repeated, tag = "1")]
    pub attributes: Vec<Attribute>,
    #[prost(int32, tag = "3")]
    pub nesting: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct NestedBlock {
    #[prost(string, tag = "1")]
    pub type_name: String,
    #[prost(message, optional, tag = "2")]
    pub block: Option<Block>,
    #[prost(int32, tag = "3")]
    pub nesting: i32,
    #[prost(int64, tag = "4")]
    pub min_items: i64,
    #[prost(int64, tag = "5")]
    pub max_items: i64,
}

/// The answer to `GetProviderSchema`.
#[derive(Clone, PartialEq, Message)]
pub struct ProviderSchema {
    #[prost(message, optional, tag = "1")]
    pub provider: Option<Schema>,
    #[prost(btree_map = "string, message", tag = "2")]
    pub resources: BTreeMap<String, Schema>,
    #[prost(btree_map = "string, message", tag = "3")]
    pub data_sources: BTreeMap<String, Schema>,
    #[prost(btree_map = "string, message", tag = "8")]
    pub ephemeral_resources: BTreeMap<String, Schema>,
}

/// The request of `ValidateResourceConfig`, `ReadDataSource` and `OpenEphemeralResource`.
#[derive(Clone, PartialEq, Message)]
pub struct ConfigRequest {
    #[prost(string, tag = "1")]
    pub type_name: String,
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

/// The answer to `ValidateResourceConfig`.
#[derive(Clone, PartialEq, Message)]
pub struct Validated {
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
}

/// The answer to `ReadDataSource`.
#[derive(Clone, PartialEq, Message)]
pub struct DataRead {
    #[prost(message, optional, tag = "1")]
    pub state: Option<DynamicValue>,
}

/// The answer to `OpenEphemeralResource`.
#[derive(Clone, PartialEq, Message)]
pub struct Opened {
    #[prost(message, optional, tag = "3")]
    pub result: Option<DynamicValue>,
}

/// The request of `UpgradeResourceState`.
#[derive(Clone, PartialEq, Message)]
pub struct UpgradeRequest {
    #[prost(message, optional, tag = "3")]
    pub raw_state: Option<RawState>,
}

#[derive(Clone, PartialEq, Message)]
pub struct RawState {
    #[prost(bytes = "vec", tag = "1")]
    pub json: Vec<u8>,
}

/// The answer to `UpgradeResourceState`.
#[derive(Clone, PartialEq, Message)]
pub struct Upgraded {
    #[prost(message, optional, tag = "1")]
    pub upgraded_state: Option<DynamicValue>,
}

/// The request of `ReadResource`.
#[derive(Clone, PartialEq, Message)]
pub struct ReadRequest {
    #[prost(string, tag = "1")]
    pub type_name: String,
    #[prost(message, optional, tag = "2")]
    pub current_state: Option<DynamicValue>,
    #[prost(bytes = "vec", tag = "3")]
    pub private: Vec<u8>,
}

/// The answer to `ReadResource`.
#[derive(Clone, PartialEq, Message)]
pub struct Read {
    #[prost(message, optional, tag = "1")]
    pub new_state: Option<DynamicValue>,
    #[prost(bytes = "vec", tag = "3")]
    pub private: Vec<u8>,
}

/// The request of `PlanResourceChange`.
#[derive(Clone, PartialEq, Message)]
pub struct PlanRequest {
    #[prost(string, tag = "1")]
    pub type_name: String,
    #[prost(message, optional, tag = "2")]
    pub prior_state: Option<DynamicValue>,
    #[prost(message, optional, tag = "3")]
    pub proposed_new_state: Option<DynamicValue>,
    #[prost(bytes = "vec", tag = "5")]
    pub prior_private: Vec<u8>,
}

/// The answer to `PlanResourceChange`.
#[derive(Clone, PartialEq, Message)]
pub struct Planned {
    #[prost(message, optional, tag = "1")]
    pub planned_state: Option<DynamicValue>,
    #[prost(message, repeated, tag = "2")]
    pub requires_replace: Vec<AttributePath>,
    #[prost(bytes = "vec", tag = "3")]
    pub planned_private: Vec<u8>,
    #[prost(bool, tag = "5")]
    pub legacy_type_system: bool,
}

/// The request of `ApplyResourceChange`.
#[derive(Clone, PartialEq, Message)]
pub struct ApplyRequest {
    #[prost(string, tag = "1")]
    pub type_name: String,
    #[prost(message, optional, tag = "3")]
    pub planned_state: Option<DynamicValue>,
    #[prost(bytes = "vec", tag = "5")]
    pub planned_private: Vec<u8>,
}

/// The answer to `ApplyResourceChange`.
#[derive(Clone, PartialEq, Message)]
pub struct Applied {
    #[prost(message, optional, tag = "1")]
    pub new_state: Option<DynamicValue>,
    #[prost(bytes = "vec", tag = "2")]
    pub private: Vec<u8>,
    #[prost(bool, tag = "4")]
    pub legacy_type_system: bool,
}

/// The answer to `ImportResourceState`.
#[derive(Clone, PartialEq, Message)]
pub struct Imported {
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
}

impl Diagnostic {
    pub fn error(summary: &str, detail: String) -> Diagnostic {
        Diagnostic {
            severity: 1,
            summary: summary.to_owned(),
            detail,
            attribute: None,
        }
    }

    pub fn at(mut self, path: AttributePath) -> Diagnostic {
        self.attribute = Some(path);
        self
    }
}

impl AttributePath {
    /// The path to a member of the object at this path.
    pub fn name(&self, name: &str) -> AttributePath {
        self.with(Selector::Name(name.to_owned()))
    }

    /// The path to an element of the list at this path.
    pub fn index(&self, index: usize) -> AttributePath {
        self.with(Selector::Index(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    fn with(&self, selector: Selector) -> AttributePath {
        let mut path = self.clone();
        path.steps.push(Step {
            selector: Some(selector),
        });
        path
    }
}
