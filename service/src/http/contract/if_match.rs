//! `ETag` and `If-Match` (RFC 9110 §8.8.3, §13.1.1): no client overwrites a version that it has not read.

use super::field::{Optional, Presence, Required};
use super::problem::Problem;
use crate::types::field_error::{FieldError, Location};
use crate::types::version_precondition::VersionPrecondition;
use http::{HeaderMap, StatusCode, header};
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaParamIn, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use std::marker::PhantomData;

/// The precondition of a change. The argument must be named `If-Match`.
#[derive(Debug)]
pub struct IfMatch<P = Required> {
    state: State,
    presence: PhantomData<P>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Missing,
    Invalid,
    Given(VersionPrecondition),
}

impl IfMatch<Required> {
    /// The precondition. A malformed header is an invalid field like any other; a missing one is 428, unless other fields are
    /// invalid.
    pub fn required(self, mut errors: Vec<FieldError>) -> Result<VersionPrecondition, Problem> {
        let expected = self.state.expected(&mut errors);
        match expected {
            _ if !errors.is_empty() => Err(Problem::invalid(errors)),
            Some(expected) => Ok(expected),
            None => Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "precondition-required",
                "`If-Match` is required: send the `ETag` of the version to change",
            )),
        }
    }
}

impl IfMatch<Optional> {
    /// The precondition; any version if the header is missing.
    pub fn optional(self, errors: &mut Vec<FieldError>) -> VersionPrecondition {
        self.state.expected(errors).unwrap_or(VersionPrecondition::Any)
    }
}

impl State {
    fn expected(self, errors: &mut Vec<FieldError>) -> Option<VersionPrecondition> {
        match self {
            Self::Given(expected) => return Some(expected),
            Self::Missing => {}
            Self::Invalid => errors.push(FieldError::new(
                Location::Header,
                "If-Match",
                "must be `*` or a list of entity tags, such as \"3\"",
            )),
        }
        None
    }

    fn of(headers: &HeaderMap) -> Self {
        let fields = headers.get_all(header::IF_MATCH).iter();
        let fields: Result<Vec<&str>, _> = fields.map(|field| field.to_str()).collect();
        match fields {
            Ok(fields) if fields.is_empty() => Self::Missing,
            Ok(fields) => parse(&fields.join(",")).map_or(Self::Invalid, Self::Given),
            Err(_) => Self::Invalid,
        }
    }
}

impl<'a, P: Presence> ApiExtractor<'a> for IfMatch<P> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = P::REQUIRED;

    type ParamType = ();
    type ParamRawType = ();

    fn register(_registry: &mut Registry) {}

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(MetaSchemaRef::Inline(Box::new(MetaSchema {
            example: Some("\"1\"".into()),
            pattern: Some(PATTERN.to_owned()),
            ..MetaSchema::new("string")
        })))
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self {
            state: State::of(request.headers()),
            presence: PhantomData,
        })
    }
}

/// `*`, or entity tags, which may be weak, separated by commas.
const PATTERN: &str = r#"^[ \t]*(\*|[ \t,]*(W/)?"[!#-~]*"([ \t]*,([ \t]*(W/)?"[!#-~]*")?)*)[ \t]*$"#;

/// The entity tag of a version.
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// 412 for a version that is no longer current.
pub fn precondition_failed() -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "precondition-failed",
        "`If-Match` names no current version: the resource has changed since you read it, or the tag is weak (`W/`, as some \
         proxies make it), which never matches; read it again",
    )
}

/// `*` or a list of entity tags. A weak tag (RFC 9110 §13.1.1) or an unknown one matches nothing.
fn parse(text: &str) -> Option<VersionPrecondition> {
    if text.trim() == "*" {
        return Some(VersionPrecondition::Any);
    }
    let (mut versions, mut tags, mut rest) = (Vec::new(), 0, text);
    loop {
        // Empty elements are allowed in lists (RFC 9110 §5.6.1.2).
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            break;
        }
        let (weak, opened) = match rest.strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (tag, after) = opened.strip_prefix('"')?.split_once('"')?;
        let good = tag.bytes().all(|b| b == 0x21 || (0x23..=0x7e).contains(&b));
        rest = after.trim_start_matches([' ', '\t']);
        if !good || !(rest.is_empty() || rest.starts_with(',')) {
            return None;
        }
        tags += 1;
        let version = tag
            .parse()
            .ok()
            .filter(|version: &i64| version.to_string() == tag);
        versions.extend(version.filter(|_| !weak));
    }
    (tags > 0).then_some(VersionPrecondition::OneOf(versions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tag_lists_follow_rfc_9110() {
        let these = |versions: &[i64]| Some(VersionPrecondition::OneOf(versions.to_vec()));
        assert_eq!(parse("\"3\""), these(&[3]));
        assert_eq!(parse(" , \"3\" ,\t\"4\",\"x,y\","), these(&[3, 4]));
        assert_eq!(parse("W/\"3\""), these(&[]));
        assert_eq!(parse("\"03\", \"+3\""), these(&[]));
        assert_eq!(parse("*"), Some(VersionPrecondition::Any));
        for bad in [
            "",
            " ",
            ",",
            "3",
            "\"3",
            "\"3\" \"4\"",
            "\"3\"x",
            "*, \"3\"",
            "w/\"3\"",
            "\"a b\"",
        ] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn repeated_headers_are_joined_and_non_text_is_invalid() {
        let mut headers = HeaderMap::new();
        assert_eq!(State::of(&headers), State::Missing);
        headers.append(header::IF_MATCH, "\"3\"".parse().unwrap());
        headers.append(header::IF_MATCH, "\"4\"".parse().unwrap());
        assert_eq!(
            State::of(&headers),
            State::Given(VersionPrecondition::OneOf(vec![3, 4]))
        );
        headers.append(header::IF_MATCH, http::HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(State::of(&headers), State::Invalid);
    }
}
