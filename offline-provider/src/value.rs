//! Values of attributes as Terraform sends them: msgpack in which an extension type means "known after apply".

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use rmpv::Value as Leaf;

use crate::messages::DynamicValue;
use crate::schema::Nesting;

/// Attributes and blocks by name.
pub type Object = BTreeMap<String, Value>;

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Null, a scalar, or an unknown value with what is known about it.
    Leaf(Leaf),
    List(Vec<Value>),
    Object(Object),
}

impl Value {
    pub const NULL: Value = Value::Leaf(Leaf::Nil);

    /// "Known after apply".
    pub fn unknown() -> Value {
        Value::Leaf(Leaf::Ext(0, vec![0]))
    }

    pub fn text(text: impl Into<String>) -> Value {
        let text: String = text.into();
        Value::Leaf(text.into())
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self, Value::Leaf(Leaf::Ext(..)))
    }

    pub fn is_null(&self) -> bool {
        *self == Value::NULL
    }

    pub fn is_empty_list(&self) -> bool {
        matches!(self, Value::List(elements) if elements.is_empty())
    }

    pub fn has_unknown_element(&self) -> bool {
        matches!(self, Value::List(elements) if elements.iter().any(Value::is_unknown))
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Leaf(leaf) => leaf.as_str(),
            _ => None,
        }
    }

    /// The objects of a nested block.
    pub fn objects(&self, nesting: Nesting) -> Vec<&Object> {
        match self {
            Value::List(elements) => elements.iter().filter_map(Value::as_object).collect(),
            Value::Object(members) => {
                if nesting == Nesting::Map {
                    members.values().filter_map(Value::as_object).collect()
                } else {
                    vec![members]
                }
            }
            Value::Leaf(_) => Vec::new(),
        }
    }

    /// The same, to change them.
    pub fn objects_mut(&mut self, nesting: Nesting) -> Vec<&mut Object> {
        match self {
            Value::List(elements) => elements.iter_mut().filter_map(Value::as_object_mut).collect(),
            Value::Object(members) => {
                if nesting == Nesting::Map {
                    members.values_mut().filter_map(Value::as_object_mut).collect()
                } else {
                    vec![members]
                }
            }
            Value::Leaf(_) => Vec::new(),
        }
    }

    fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Reads a message; `None` is null, which stands for a resource that does not exist.
    pub fn decode(message: Option<&DynamicValue>) -> Result<Option<Object>> {
        let Some(message) = message else {
            return Ok(None);
        };
        let value = if message.msgpack.is_empty() {
            Value::from(&serde_json::from_slice(&message.json).context("a value is no JSON")?)
        } else {
            let leaf = rmpv::decode::read_value(&mut message.msgpack.as_slice());
            Value::from(leaf.context("a value is no msgpack")?)
        };
        match value {
            Value::Object(members) => Ok(Some(members)),
            value if value.is_null() => Ok(None),
            _ => bail!("a resource is no object"),
        }
    }

    pub fn encode(object: Object) -> Result<DynamicValue> {
        let mut msgpack = Vec::new();
        rmpv::encode::write_value(&mut msgpack, &Value::Object(object).into())?;
        Ok(DynamicValue {
            msgpack,
            json: Vec::new(),
        })
    }
}

impl From<Leaf> for Value {
    fn from(leaf: Leaf) -> Value {
        match leaf {
            Leaf::Array(elements) => Value::List(elements.into_iter().map(Value::from).collect()),
            Leaf::Map(members) => {
                let name = |key: &Leaf| key.as_str().unwrap_or_default().to_owned();
                let members = members.into_iter().map(|(key, value)| (name(&key), value.into()));
                Value::Object(members.collect())
            }
            leaf => Value::Leaf(leaf),
        }
    }
}

impl From<Value> for Leaf {
    fn from(value: Value) -> Leaf {
        match value {
            Value::Leaf(leaf) => leaf,
            Value::List(elements) => Leaf::Array(elements.into_iter().map(Leaf::from).collect()),
            Value::Object(members) => {
                let members = members
                    .into_iter()
                    .map(|(name, value)| (name.into(), value.into()));
                Leaf::Map(members.collect())
            }
        }
    }
}

impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::NULL,
            Json::Bool(value) => Value::Leaf((*value).into()),
            Json::Number(number) => {
                let whole = number.as_i64().map(Leaf::from);
                let leaf = whole.or_else(|| number.as_f64().map(Leaf::from));
                Value::Leaf(leaf.unwrap_or(Leaf::Nil))
            }
            Json::String(text) => Value::text(text),
            Json::Array(elements) => Value::List(elements.iter().map(Value::from).collect()),
            Json::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.clone(), value.into()));
                Value::Object(members.collect())
            }
        }
    }
}
