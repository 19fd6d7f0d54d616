//! The OpenAPI document: what the framework says of the operations, and what it has no words for.

use http::Method;
use poem::endpoint::BoxEndpoint;
use poem_openapi::registry::{MetaApi, MetaMediaType, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ContactObject, LicenseObject, OpenApi, OpenApiService};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;

/// A type that stands for `"additionalProperties": false` until the document is text.
const NO_OTHERS: &str = "no others";

/// The OpenAPI document of these operations, as JSON.
pub fn document<T: OpenApi + 'static>() -> String {
    let document = closed(&describe(Described::<T>(PhantomData)).spec());
    // An operation that names no security scheme is open on purpose.
    let members = document.trim_end();
    let members = members.strip_suffix('}').unwrap_or(members).trim_end();
    format!("{members},\n  \"security\": []\n}}\n")
}

/// The page that shows the document, as the framework makes it.
pub fn page<T: OpenApi + 'static>() -> String {
    describe(Described::<T>(PhantomData)).swagger_ui_html()
}

/// The operations with what is said of all of them.
pub fn describe<T: OpenApi>(operations: T) -> OpenApiService<T, ()> {
    OpenApiService::new(operations, "Portcullis", env!("CARGO_PKG_VERSION"))
        .description(
            "Daily freight rates between ports and regions, in whole US dollars a container. Every 4xx and 5xx is an \
             `application/problem+json` (RFC 9457) that names the offending fields.",
        )
        .contact(ContactObject::new().name("The maintainers of Portcullis"))
        .license(LicenseObject::new("MIT OR Apache-2.0").url("https://spdx.org/licenses/"))
        .server("/")
}

/// The description of operations without the operations: writing the document needs no database.
struct Described<T>(PhantomData<T>);

impl<T: OpenApi> OpenApi for Described<T> {
    fn meta() -> Vec<MetaApi> {
        T::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
        for name in T::meta().iter().flat_map(bodies) {
            if let Some(schema) = registry.schemas.get_mut(&name) {
                close(schema);
            }
        }
    }

    fn add_routes(self, _table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

/// The names of the schemas of all JSON that is sent to us. Forms may have more (RFC 6749 §3.1).
fn bodies(api: &MetaApi) -> HashSet<String> {
    let operations = api.paths.iter().flat_map(|path| &path.operations);
    let content = operations
        .filter_map(|operation| operation.request.as_ref())
        .flat_map(|body| &body.content);
    let name = |content: &MetaMediaType| match &content.schema {
        MetaSchemaRef::Reference(name) if content.content_type.starts_with("application/json") => {
            Some(name.clone())
        }
        _ => None,
    };
    content.filter_map(name).collect()
}

/// What is sent to us has the members of its schema and no others; those that are not required may be null, which is as
/// good as nothing.
fn close(schema: &mut MetaSchema) {
    schema.additional_properties = Some(Box::new(MetaSchemaRef::Inline(Box::new(MetaSchema::new(
        NO_OTHERS,
    )))));
    for (name, member) in &mut schema.properties {
        if let (false, MetaSchemaRef::Inline(member)) = (schema.required.contains(name), member) {
            member.nullable = true;
            if !member.enum_items.is_empty() {
                member.enum_items.push(Value::Null);
            }
        }
    }
}

/// Writes `false` for each [`NO_OTHERS`].
fn closed(document: &str) -> String {
    let marker = format!("\"type\": \"{NO_OTHERS}\"");
    let mut pieces = document.split(&marker);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        text.truncate(text.trim_end().trim_end_matches('{').len());
        text.push_str("false");
        text.push_str(piece.trim_start().trim_start_matches('}'));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_for_no_others_is_false() {
        let document =
            "{\n \"a\": {\n  \"type\": \"no others\"\n },\n \"b\": {\n  \"type\": \"string\"\n }\n}";
        assert_eq!(
            closed(document),
            "{\n \"a\": false,\n \"b\": {\n  \"type\": \"string\"\n }\n}"
        );
        assert_eq!(closed("{}"), "{}");
    }
}
