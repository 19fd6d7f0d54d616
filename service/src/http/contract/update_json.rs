//! Bodies of updates, which accept the response of the corresponding GET: a client reads a resource, changes a member and
//! sends all of it back.

use super::strict_json::{StrictJson, members, typed};
use crate::types::field_error::{FieldError, Location};
use chrono::{DateTime, TimeDelta};
use poem::{Request, RequestBody, Result};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};
use serde_json::{Map, Value};
use std::marker::PhantomData;

/// Times are compared with this tolerance: clients that parse and print them may drop digits.
const MAX_TIME_DIFFERENCE: TimeDelta = TimeDelta::seconds(1);

/// A JSON body of type `T`, which may also contain the members of the representation `R` that `T` lacks.
pub struct UpdateJson<T, R> {
    /// The update.
    pub update: T,
    /// The read-only members that were sent along.
    pub sent_back: SentBack,
    representation: PhantomData<fn() -> R>,
}

/// Read-only members that a client sent back. They must not have been changed: a client that sends another role must not
/// believe that it has been assigned.
#[derive(Debug, Default)]
pub struct SentBack(Map<String, Value>);

impl SentBack {
    /// Adds an error for each member that differs from the current representation.
    pub fn report_changes(&self, current: &impl ToJSON, errors: &mut Vec<FieldError>) {
        let current = current.to_json().unwrap_or_default();
        let differs = |(name, sent): &(&String, &Value)| !is_same(sent, &current[name.as_str()]);
        errors.extend(self.0.iter().filter(differs).map(|(name, _)| {
            let reason = "is read-only: leave it out, or send it as it was returned";
            FieldError::new(Location::Body, name, reason)
        }));
    }

    /// The same without a member that changes by itself.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A member that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }
}

/// A missing member is null.
fn is_same(sent: &Value, current: &Value) -> bool {
    let time = |value: &Value| DateTime::parse_from_rfc3339(value.as_str()?).ok();
    match (time(sent), time(current)) {
        (Some(sent), Some(current)) => (sent - current).abs() < MAX_TIME_DIFFERENCE,
        _ => sent == current,
    }
}

impl<T: Type, R: Type> Payload for UpdateJson<T, R> {
    const CONTENT_TYPE: &'static str = StrictJson::<T>::CONTENT_TYPE;

    fn check_content_type(content_type: &str) -> bool {
        StrictJson::<T>::check_content_type(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    /// Adds the read-only members to the schema of the update.
    fn register(registry: &mut Registry) {
        T::register(registry);
        R::register(registry);
        let (MetaSchemaRef::Reference(update), MetaSchemaRef::Reference(representation)) =
            (T::schema_ref(), R::schema_ref())
        else {
            return;
        };
        let members = registry
            .schemas
            .get(&representation)
            .map(|schema| schema.properties.clone());
        let Some(schema) = registry.schemas.get_mut(&update) else {
            return;
        };
        for (name, member) in members.unwrap_or_default() {
            if schema.properties.iter().all(|(known, _)| *known != name) {
                let read_only = MetaSchema {
                    read_only: true,
                    ..MetaSchema::ANY
                };
                schema.properties.push((name, member.merge(read_only)));
            }
        }
    }
}

impl<T: ParseFromJSON, R: Type> ParsePayload for UpdateJson<T, R> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let mut value = StrictJson::<T>::read(request, body).await?;
        let mut sent_back = Map::new();
        if let Some(object) = value.as_object_mut() {
            let updatable = members::<T>();
            for name in members::<R>()
                .into_iter()
                .filter(|name| !updatable.contains(name))
            {
                if let Some(value) = object.shift_remove(name) {
                    sent_back.insert(name.to_owned(), value);
                }
            }
        }
        Ok(Self {
            update: typed(value)?,
            sent_back: SentBack(sent_back),
            representation: PhantomData,
        })
    }
}

poem_openapi::impl_apirequest_for_payload!(UpdateJson<T, R>, T: ParseFromJSON, R: Type);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_that_clients_print_differently_are_the_same() {
        let now = json!("2026-11-29T03:04:05.678901Z");
        for (sent, current, same) in [
            (json!("2026-11-29T03:04:05.678Z"), now.clone(), true),
            (json!("2026-11-29T04:04:05+01:00"), now.clone(), true),
            (json!("2026-11-29T03:04:07Z"), now.clone(), false),
            (json!(null), json!(null), true),
            (json!(null), now, false),
            (json!(7), json!(7), true),
            (json!("7"), json!(7), false),
            (json!(["profile"]), json!(["profile"]), true),
            (json!(["profile", "users:write"]), json!(["profile"]), false),
        ] {
            assert_eq!(is_same(&sent, &current), same, "{sent} {current}");
        }
    }
}
