//! Writes log events as JSON lines. tracing-subscriber's own formatter stores a span's fields as JSON and parses them again
//! for every event, which took a third of a request's time when measured. Here they are rendered once per span and copied.
//! json-subscriber does that, too; it has not been measured here.

use super::log_writer::{Importance, LogWriter};
use crate::types::clock;
use std::fmt::{Debug, Write as _};
use std::io::Write as _;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Writes each event with the fields of its spans.
pub struct JsonLog {
    writer: LogWriter,
}

impl JsonLog {
    /// Logs to this writer.
    pub fn new(writer: LogWriter) -> Self {
        Self { writer }
    }
}

/// The rendered fields of a span: `,"name":value` each.
struct Rendered(Vec<u8>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for JsonLog {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields(Vec::with_capacity(128));
        attributes.record(&mut fields);
        span.extensions_mut().insert(Rendered(fields.0));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        if let Some(rendered) = extensions.get_mut::<Rendered>() {
            let mut fields = Fields(std::mem::take(&mut rendered.0));
            values.record(&mut fields);
            rendered.0 = fields.0;
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let time = clock::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let (level, target) = (metadata.level(), metadata.target());
        let mut line = Fields(Vec::with_capacity(512));
        let _ = write!(
            line.0,
            r#"{{"timestamp":"{time}","level":"{level}","target":"{target}""#
        );
        event.record(&mut line);
        if let Some(scope) = context.event_scope(event) {
            for span in scope {
                if let Some(rendered) = span.extensions().get::<Rendered>() {
                    line.0.extend_from_slice(&rendered.0);
                }
            }
        }
        line.0.extend_from_slice(b"}\n");
        // The order of levels is reversed: errors are the least.
        let importance = if *level <= Level::WARN {
            Importance::Warning
        } else {
            Importance::Information
        };
        self.writer.write_line(&line.0, importance);
    }
}

/// Renders fields as members of a JSON object, each preceded by a comma.
struct Fields(Vec<u8>);

impl Fields {
    fn name(&mut self, field: &Field) {
        let _ = write!(self.0, r#","{}":"#, field.name());
    }

    fn value(&mut self, field: &Field, value: &impl serde::Serialize) {
        // Instructions for the span exporter.
        if field.name().starts_with("otel.") {
            return;
        }
        self.name(field);
        // Writing to memory cannot fail. NaN becomes null.
        let _ = serde_json::to_writer(&mut self.0, value);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.value(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.value(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.value(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.value(field, &value);
    }

    /// The serializer escapes control characters, so no value can start a new line.
    fn record_str(&mut self, field: &Field, value: &str) {
        self.value(field, &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        let _ = write!(text, "{value:?}");
        self.value(field, &text);
    }
}
