//! Decides which requests' traces are exported. Independent of what a caller sent: by its `traceparent` any client could hide
//! its requests or have all of them exported, by the flag or, if the fraction were taken of trace ids, by the id.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{ParentBasedSampler, SamplingDecision, SamplingResult, ShouldSample};

/// A sampler for this fraction of requests. The spans within a request follow its decision.
pub fn sampler(ratio: f64) -> ParentBasedSampler {
    let own = RandomRatio(ratio);
    ParentBasedSampler::new(own)
        .with_remote_parent_sampled(own)
        .with_remote_parent_not_sampled(own)
}

/// Samples a random fraction.
#[derive(Clone, Copy, Debug)]
struct RandomRatio(f64);

impl ShouldSample for RandomRatio {
    fn should_sample(
        &self,
        parent_context: Option<&Context>,
        _trace_id: TraceId,
        _name: &str,
        _span_kind: &SpanKind,
        _attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let decision = if rand::random::<f64>() < self.0 {
            SamplingDecision::RecordAndSample
        } else {
            SamplingDecision::Drop
        };
        let trace_state = parent_context.map(|parent| parent.span().span_context().trace_state().clone());
        SamplingResult {
            decision,
            attributes: Vec::new(),
            trace_state: trace_state.unwrap_or_default(),
        }
    }
}
