//! W3C Trace Context (level 2): the `traceparent` header, parsed strictly and created if it is missing or malformed. Written by hand
//! because `opentelemetry_sdk`'s propagator accepts malformed ids (short ones, and a leading `+`).

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use std::fmt;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Position of one request in a trace (W3C Trace Context, version 00).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// Trace id, not 0.
    pub trace_id: u128,
    /// Span id of the caller, if it sent one.
    pub parent_id: Option<u64>,
    /// Span id of this request, not 0.
    pub span_id: u64,
    /// Whether the request is sampled: the caller's flag, until the exporter has decided.
    pub sampled: bool,
    /// Whether the trace id is random (the random flag of level 2).
    pub random: bool,
}

/// What a valid `traceparent` header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parent {
    trace_id: u128,
    span_id: u64,
    sampled: bool,
    random: bool,
}

/// The flags (Trace Context level 2, §3.2.2.5). Receivers ignore the others, and senders set them to 0.
const SAMPLED: u8 = 0b01;
const RANDOM: u8 = 0b10;

impl TraceContext {
    /// Continues the caller's trace, or starts a new one if the header is missing or malformed.
    pub fn from_header(header: Option<&str>) -> Self {
        match header.and_then(parse) {
            Some(parent) => Self {
                trace_id: parent.trace_id,
                parent_id: Some(parent.span_id),
                span_id: random_span_id(),
                sampled: parent.sampled,
                random: parent.random,
            },
            None => Self {
                trace_id: random_trace_id(),
                parent_id: None,
                span_id: random_span_id(),
                sampled: true,
                random: true,
            },
        }
    }
}

impl TraceContext {
    /// Adds a span to this trace. If spans are exported, the exporter has already assigned ids to the span: they are
    /// adopted, so that header, log and collector agree.
    pub fn join(&mut self, span: &tracing::Span) {
        let flags = if self.sampled {
            TraceFlags::SAMPLED
        } else {
            TraceFlags::default()
        };
        if let Some(parent) = self.parent_id {
            let (trace, parent) = (TraceId::from(self.trace_id), SpanId::from(parent));
            let remote = SpanContext::new(trace, parent, flags, true, TraceState::default());
            let _ = span.set_parent(Context::new().with_remote_span_context(remote));
        }
        let context = span.context();
        let own = context.span().span_context().clone();
        if own.is_valid() && !own.is_remote() {
            self.trace_id = u128::from_be_bytes(own.trace_id().to_bytes());
            self.span_id = u64::from_be_bytes(own.span_id().to_bytes());
            self.sampled = own.is_sampled();
        }
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.sampled { SAMPLED } else { 0 } | if self.random { RANDOM } else { 0 };
        write!(f, "00-{:032x}-{:016x}-{flags:02x}", self.trace_id, self.span_id)
    }
}

/// Bytes as lower-case hexadecimal digits. Faster than the formatter: every request writes 64 of them.
pub fn hex<const N: usize>(bytes: [u8; N]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Vec::with_capacity(2 * N);
    for byte in bytes {
        text.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    String::from_utf8(text).unwrap_or_default()
}

/// Parses the ids and the flags. Of later versions the fields of version 00 are read (§3.2.4).
fn parse(header: &str) -> Option<Parent> {
    let hex = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let parts: Vec<&str> = header.splitn(5, '-').collect();
    let [version, trace, parent, flags, rest @ ..] = parts.as_slice() else {
        return None;
    };
    let lengths = (version.len(), trace.len(), parent.len(), flags.len());
    if lengths != (2, 32, 16, 2) || ![version, trace, parent, flags].iter().all(|part| hex(part)) {
        return None;
    }
    if *version == "ff" || (*version == "00" && !rest.is_empty()) {
        return None;
    }
    let trace_id = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
    let span_id = u64::from_str_radix(parent, 16).ok().filter(|id| *id != 0)?;
    let flags = u8::from_str_radix(flags, 16).ok()?;
    Some(Parent {
        trace_id,
        span_id,
        sampled: flags & SAMPLED != 0,
        random: flags & RANDOM != 0,
    })
}

fn random_span_id() -> u64 {
    rand::random::<u64>().max(1)
}

fn random_trace_id() -> u128 {
    rand::random::<u128>().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_valid_header_continues_its_trace_and_a_malformed_one_starts_a_new_trace() {
        assert_eq!(hex([0x0f, 0xa0]), "0fa0");
        let context = TraceContext::from_header(Some(GOOD));
        assert_eq!(context.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(context.parent_id, Some(0x00f0_67aa_0ba9_02b7));
        assert!(
            context
                .to_string()
                .starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-")
        );
        assert!(
            TraceContext::from_header(Some(&GOOD.replace("00-4", "01-4")))
                .parent_id
                .is_some()
        );
        for (sent, returned) in [
            ("00", "00"),
            ("01", "01"),
            ("02", "02"),
            ("03", "03"),
            ("ff", "03"),
            ("fc", "00"),
        ] {
            let header = GOOD.replace("b7-01", &format!("b7-{sent}"));
            let context = TraceContext::from_header(Some(&header)).to_string();
            assert!(context.ends_with(&format!("-{returned}")), "{sent}: {context}");
        }
        assert!(TraceContext::from_header(None).to_string().ends_with("-03"));
        for bad in [
            "",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceContext::from_header(Some(bad)).parent_id, None, "{bad}");
        }
    }
}
