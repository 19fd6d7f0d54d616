//! A request as it comes over the wire, and its body as the server reads it: any content type, the first JSON object only.

use std::collections::HashMap;
use std::net::IpAddr;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::answer::Refusal;
use crate::call::Operation;

const FORM: &str = "application/x-www-form-urlencoded";

/// One HTTP request.
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without the query, not decoded.
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) token: Option<String>,
    pub(crate) wrap_ttl: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) content_type: String,
    pub(crate) no_forwarding: bool,
    pub(crate) body: Bytes,
    pub(crate) source: IpAddr,
}

impl Request {
    /// The operation of a method.
    ///
    /// # Errors
    /// 400 for OPTIONS, 405 for methods that the server does not know.
    pub(crate) fn operation(&self) -> Result<Operation, Refusal> {
        match self.method.as_str() {
            "GET" if self.query.get("list").is_some_and(|list| list == "true") => Ok(Operation::List),
            "GET" | "HEAD" => Ok(Operation::Read),
            "POST" | "PUT" => Ok(Operation::Write),
            "DELETE" => Ok(Operation::Delete),
            "LIST" => Ok(Operation::List),
            "PATCH" => Ok(Operation::Patch),
            "OPTIONS" => Err(Refusal::bad_request(
                "cannot handle internal-only request operation",
            )),
            _ => Err(Refusal {
                status: 405,
                errors: Vec::new(),
            }),
        }
    }

    /// The fields of the body.
    ///
    /// # Errors
    /// 400 with the text of Go's decoder.
    pub(crate) fn fields(&self) -> Result<Map<String, Value>, Refusal> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        if self.content_type.starts_with(FORM) {
            let fields = pairs(&String::from_utf8_lossy(&self.body));
            return Ok(fields
                .into_iter()
                .map(|(name, value)| (name, Value::String(value)))
                .collect());
        }
        let refused = |text: &str| Refusal::bad_request(format!("failed to decode JSON input: {text}"));
        let kind = match serde_json::Deserializer::from_slice(&self.body)
            .into_iter::<Value>()
            .next()
        {
            None => return Ok(Map::new()),
            Some(Err(error)) if error.is_eof() => return Err(refused("unexpected EOF")),
            Some(Err(error)) => return Err(refused(&error.to_string())),
            Some(Ok(Value::Object(fields))) => return Ok(fields),
            Some(Ok(Value::Null)) => return Ok(Map::new()),
            Some(Ok(Value::Array(_))) => "array",
            Some(Ok(Value::String(_))) => "string",
            Some(Ok(Value::Number(_))) => "number",
            Some(Ok(Value::Bool(_))) => "bool",
        };
        Err(refused(&format!(
            "json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        )))
    }
}

/// The pairs of a query or form.
pub(crate) fn pairs(text: &str) -> HashMap<String, String> {
    let decoded = |part: &str| {
        percent_decode_str(&part.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(pair)
        .collect()
}
