//! A file that never changes while the program runs: with an entity tag, and compressed for clients that accept it.

use crate::http::contract::entity_tag::{self, digest};
use crate::http::contract::negotiate::weighted;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, header};
use poem::{Body, Response};
use std::io::Write;

/// Allows the page's own styles, scripts and requests; nothing inline.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Below this many bytes compression saves less than a packet.
const MIN_COMPRESSED: usize = 1_400;

/// How long clients may use a file without asking.
#[derive(Clone, Copy)]
pub enum Caching {
    /// Not at all: a new release may change the file under the same name. The entity tag makes asking cheap.
    Revalidate,
    /// For a year, the longest that RFC 9111 §5.3 recommends: the name changes with the content.
    Immutable,
}

/// A file and its compressed form.
pub struct StaticFile {
    media_type: &'static str,
    digest: String,
    whole: Representation,
    gzip: Option<Representation>,
}

struct Representation {
    content: Bytes,
    /// A digest of the content. Each representation has its own (RFC 9110 §8.8.3.3).
    etag: HeaderValue,
}

impl StaticFile {
    /// Compresses the content and computes its digests.
    pub fn new(media_type: &'static str, content: Bytes) -> Self {
        let gzip = if content.len() < MIN_COMPRESSED {
            None
        } else {
            compress(&content).map(|gzip| Representation::new(&digest(&gzip), gzip))
        };
        let digest = digest(&content);
        let whole = Representation::new(&digest, content);
        Self {
            media_type,
            digest,
            whole,
            gzip,
        }
    }

    /// A digest of the content, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The response to a request with these headers.
    pub fn response(&self, request: &HeaderMap, caching: Caching) -> Response {
        let gzip = self.gzip.as_ref().filter(|_| accepts_gzip(request));
        let representation = gzip.unwrap_or(&self.whole);
        let mut response = Response::builder()
            .content_type(self.media_type)
            .body(Body::from(representation.content.clone()));
        let headers = response.headers_mut();
        let cache_control = match caching {
            Caching::Revalidate => "no-cache",
            Caching::Immutable => "public, max-age=31536000, immutable",
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
        headers.insert(header::ETAG, representation.etag.clone());
        if self.gzip.is_some() {
            headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        if gzip.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if self.media_type.starts_with("text/html") {
            let policy = HeaderValue::from_static(PAGE_POLICY);
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

impl Representation {
    fn new(digest: &str, content: Bytes) -> Self {
        Self {
            content,
            etag: entity_tag::quoted(digest),
        }
    }
}

fn compress(content: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).ok()?;
    Some(encoder.finish().ok()?.into())
}

/// Whether `Accept-Encoding` (RFC 9110 §12.5.3) names gzip, or everything, with a weight above zero.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let fields = headers.get_all(header::ACCEPT_ENCODING).iter();
    let codings: Vec<(&str, u16)> = fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(weighted)
        .collect();
    let weight_of = |names: &[&str]| {
        let mut codings = codings.iter();
        let found = codings.find(|(coding, _)| names.iter().any(|name| coding.eq_ignore_ascii_case(name)));
        found.map(|(_, weight)| *weight)
    };
    let weight = weight_of(&["gzip", "x-gzip"]).or_else(|| weight_of(&["*"]));
    weight.is_some_and(|weight| weight > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;

    fn headers(accept_encoding: &'static str) -> HeaderMap {
        [(header::ACCEPT_ENCODING, HeaderValue::from_static(accept_encoding))]
            .into_iter()
            .collect()
    }

    #[test]
    fn gzip_is_sent_only_where_it_is_accepted() {
        for (field, accepted) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("*;q=0.1, gzip;q=0", false),
            ("gzip;q=0, *", false),
            ("identity", false),
            ("", false),
            ("gzip;q=x", false),
        ] {
            assert_eq!(accepts_gzip(&headers(field)), accepted, "{field}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn each_representation_has_its_own_entity_tag() {
        let text = "rate ".repeat(1_000);
        let file = StaticFile::new("text/css", text.clone().into());
        let whole = file.response(&HeaderMap::new(), Caching::Revalidate);
        let gzip = file.response(&headers("gzip"), Caching::Revalidate);
        assert_ne!(whole.headers()[header::ETAG], gzip.headers()[header::ETAG]);
        assert_eq!(gzip.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(gzip.headers()[header::VARY], "Accept-Encoding");
        assert_eq!(whole.into_body().into_string().await.unwrap(), text);
        let compressed = gzip.into_body().into_bytes().await.unwrap();
        assert!(compressed.len() < text.len() / 10);
        let mut decoded = String::new();
        GzDecoder::new(&compressed[..])
            .read_to_string(&mut decoded)
            .unwrap();
        assert_eq!(decoded, text);
        let small = StaticFile::new("text/css", "a{}".into());
        assert!(
            !small
                .response(&headers("gzip"), Caching::Revalidate)
                .headers()
                .contains_key(header::CONTENT_ENCODING)
        );
    }
}
