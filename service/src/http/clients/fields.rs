//! Fields of clients: id, name, scopes, and ids and lifetimes of credentials.

use crate::http::contract::field::{FieldValue, rejection_of_line};
use crate::types::client::{ClientId, ClientName, ClientScopes, CredentialId, CredentialLifetime};
use crate::types::role::Scope;
use crate::types::visible_line::visible_line_pattern;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use serde_json::Value;
use std::borrow::Cow;

impl FieldValue for ClientId {
    const EXPECTED: &'static str = "must be a client id, such as 67e55044-10b1-426f-9247-bb680e5fe0c8";

    fn parse(text: &str) -> Option<Self> {
        ClientId::parse(text)
    }

    fn schema() -> MetaSchema {
        uuid()
    }
}

impl FieldValue for CredentialId {
    const EXPECTED: &'static str =
        "must be the id of a secret or a key, such as 67e55044-10b1-426f-9247-bb680e5fe0c8";

    fn parse(text: &str) -> Option<Self> {
        CredentialId::parse(text)
    }

    fn schema() -> MetaSchema {
        uuid()
    }
}

impl FieldValue for ClientName {
    const EXPECTED: &'static str =
        "must have 1 to 100 characters on one line, each of them visible or a space";

    fn parse(text: &str) -> Option<Self> {
        ClientName::parse(text)
    }

    fn rejection(text: &str) -> Cow<'static, str> {
        rejection_of_line(ClientName::check(text).err(), Self::EXPECTED)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            min_length: Some(1),
            max_length: Some(Self::MAX_LENGTH),
            pattern: Some(visible_line_pattern()),
            example: Some("Nightly price upload".into()),
            ..MetaSchema::new("string")
        }
    }
}

impl FieldValue for ClientScopes {
    const EXPECTED: &'static str =
        "must be a list of one or both of rates:write and tokens:introspect, each of them once";

    fn parse(_text: &str) -> Option<Self> {
        // In bodies only, where it is an array.
        None
    }

    fn parse_json(value: &Value) -> Option<Self> {
        let names: Option<Vec<&str>> = value.as_array()?.iter().map(Value::as_str).collect();
        Self::of_names(names?)
    }

    fn schema() -> MetaSchema {
        let names = Scope::OF_CLIENTS.map(|scope| scope.as_str());
        let item = MetaSchema {
            enum_items: names.iter().map(|name| (*name).into()).collect(),
            ..MetaSchema::new("string")
        };
        MetaSchema {
            items: Some(Box::new(MetaSchemaRef::Inline(Box::new(item)))),
            min_items: Some(1),
            unique_items: Some(true),
            example: Some(vec![names[0]].into()),
            ..MetaSchema::new("array")
        }
    }
}

impl FieldValue for CredentialLifetime {
    const EXPECTED: &'static str = "must be a whole number of days from 1 to 730";

    fn parse(_text: &str) -> Option<Self> {
        // In bodies only, where it is a number.
        None
    }

    fn parse_json(value: &Value) -> Option<Self> {
        value.as_i64().and_then(Self::of)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            minimum: Some(1.0),
            maximum: Some(f64::from(Self::MAX)),
            default: Some(Self::default().days().into()),
            ..MetaSchema::new_with_format("integer", "int32")
        }
    }
}

fn uuid() -> MetaSchema {
    MetaSchema {
        example: Some("67e55044-10b1-426f-9247-bb680e5fe0c8".into()),
        ..MetaSchema::new_with_format("string", "uuid")
    }
}
