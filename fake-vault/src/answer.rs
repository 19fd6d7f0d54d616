//! Answers: the envelope of a success, the two forms of an error, and what goes over the wire.

use serde_json::{Map, Value, json};

use crate::random;

/// What is sent.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) payload: Payload,
}

/// The body of an answer.
pub(crate) enum Payload {
    Empty,
    /// With or without a newline at its end: the server has both.
    Json {
        body: Value,
        newline: bool,
    },
    Text {
        content_type: &'static str,
        text: String,
    },
}

impl Answer {
    /// An answer without an envelope, such as those about the server's health.
    pub(crate) fn bare(status: u16, body: Value) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            payload: Payload::Json { body, newline: true },
        }
    }

    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            payload: Payload::Empty,
        }
    }
}

/// The successful result of an operation.
pub(crate) enum Success {
    NoContent,
    Accepted,
    Reply(Box<Reply>),
    /// The content of a wrapping token, as it was stored.
    Unwrapped(Value),
    /// A reply is now in a wrapping token.
    Wrapped(Value),
}

/// The content of an envelope.
#[derive(Default)]
pub(crate) struct Reply {
    pub(crate) data: Value,
    pub(crate) auth: Value,
    pub(crate) lease: Option<LeaseTerms>,
    pub(crate) warnings: Vec<String>,
    /// Some old operations repeat the keys of `data` on top.
    pub(crate) repeats_data: bool,
    /// A 404 with an envelope: there is metadata, but no value.
    pub(crate) is_absent: bool,
    /// The accessor of the token or SecretID inside, shown when the reply is wrapped.
    pub(crate) accessor: Option<String>,
}

/// The lease in an envelope.
pub(crate) struct LeaseTerms {
    pub(crate) id: String,
    pub(crate) renewable: bool,
    pub(crate) duration: i64,
}

impl Reply {
    pub(crate) fn data(data: Value) -> Reply {
        Reply {
            data,
            ..Reply::default()
        }
    }

    /// The whole envelope.
    pub(crate) fn envelope(&self) -> Value {
        let mut body = Map::new();
        if let (true, Some(data)) = (self.repeats_data, self.data.as_object()) {
            body.extend(data.clone());
        }
        let (id, renewable, duration) = self.lease.as_ref().map_or(("", false, 0), |lease| {
            (lease.id.as_str(), lease.renewable, lease.duration)
        });
        let warnings = if self.warnings.is_empty() {
            Value::Null
        } else {
            json!(self.warnings)
        };
        for (key, value) in [
            ("request_id", json!(random::uuid())),
            ("lease_id", json!(id)),
            ("renewable", json!(renewable)),
            ("lease_duration", json!(duration)),
            ("data", self.data.clone()),
            ("wrap_info", Value::Null),
            ("warnings", warnings),
            ("auth", self.auth.clone()),
        ] {
            body.insert(key.to_owned(), value);
        }
        Value::Object(body)
    }
}

impl From<Reply> for Success {
    fn from(reply: Reply) -> Success {
        Success::Reply(Box::new(reply))
    }
}

/// The envelope around `wrap_info`.
pub(crate) fn wrapped(wrap_info: &Value) -> Value {
    json!({"request_id": "", "lease_id": "", "renewable": false, "lease_duration": 0, "data": null,
           "wrap_info": wrap_info, "warnings": null, "auth": null})
}

impl From<Success> for Answer {
    fn from(success: Success) -> Answer {
        let (status, body, newline) = match success {
            Success::NoContent => return Answer::empty(204),
            Success::Accepted => return Answer::empty(202),
            Success::Reply(reply) if reply.is_absent => (404, reply.envelope(), false),
            Success::Reply(reply) => (200, reply.envelope(), true),
            Success::Unwrapped(body) => (200, body, false),
            Success::Wrapped(body) => (200, body, true),
        };
        Answer {
            status,
            headers: Vec::new(),
            payload: Payload::Json { body, newline },
        }
    }
}

/// An error answer.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) errors: Vec<String>,
}

impl Refusal {
    /// With the text as it is.
    pub(crate) fn plain(status: u16, text: impl Into<String>) -> Refusal {
        Refusal {
            status,
            errors: vec![text.into()],
        }
    }

    /// With the text as an item of a list of one.
    pub(crate) fn listed(status: u16, text: &str) -> Refusal {
        Refusal::plain(status, listed(text))
    }

    pub(crate) fn bad_request(text: impl Into<String>) -> Refusal {
        Refusal::plain(400, text)
    }

    /// The token is missing, dead, unknown or used from another network.
    pub(crate) fn no_token() -> Refusal {
        Refusal::plain(403, "permission denied")
    }

    /// The token's policies do not allow it.
    pub(crate) fn outside_policy() -> Refusal {
        Refusal::listed(403, "permission denied")
    }

    pub(crate) fn not_found() -> Refusal {
        Refusal {
            status: 404,
            errors: Vec::new(),
        }
    }

    pub(crate) fn unsupported_path() -> Refusal {
        Refusal::listed(404, "unsupported path")
    }

    pub(crate) fn unsupported_operation() -> Refusal {
        Refusal::listed(405, "unsupported operation")
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Answer {
        Answer::bare(refusal.status, json!({"errors": refusal.errors}))
    }
}

/// The text of Go's multierror with one error.
pub(crate) fn listed(text: &str) -> String {
    format!("1 error occurred:\n\t* {text}\n\n")
}
