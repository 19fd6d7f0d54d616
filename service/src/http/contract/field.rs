//! Parameters and body members that collect parse errors instead of failing at the first, so that one response lists all of
//! them. A repeated parameter is invalid whatever its values.

use crate::types::field_error::{FieldError, Location};
use crate::types::visible_line::LineError;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type};
use serde_json::Value;
use std::borrow::Cow;
use std::marker::PhantomData;

/// A value of a query parameter, a path segment or a body member.
pub trait FieldValue: Sized + Send + Sync {
    /// What a valid value is, for the client that sent an invalid one.
    const EXPECTED: &'static str;

    /// Parses the value.
    fn parse(text: &str) -> Option<Self>;

    /// Whether a text in a body stands for no value: the member then counts as missing.
    fn is_blank(_text: &str) -> bool {
        false
    }

    /// Parses a member of a JSON body; a string by default.
    fn parse_json(value: &Value) -> Option<Self> {
        value.as_str().and_then(Self::parse)
    }

    /// Why [`Self::parse`] rejects this text; what a valid value is, by default.
    fn rejection(_text: &str) -> Cow<'static, str> {
        Self::EXPECTED.into()
    }

    /// The value as an example in the OpenAPI document, if it can be one.
    fn example_text(&self) -> Option<String> {
        None
    }

    /// The schema of the value.
    fn schema() -> MetaSchema;
}

/// Whether a field is required, as a type.
pub trait Presence: Send + Sync {
    /// Whether the schema marks the field as required.
    const REQUIRED: bool;
}

/// A required field.
#[derive(Debug)]
pub struct Required;

/// An optional field.
#[derive(Debug)]
pub struct Optional;

impl Presence for Required {
    const REQUIRED: bool = true;
}

impl Presence for Optional {
    const REQUIRED: bool = false;
}

/// A parsed field.
#[derive(Debug)]
pub struct Field<T, P = Required> {
    location: Location,
    state: State<T>,
    presence: PhantomData<P>,
}

#[derive(Debug)]
enum State<T> {
    Missing,
    Invalid(Cow<'static, str>),
    Repeated,
    Valid(T),
}

impl<T: FieldValue> State<T> {
    fn parsed(value: Option<T>, text: Option<&str>) -> Self {
        let reason = || text.map_or(T::EXPECTED.into(), T::rejection);
        value.map_or_else(|| Self::Invalid(reason()), Self::Valid)
    }

    fn of_values<I: IntoIterator<Item = A>, A: AsRef<str>>(values: I) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Missing,
            (Some(value), None) => Self::parsed(T::parse(value.as_ref()), Some(value.as_ref())),
            (Some(_), Some(_)) => Self::Repeated,
        }
    }
}

/// The reason for a line with a hidden character, which its author cannot see; `expected` for others.
pub fn rejection_of_line(error: Option<LineError>, expected: &'static str) -> Cow<'static, str> {
    match error {
        Some(error @ LineError::Hidden(_)) => error.to_string().into(),
        Some(LineError::Empty | LineError::Long) | None => expected.into(),
    }
}

impl<T: FieldValue, P> Field<T, P> {
    /// The value, or `None` after adding an error to the list. A missing value is an error.
    pub fn required(self, name: &str, errors: &mut Vec<FieldError>) -> Option<T> {
        if matches!(self.state, State::Missing) {
            errors.push(FieldError::new(self.location, name, "is missing"));
        }
        self.optional(name, errors)
    }

    /// The value, or `None` if it is missing or after adding an error to the list.
    pub fn optional(self, name: &str, errors: &mut Vec<FieldError>) -> Option<T> {
        match self.state {
            State::Valid(value) => return Some(value),
            State::Missing => {}
            State::Invalid(reason) => errors.push(FieldError::new(self.location, name, reason)),
            State::Repeated => errors.push(FieldError::new(self.location, name, "is given more than once")),
        }
        None
    }

    /// The value of a path segment; an invalid one identifies no resource.
    pub fn segment(self) -> Option<T> {
        match self.state {
            State::Valid(value) => Some(value),
            _ => None,
        }
    }

    /// An example for the OpenAPI document.
    pub fn example(text: &str) -> Self {
        Self::of(
            Location::Query,
            T::parse(text).map_or(State::Missing, State::Valid),
        )
    }

    /// From the values of a header field.
    pub fn of_header<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of(Location::Header, State::of_values(values))
    }

    fn of(location: Location, state: State<T>) -> Self {
        Self {
            location,
            state,
            presence: PhantomData,
        }
    }

    /// A member of a JSON body.
    pub fn of_member(value: Option<Value>) -> Self
    where
        P: Presence,
    {
        let state = match value {
            None => State::Missing,
            Some(Value::Null) if !P::REQUIRED => State::Missing,
            Some(Value::String(text)) if T::is_blank(&text) => State::Missing,
            Some(value) => State::parsed(T::parse_json(&value), value.as_str()),
        };
        Self::of(Location::Body, state)
    }

    /// Whether the field was given at all, valid or not.
    pub fn is_given(&self) -> bool {
        !matches!(self.state, State::Missing)
    }
}

impl<T: FieldValue, P: Presence> Type for Field<T, P> {
    const IS_REQUIRED: bool = P::REQUIRED;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "field".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(T::schema()))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::empty())
    }
}

impl<T: FieldValue, P: Presence> ParseFromParameter for Field<T, P> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        Self::parse_from_parameters([value])
    }

    fn parse_from_parameters<I: IntoIterator<Item = A>, A: AsRef<str>>(values: I) -> ParseResult<Self> {
        Ok(Self::of(Location::Query, State::of_values(values)))
    }
}

/// Never fails: an invalid member is reported together with the others.
impl<T: FieldValue, P: Presence> ParseFromJSON for Field<T, P> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        Ok(Self::of_member(value))
    }
}

/// Only examples in the OpenAPI document are serialized.
impl<T: FieldValue, P: Presence> ToJSON for Field<T, P> {
    fn to_json(&self) -> Option<Value> {
        match &self.state {
            State::Valid(value) => value.example_text().map(Value::from),
            _ => None,
        }
    }
}
