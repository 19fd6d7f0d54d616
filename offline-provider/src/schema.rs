//! The schema file: what `terraform providers schema -json` prints, with optional keys that the protocol does not carry: `default` and
//! `force_new` of attributes, `computed` and `force_new` of blocks, `id_example` of resources.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::messages;

/// The whole file.
#[derive(Debug, Deserialize)]
pub struct SchemaFile {
    /// By address: `registry.terraform.io/hashicorp/azurerm`.
    #[serde(rename = "provider_schemas")]
    pub providers: BTreeMap<String, ProviderSchema>,
}

/// What one provider has.
#[derive(Debug, Deserialize)]
pub struct ProviderSchema {
    pub provider: Schema,
    #[serde(default, rename = "resource_schemas")]
    pub resources: BTreeMap<String, Schema>,
    #[serde(default, rename = "data_source_schemas")]
    pub data_sources: BTreeMap<String, Schema>,
    #[serde(default, rename = "ephemeral_resource_schemas")]
    pub ephemeral_resources: BTreeMap<String, Schema>,
}

#[derive(Debug, Deserialize)]
pub struct Schema {
    #[serde(default)]
    pub version: i64,
    #[serde(default)]
    pub block: Block,
    /// The form of an id, whose last part is the name.
    pub id_example: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Block {
    #[serde(default)]
    pub attributes: BTreeMap<String, Attribute>,
    #[serde(default, rename = "block_types")]
    pub blocks: BTreeMap<String, NestedBlock>,
    #[serde(default)]
    deprecated: bool,
}

#[derive(Debug, Deserialize)]
pub struct Attribute {
    /// A type as cty writes it in JSON.
    pub r#type: Option<serde_json::Value>,
    #[serde(rename = "nested_type")]
    pub nested: Option<NestedAttributes>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub optional: bool,
    #[serde(default)]
    pub computed: bool,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    pub write_only: bool,
    #[serde(default)]
    deprecated: bool,
    pub default: Option<serde_json::Value>,
    #[serde(default)]
    pub force_new: bool,
}

/// The type of an attribute that is an object, or many.
#[derive(Debug, Deserialize)]
pub struct NestedAttributes {
    #[serde(rename = "nesting_mode")]
    pub nesting: Nesting,
    #[serde(flatten)]
    pub block: Block,
}

#[derive(Debug, Deserialize)]
pub struct NestedBlock {
    #[serde(rename = "nesting_mode")]
    pub nesting: Nesting,
    pub block: Block,
    #[serde(default)]
    min_items: i64,
    #[serde(default)]
    max_items: i64,
    #[serde(default)]
    pub computed: bool,
    #[serde(default)]
    pub force_new: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nesting {
    Single = 1,
    List = 2,
    Set = 3,
    Map = 4,
    Group = 5,
}

impl SchemaFile {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// If it is no schema file, or has no provider.
    pub fn read(path: &Path) -> Result<SchemaFile> {
        let name = path.display();
        let text = std::fs::read(path).with_context(|| format!("cannot read the schema {name}"))?;
        let file: SchemaFile =
            serde_json::from_slice(&text).with_context(|| format!("{name} is no provider schema"))?;
        ensure!(!file.providers.is_empty(), "{name} has no provider");
        Ok(file)
    }
}

impl Attribute {
    /// Whether the type is a list or a set.
    pub fn is_collection(&self) -> bool {
        let kind = self.r#type.as_ref().and_then(|of| of.get(0)?.as_str());
        matches!(kind, Some("list" | "set"))
    }

    pub fn is_string(&self) -> bool {
        self.r#type.as_ref().is_some_and(|of| of == "string")
    }

    /// Whether only the provider sets the value.
    pub fn is_read_only(&self) -> bool {
        self.computed && !self.optional && !self.required
    }
}

impl From<&ProviderSchema> for messages::ProviderSchema {
    fn from(schema: &ProviderSchema) -> messages::ProviderSchema {
        let all = |schemas: &BTreeMap<String, Schema>| {
            let each = schemas.iter().map(|(name, schema)| (name.clone(), schema.into()));
            each.collect()
        };
        messages::ProviderSchema {
            provider: Some((&schema.provider).into()),
            resources: all(&schema.resources),
            data_sources: all(&schema.data_sources),
            ephemeral_resources: all(&schema.ephemeral_resources),
        }
    }
}

impl From<&Schema> for messages::Schema {
    fn from(schema: &Schema) -> messages::Schema {
        messages::Schema {
            version: schema.version,
            block: Some((&schema.block).into()),
        }
    }
}

impl From<&Block> for messages::Block {
    fn from(block: &Block) -> messages::Block {
        let nested = |(name, nested): (&String, &NestedBlock)| messages::NestedBlock {
            type_name: name.clone(),
            block: Some((&nested.block).into()),
            nesting: nested.nesting as i32,
            min_items: nested.min_items,
            max_items: nested.max_items,
        };
        messages::Block {
            attributes: attributes(block),
            block_types: block.blocks.iter().map(nested).collect(),
            deprecated: block.deprecated,
        }
    }
}

fn attributes(block: &Block) -> Vec<messages::Attribute> {
    let each = |(name, attribute): (&String, &Attribute)| messages::Attribute {
        name: name.clone(),
        r#type: attribute
            .r#type
            .as_ref()
            .map_or_else(Vec::new, |of| of.to_string().into_bytes()),
        nested_type: attribute.nested.as_ref().map(|nested| messages::Object {
            attributes: attributes(&nested.block),
            nesting: nested.nesting as i32,
        }),
        required: attribute.required,
        optional: attribute.optional,
        computed: attribute.computed,
        sensitive: attribute.sensitive,
        deprecated: attribute.deprecated,
        write_only: attribute.write_only,
    };
    block.attributes.iter().map(each).collect()
}
