//! Content negotiation by `Accept` (RFC 9110 §12.5.1): weights, wildcards, and precedence of the most specific range.

use http::{HeaderMap, header};

/// The value of the best offered media type; the first of equally good ones. `None` if none is acceptable. The fields must be
/// joined.
pub fn best<T: Copy>(headers: &HeaderMap, offered: &[(&str, T)]) -> Option<T> {
    let accept = headers.get(header::ACCEPT);
    best_of(accept.and_then(|accept| accept.to_str().ok()), offered)
}

fn best_of<T: Copy>(accept: Option<&str>, offered: &[(&str, T)]) -> Option<T> {
    let Some(accept) = accept.map(str::trim).filter(|text| !text.is_empty()) else {
        return offered.first().map(|(_, value)| *value);
    };
    let ranges: Vec<Range<'_>> = weighted(accept).filter_map(Range::of).collect();
    let quality = |media: &str| {
        let matching = ranges.iter().filter(|range| range.specificity(media).is_some());
        matching
            .max_by_key(|range| range.specificity(media))
            .map_or(0, |range| range.quality)
    };
    let mut winner = None;
    for (media, value) in offered {
        let quality = quality(media);
        if quality > 0 && winner.is_none_or(|(_, best)| quality > best) {
            winner = Some((*value, quality));
        }
    }
    winner.map(|(value, _)| value)
}

/// The elements of a list without their parameters, each with its weight in thousandths (RFC 9110 §12.4.2). One with an
/// invalid weight is skipped.
pub fn weighted(list: &str) -> impl Iterator<Item = (&str, u16)> {
    split_unquoted(list, b',').filter_map(|element| {
        let mut parts = split_unquoted(element, b';').map(str::trim);
        let name = parts.next()?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let Some(weight) = weight else {
            return Some((name, 1000));
        };
        let weight = weight.parse::<f32>().ok();
        let weight = weight.filter(|weight| (0.0..=1.0).contains(weight))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 1000"
        )]
        let thousandths = (weight * 1000.0).round() as u16;
        Some((name, thousandths))
    })
}

/// The parts between separators outside of quoted strings (RFC 9110 §5.6.4).
fn split_unquoted(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character: char| {
        let is_escaped = std::mem::take(&mut escaped);
        match character {
            '\\' if quoted && !is_escaped => escaped = true,
            '"' if !is_escaped => quoted = !quoted,
            _ => {}
        }
        !quoted && character == char::from(separator)
    })
}

struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// In thousandths.
    quality: u16,
}

impl<'a> Range<'a> {
    fn of((media, quality): (&'a str, u16)) -> Option<Self> {
        let (kind, subtype) = media.split_once('/')?;
        Some(Self {
            kind,
            subtype,
            quality,
        })
    }

    fn specificity(&self, media: &str) -> Option<u8> {
        let (kind, subtype) = media.split_once('/')?;
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (own, "*") if own.eq_ignore_ascii_case(kind) => Some(1),
            (own, sub) if own.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) => Some(2),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::best_of;

    #[test]
    fn quality_specificity_and_wildcards_decide() {
        let offered = [
            ("application/json", 0),
            ("text/csv", 1),
            ("application/x-ndjson", 2),
        ];
        for (accept, expected) in [
            ("", Some(0)),
            ("*/*", Some(0)),
            ("text/csv", Some(1)),
            ("TEXT/CSV; header=present", Some(1)),
            ("text/*", Some(1)),
            ("text/csv;q=0.5, application/x-ndjson", Some(2)),
            ("application/*;q=0.1, text/csv;q=0.2", Some(1)),
            ("*/*, application/json;q=0", Some(1)),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Some(0)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("nonsense", None),
            ("text/csv;title=\"a,b\";q=0.1, application/json;q=0.9", Some(0)),
            ("text/csv;title=\"a;q=0\", application/json;q=0.9", Some(1)),
            (
                "text/csv;title=\"a\\\",b\";q=0.1, application/json;q=0.9",
                Some(0),
            ),
            ("text/csv;title=\"open, application/json", Some(1)),
        ] {
            assert_eq!(best_of(Some(accept), &offered), expected, "{accept}");
        }
        assert_eq!(best_of(None, &offered), Some(0));
    }
}
