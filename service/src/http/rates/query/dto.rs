//! The request body of `POST /rates/query`.

use crate::domain::rates::streams::{Lane, MAX_LANES};
use crate::http::contract::field::{Field, FieldValue};
use crate::http::rates::fields::{PlaceField, places};
use crate::http::rates::formats::Contract;
use crate::types::day::Day;
use crate::types::field_error::{FieldError, Location};
use crate::types::place::Place;
use poem_openapi::Object;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, ParseResult, ToJSON, Type};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Errors of lanes that are reported.
const MAX_REPORTED: usize = 100;

/// Lanes and days whose rates are listed.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub struct RateQuery {
    /// First day, inclusive.
    pub date_from: Field<Day>,
    /// Last day, inclusive.
    pub date_to: Field<Day>,
    /// The lanes.
    pub lanes: LaneList,
}

/// The lanes as they were sent: each error names its lane.
pub struct LaneList(Option<Value>);

impl LaneList {
    /// The lanes, each with the contract of its names, or `None` after adding errors to the list.
    pub fn parse(self, errors: &mut Vec<FieldError>) -> Option<Vec<(Contract, Lane)>> {
        let mut reject = |reason: String| {
            errors.push(FieldError::new(Location::Body, "lanes", reason));
            None
        };
        let lanes = match self.0 {
            None | Some(Value::Null) => return reject("is missing".to_owned()),
            Some(Value::Array(lanes)) if lanes.is_empty() => {
                return reject("must have at least one lane".to_owned());
            }
            Some(Value::Array(lanes)) if lanes.len() > MAX_LANES => {
                return reject(format!("has more than {MAX_LANES} lanes"));
            }
            Some(Value::Array(lanes)) => lanes,
            Some(_) => return reject("must be an array".to_owned()),
        };
        let mut parsed = Vec::with_capacity(lanes.len());
        let before = errors.len();
        for (index, lane) in lanes.into_iter().enumerate() {
            parsed.extend(parse_lane(index, lane, errors));
            if errors.len() - before > MAX_REPORTED {
                errors.truncate(before + MAX_REPORTED);
                break;
            }
        }
        (errors.len() == before).then_some(parsed)
    }
}

fn parse_lane(index: usize, lane: Value, errors: &mut Vec<FieldError>) -> Option<(Contract, Lane)> {
    let Value::Object(mut members) = lane else {
        let name = format!("lanes[{index}]");
        errors.push(FieldError::new(Location::Body, &name, "must be an object"));
        return None;
    };
    let prefix = format!("lanes[{index}].");
    let counted = Contract::Counted.names().map(|name| take(&mut members, name));
    let rounded = Contract::Rounded.names().map(|name| take(&mut members, name));
    for name in members.keys() {
        // The name is the client's own: nothing but the characters of a name is echoed.
        let name: String = name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let reason = "is not a member of a lane";
        errors.push(FieldError::new(
            Location::Body,
            &format!("{prefix}{name}"),
            reason,
        ));
    }
    let (contract, origin, destination) = places(counted, rounded, Location::Body, &prefix, errors)?;
    Some((contract, Lane { origin, destination }))
}

fn take(members: &mut Map<String, Value>, name: &str) -> PlaceField {
    PlaceField::of_member(members.remove(name))
}

impl Type for LaneList {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "lanes".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            items: Some(Box::new(MetaSchemaRef::Reference("RateLane".to_owned()))),
            min_items: Some(1),
            max_items: Some(MAX_LANES),
            ..MetaSchema::new("array")
        }))
    }

    fn register(registry: &mut Registry) {
        let place = |description| {
            MetaSchemaRef::Inline(Box::new(MetaSchema {
                description: Some(description),
                ..<Place as FieldValue>::schema()
            }))
        };
        let lane = MetaSchema {
            description: Some("A lane: `orig_code` and `dest_code`, or `origin` and `destination`"),
            properties: vec![
                ("orig_code", place("Place of loading; requires `dest_code`")),
                ("dest_code", place("Place of discharge; requires `orig_code`")),
                ("origin", place("Place of loading; requires `destination`")),
                ("destination", place("Place of discharge; requires `origin`")),
            ],
            ..MetaSchema::new("object")
        };
        registry.schemas.insert("RateLane".to_owned(), lane);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::empty())
    }
}

/// Never fails: the lanes are parsed with the other fields.
impl ParseFromJSON for LaneList {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        Ok(Self(value))
    }
}

impl ToJSON for LaneList {
    fn to_json(&self) -> Option<Value> {
        self.0.clone()
    }
}
