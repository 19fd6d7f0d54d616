//! Answers that were given before, bounded in bytes. An answer is reused only while the version of the data is known to be the one that was
//! current before it was looked up.

use super::formats::{Contract, Format};
use crate::domain::rates::RatesQuery;
use crate::http::contract::entity_tag;
use crate::telemetry::metrics::Metrics;
use crate::types::data_version::DataVersion;
use bytes::Bytes;
use http::HeaderValue;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// Bytes of an answer beside its body: the key, the tag, and what the cache adds.
const OVERHEAD: usize = 400;

/// Bytes of an answer that the cache prepares for: of a lane in a month. It grows as needed.
const TYPICAL_BYTES: usize = 2_000;

/// What an answer depends on, beside the data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnswerKey {
    /// The places and the days.
    pub query: RatesQuery,
    /// The names of members and the order.
    pub contract: Contract,
    /// The format.
    pub format: Format,
}

/// A body with its entity tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The body.
    pub body: Bytes,
    /// Its entity tag.
    pub tag: HeaderValue,
}

impl Answer {
    /// The answer with this body.
    pub fn of(body: Vec<u8>) -> Self {
        Self {
            tag: entity_tag::of_content(&body),
            body: body.into(),
        }
    }
}

/// The cache. Cheap to clone.
#[derive(Clone)]
pub struct Answers {
    /// `None`: nothing is cached.
    cache: Option<Arc<Cache<AnswerKey, Versioned, ByBytes>>>,
    metrics: Metrics,
}

#[derive(Clone)]
struct Versioned {
    answer: Answer,
    version: DataVersion,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<AnswerKey, Versioned> for ByBytes {
    fn weight(&self, _key: &AnswerKey, value: &Versioned) -> u64 {
        (value.answer.body.len() + OVERHEAD) as u64
    }
}

impl Answers {
    /// A cache of at most this many bytes; of 0 bytes none.
    pub fn new(bytes: usize, metrics: Metrics) -> Self {
        let cache = || Arc::new(Cache::with_weighter(bytes / TYPICAL_BYTES, bytes as u64, ByBytes));
        Self {
            cache: (bytes > 0).then(cache),
            metrics,
        }
    }

    /// The answer, if it is of the current version. `None` for `version`: it is unknown which one is current.
    pub fn find(&self, key: &AnswerKey, version: Option<DataVersion>) -> Option<Answer> {
        let cache = self.cache.as_ref()?;
        let Some(version) = version else {
            self.metrics.rates_answer("bypassed");
            return None;
        };
        let found = cache.get(key).filter(|found| found.version == version);
        self.metrics
            .rates_answer(if found.is_some() { "hit" } else { "miss" });
        found.map(|found| found.answer)
    }

    /// Stores an answer. `version`: the current one before it was looked up, so the answer may be of a later one, but of no earlier one.
    pub fn store(&self, key: AnswerKey, version: Option<DataVersion>, answer: &Answer) {
        if let (Some(cache), Some(version)) = (&self.cache, version) {
            let answer = answer.clone();
            cache.insert(key, Versioned { answer, version });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::day::{Day, DayRange};
    use crate::types::place::Place;
    use opentelemetry_sdk::metrics::SdkMeterProvider;
    use uuid::Uuid;

    fn key(number: usize) -> AnswerKey {
        let day = Day::parse("2021-01-01").unwrap();
        let place = |text: &str| Place::parse(text).unwrap();
        AnswerKey {
            query: RatesQuery {
                origin: place(&format!("region_{number}")),
                destination: place("CNGGZ"),
                days: DayRange::new(day, day, 1).unwrap(),
            },
            contract: Contract::Counted,
            format: Format::Json,
        }
    }

    fn answers(bytes: usize) -> Answers {
        let metrics = Metrics::new(&SdkMeterProvider::default(), prometheus::Registry::new());
        Answers::new(bytes, metrics)
    }

    #[test]
    fn an_answer_is_reused_for_its_version_only() {
        let (answers, answer) = (answers(1 << 20), Answer::of(b"[]".to_vec()));
        let (current, next) = (DataVersion::of(Uuid::new_v4()), DataVersion::of(Uuid::new_v4()));
        assert_eq!(answers.find(&key(1), Some(current)), None);
        answers.store(key(1), Some(current), &answer);
        assert_eq!(answers.find(&key(1), Some(current)), Some(answer.clone()));
        assert_eq!(answers.find(&key(1), Some(next)), None);
        assert_eq!(answers.find(&key(1), None), None);
        answers.store(key(2), None, &answer);
        assert_eq!(answers.find(&key(2), Some(current)), None);
    }

    #[test]
    fn the_cache_is_bounded_in_bytes() {
        let (bytes, version) = (1 << 20, DataVersion::of(Uuid::new_v4()));
        let answers = answers(bytes);
        let answer = Answer::of(vec![b' '; 10_000]);
        for number in 0..1_000 {
            answers.store(key(number), Some(version), &answer);
        }
        let stored = (0..1_000).filter(|number| answers.find(&key(*number), Some(version)).is_some());
        let stored = stored.count();
        assert!(stored > 50 && stored <= bytes / 10_000, "{stored}");
    }
}
