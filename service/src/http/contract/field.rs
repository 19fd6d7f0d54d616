//! Parameters and body members that are parsed without stopping at the first bad one, so that an answer names all of
//! them. A parameter that is given twice is bad whatever its values.

use crate::types::field_error::{FieldError, Location};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type};
use serde_json::Value;
use std::borrow::Cow;
use std::marker::PhantomData;

/// A value that can stand in a query, a path or a body.
pub trait FieldValue: Sized + Send + Sync {
    /// What a good value is, in words for the sender of a bad one.
    const EXPECTED: &'static str;

    /// Parses the value.
    fn parse(text: &str) -> Option<Self>;

    /// Parses a member of a JSON body: a text, unless the value says otherwise.
    fn parse_json(value: &Value) -> Option<Self> {
        value.as_str().and_then(Self::parse)
    }

    /// How the value is written as an example in the document; `None`: it never is.
    fn example_text(&self) -> Option<String> {
        None
    }

    /// The value's schema in the document.
    fn schema() -> MetaSchema;
}

/// Whether the document calls a parameter required.
pub trait Presence: Send + Sync {
    /// Whether it does.
    const REQUIRED: bool;
}

/// It does.
#[derive(Debug)]
pub struct Required;

/// It does not.
#[derive(Debug)]
pub struct Optional;

impl Presence for Required {
    const REQUIRED: bool = true;
}

impl Presence for Optional {
    const REQUIRED: bool = false;
}

/// What became of a parameter.
#[derive(Debug)]
pub struct Field<T, P = Required> {
    location: Location,
    state: State<T>,
    presence: PhantomData<P>,
}

#[derive(Debug)]
enum State<T> {
    Missing,
    Bad,
    Repeated,
    Good(T),
}

impl<T: FieldValue, P> Field<T, P> {
    /// The value, or `None` after adding a fault to the list. A missing one is a fault.
    pub fn required(self, name: &str, errors: &mut Vec<FieldError>) -> Option<T> {
        if matches!(self.state, State::Missing) {
            errors.push(FieldError::new(self.location, name, "is missing"));
        }
        self.optional(name, errors)
    }

    /// The value, or `None` when it is missing, or after adding a fault to the list.
    pub fn optional(self, name: &str, errors: &mut Vec<FieldError>) -> Option<T> {
        match self.state {
            State::Good(value) => return Some(value),
            State::Missing => {}
            State::Bad => errors.push(FieldError::new(self.location, name, T::EXPECTED)),
            State::Repeated => errors.push(FieldError::new(self.location, name, "is given more than once")),
        }
        None
    }

    /// The value of a path segment: a text that cannot name anything names nothing.
    pub fn segment(self) -> Option<T> {
        match self.state {
            State::Good(value) => Some(value),
            _ => None,
        }
    }

    /// An example for the document.
    pub fn example(text: &str) -> Self {
        Self::of(
            Location::Query,
            T::parse(text).map_or(State::Missing, State::Good),
        )
    }

    fn of(location: Location, state: State<T>) -> Self {
        Self {
            location,
            state,
            presence: PhantomData,
        }
    }

    /// Whether the parameter was given at all, good or bad.
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
        let mut values = values.into_iter();
        let state = match (values.next(), values.next()) {
            (None, _) => State::Missing,
            (Some(value), None) => T::parse(value.as_ref()).map_or(State::Bad, State::Good),
            (Some(_), Some(_)) => State::Repeated,
        };
        Ok(Self::of(Location::Query, state))
    }
}

/// Never fails: what is wrong with a member is told together with what is wrong with the others.
impl<T: FieldValue, P: Presence> ParseFromJSON for Field<T, P> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let state = match value {
            None => State::Missing,
            Some(Value::Null) if !P::REQUIRED => State::Missing,
            Some(value) => T::parse_json(&value).map_or(State::Bad, State::Good),
        };
        Ok(Self::of(Location::Body, state))
    }
}

/// Only examples in the document are written as JSON; what is asked for never is.
impl<T: FieldValue, P: Presence> ToJSON for Field<T, P> {
    fn to_json(&self) -> Option<Value> {
        match &self.state {
            State::Good(value) => value.example_text().map(Value::from),
            _ => None,
        }
    }
}
