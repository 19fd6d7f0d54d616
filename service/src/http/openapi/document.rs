//! The OpenAPI document: what the framework generates, plus what its schemas cannot express.

use super::operation_policy::OperationPolicy;
use crate::http::contract::any_caller::CLIENT_SCHEME;
use http::Method;
use poem::endpoint::BoxEndpoint;
use poem_openapi::registry::{MetaApi, MetaMediaType, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ContactObject, LicenseObject, OpenApi, OpenApiService};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;

/// The OpenAPI document of these operations, as JSON. `policies`: what the edge does differently for them.
pub fn document<T: OpenApi + 'static>(policies: &[OperationPolicy]) -> String {
    let spec = describe(Described::<T>(PhantomData)).spec();
    let mut document: Value = serde_json::from_str(&spec).unwrap_or_default();
    for name in T::meta().iter().flat_map(request_schemas) {
        // The framework's schemas cannot express `false` here.
        document["components"]["schemas"][name]["additionalProperties"] = false.into();
    }
    describe_successes(&mut document);
    plain_media_types(&mut document);
    describe_public_data(&mut document, policies);
    describe_conditions(&mut document);
    describe_client_scopes(&mut document);
    // An operation without a security scheme is public.
    document["security"] = Value::Array(Vec::new());
    format!("{document:#}\n")
}

/// Successes without a description of their own: the framework leaves it empty.
fn describe_successes(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.filter_map(|(_, path)| path.as_object_mut()).flatten();
    let responses = operations.filter_map(|(_, operation)| operation["responses"].as_object_mut());
    for (status, response) in responses.flatten() {
        if status.starts_with('2') && response["description"] == "" {
            response["description"] = "The request succeeded".into();
        }
    }
}

/// Without `charset`, which JSON does not have (RFC 8259 §11): code generators make names out of media types.
fn plain_media_types(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::Object(content)) = members.get_mut("content") {
                let plain = std::mem::take(content).into_iter().map(|(media_type, schema)| {
                    let plain = media_type.split(';').next().unwrap_or_default();
                    (plain.to_owned(), schema)
                });
                content.extend(plain);
            }
            members.values_mut().for_each(plain_media_types);
        }
        Value::Array(values) => values.iter_mut().for_each(plain_media_types),
        _ => {}
    }
}

/// The scope that a machine client needs is that of the other scheme of the operation; the framework lists no scopes.
fn describe_client_scopes(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.filter_map(|(_, path)| path.as_object_mut()).flatten();
    for (_, operation) in operations {
        let schemes = operation.get_mut("security").and_then(Value::as_array_mut);
        let Some(schemes) = schemes else { continue };
        let mut names = schemes.iter().filter_map(Value::as_object).flat_map(Map::keys);
        let scope = names.find(|name| *name != CLIENT_SCHEME);
        let Some(scope) = scope.map(|name| name.replace('.', ":")) else {
            continue;
        };
        for scheme in schemes {
            if let Some(scopes) = scheme.get_mut(CLIENT_SCHEME) {
                *scopes = json!([scope]);
            }
        }
    }
}

/// The edge adds the entity tag of public data.
fn describe_public_data(document: &mut Value, policies: &[OperationPolicy]) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, methods) in paths {
        let is_public_data = policies
            .iter()
            .any(|policy| policy.is_public_data && policy.path == path);
        if is_public_data {
            methods["get"]["responses"]["200"]["headers"]["ETag"] = json!({
                "description": "Changes whenever the response does. Send it as `If-None-Match`",
                "required": true,
                "schema": { "type": "string", "example": "\"1\"" },
            });
        }
    }
}

/// The edge answers 304 wherever a response has an entity tag.
fn describe_conditions(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for operation in paths.filter_map(|(_, path)| path.get_mut("get")) {
        if operation["responses"]["200"]["headers"]["ETag"].is_null() {
            continue;
        }
        operation["responses"]["304"] =
            json!({ "description": "The representation that the client has is current" });
        let parameter = json!({
            "name": "If-None-Match",
            "in": "header",
            "description": "Entity tags that the client has",
            "required": false,
            "schema": { "type": "string", "example": "\"1\"" },
        });
        if let Some(parameters) = operation["parameters"].as_array_mut() {
            parameters.push(parameter);
        } else {
            operation["parameters"] = json!([parameter]);
        }
    }
}

/// The operations with the title, description and licence of the API.
pub fn describe<T: OpenApi>(operations: T) -> OpenApiService<T, ()> {
    OpenApiService::new(operations, "Portcullis", env!("CARGO_PKG_VERSION"))
        .description(
            "Daily freight rates between ports and regions, in US dollars per container. Every error response (4xx and 5xx) is an \
             `application/problem+json` document (RFC 9457) that lists the invalid fields, except for those of `/oauth/token` that \
             RFC 6749 defines.",
        )
        .contact(ContactObject::new().name("The maintainers of Portcullis"))
        .license(LicenseObject::new("MIT OR Apache-2.0").url("https://spdx.org/licenses/"))
        .server("/")
}

/// The metadata of operations without the operations: the document is written without a database.
struct Described<T>(PhantomData<T>);

impl<T: OpenApi> OpenApi for Described<T> {
    fn meta() -> Vec<MetaApi> {
        T::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
        for name in T::meta().iter().flat_map(request_schemas) {
            if let Some(schema) = registry.schemas.get_mut(&name) {
                make_optional_members_nullable(schema);
            }
        }
    }

    fn add_routes(self, _table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

/// The names of the schemas of JSON request bodies. Forms may have further members (RFC 6749 §3.1).
fn request_schemas(api: &MetaApi) -> HashSet<String> {
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

/// In a request body, null for an optional member means the same as leaving it out.
fn make_optional_members_nullable(schema: &mut MetaSchema) {
    for (name, member) in &mut schema.properties {
        if let (false, MetaSchemaRef::Inline(member)) = (schema.required.contains(name), member) {
            member.nullable = true;
            if !member.enum_items.is_empty() {
                member.enum_items.push(Value::Null);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::sessions::SessionsApi;

    #[test]
    fn request_bodies_have_no_other_members_and_nullable_optional_ones() {
        let document: Value = serde_json::from_str(&document::<SessionsApi>(&[])).unwrap();
        let schemas = &document["components"]["schemas"];
        assert_eq!(
            schemas["LogInRequest"]["additionalProperties"],
            Value::Bool(false)
        );
        assert_eq!(
            schemas["LogInRequest"]["properties"]["code"]["nullable"],
            Value::Bool(true)
        );
        assert_eq!(
            schemas["LogInRequest"]["properties"]["email"]["nullable"],
            Value::Null
        );
        assert_eq!(schemas["TokenPair"]["additionalProperties"], Value::Null);
        assert_eq!(document["security"], Value::Array(Vec::new()));
    }
}
