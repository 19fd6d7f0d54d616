//! Content codings of streamed responses: gzip and zstd, part by part. Buffered responses are not compressed: the length of a
//! compressed response with a secret and a text of an attacker reveals the secret (BREACH), and streamed ones have public data.

use crate::http::contract::negotiate;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream, Stream};
use http::{HeaderMap, header};
use std::io::{Result, Write};
use zstd::stream::raw::CParameter;
use zstd::stream::write::Encoder as ZstdEncoder;

/// The fastest level of both: a stream should be as fast with it as without.
const LEVEL: u32 = 1;

/// Log2 of zstd's window: 128 KiB, instead of 512 KiB at this level, bounds the memory of a stream.
const ZSTD_WINDOW_LOG: u32 = 17;

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// None.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// The coding that the client prefers, zstd of equally good ones. Without `Accept-Encoding`, or if it permits none of ours,
    /// the response has no coding (RFC 9110 §12.5.3).
    pub fn of(headers: &HeaderMap) -> Self {
        let fields = headers.get_all(header::ACCEPT_ENCODING).iter();
        let lists = fields.filter_map(|field| field.to_str().ok());
        let accepted: Vec<(&str, u16)> = lists.flat_map(negotiate::weighted).collect();
        let weight = |names: &[&str]| {
            let named = |(name, _): &&(&str, u16)| names.iter().any(|known| name.eq_ignore_ascii_case(known));
            let found = accepted.iter().find(named);
            let found = found.or_else(|| accepted.iter().find(|(name, _)| *name == "*"));
            found.map_or(0, |(_, weight)| *weight)
        };
        let identity = accepted
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("identity"));
        let identity = identity.map_or(0, |(_, weight)| *weight);
        let (zstd, gzip) = (weight(&["zstd"]), weight(&["gzip", "x-gzip"]));
        if zstd.max(gzip) == 0 || zstd.max(gzip) < identity {
            Self::Identity
        } else if zstd >= gzip {
            Self::Zstd
        } else {
            Self::Gzip
        }
    }

    /// The name in `Content-Encoding`.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }

    fn encoder(self) -> Result<Option<Encoder>> {
        Ok(match self {
            Self::Identity => None,
            Self::Gzip => Some(Encoder::Gzip(GzEncoder::new(Vec::new(), Compression::new(LEVEL)))),
            Self::Zstd => {
                let mut encoder = ZstdEncoder::new(Vec::new(), LEVEL.cast_signed())?;
                encoder.set_parameter(CParameter::WindowLog(ZSTD_WINDOW_LOG))?;
                Some(Encoder::Zstd(encoder))
            }
        })
    }
}

enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(ZstdEncoder<'static, Vec<u8>>),
}

impl Encoder {
    /// What can be sent after this part.
    fn encode(&mut self, part: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => encoder
                .write_all(part)
                .map(|()| std::mem::take(encoder.get_mut())),
            Self::Zstd(encoder) => encoder
                .write_all(part)
                .map(|()| std::mem::take(encoder.get_mut())),
        }
    }

    fn finish(self) -> Result<Vec<u8>> {
        match self {
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

/// The parts in this coding. After an error nothing follows: a checksum or a last block would make the truncated data valid.
pub fn encode(
    parts: impl Stream<Item = Result<Bytes>> + Send + 'static,
    coding: Coding,
) -> Result<BoxStream<'static, Result<Bytes>>> {
    let Some(encoder) = coding.encoder()? else {
        return Ok(parts.boxed());
    };
    let encoded = stream::try_unfold(
        (parts.boxed(), Some(encoder)),
        |(mut parts, encoder)| async move {
            let Some(mut encoder) = encoder else {
                return Ok(None);
            };
            while let Some(part) = parts.next().await {
                let encoded = encoder.encode(&part?)?;
                if !encoded.is_empty() {
                    return Ok(Some((encoded.into(), (parts, Some(encoder)))));
                }
            }
            Ok(Some((encoder.finish()?.into(), (parts, None))))
        },
    );
    Ok(encoded.boxed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use std::io::{Error, Read};

    #[test]
    fn the_client_chooses_the_coding() {
        for (accepted, expected) in [
            (&[][..], Coding::Identity),
            (&[""], Coding::Identity),
            (&["gzip"], Coding::Gzip),
            (&["X-GZip"], Coding::Gzip),
            (&["gzip, deflate, br"], Coding::Gzip),
            (&["gzip, deflate, br, zstd"], Coding::Zstd),
            (&["gzip", "zstd;q=0.5"], Coding::Gzip),
            (&["zstd;q=0, *"], Coding::Gzip),
            (&["*"], Coding::Zstd),
            (&["*;q=0"], Coding::Identity),
            (&["gzip;q=0.1, identity"], Coding::Identity),
            (&["identity;q=0.1, gzip"], Coding::Gzip),
            (&["identity;q=0"], Coding::Identity),
            (&["br"], Coding::Identity),
        ] {
            let fields = accepted
                .iter()
                .map(|value| (header::ACCEPT_ENCODING, HeaderValue::from_static(value)));
            assert_eq!(Coding::of(&fields.collect()), expected, "{accepted:?}");
        }
    }

    async fn collect(coding: Coding, parts: Vec<Result<Bytes>>) -> (Vec<u8>, bool) {
        let (mut all, mut failed) = (Vec::new(), false);
        let mut encoded = encode(stream::iter(parts), coding).unwrap();
        while let Some(part) = encoded.next().await {
            match part {
                Ok(part) => all.extend_from_slice(&part),
                Err(_) => failed = true,
            }
        }
        (all, failed)
    }

    fn decode(coding: Coding, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut decoded = Vec::new();
        match coding {
            Coding::Identity => decoded.extend_from_slice(bytes),
            Coding::Gzip => drop(flate2::read::GzDecoder::new(bytes).read_to_end(&mut decoded)?),
            Coding::Zstd => drop(zstd::stream::read::Decoder::new(bytes)?.read_to_end(&mut decoded)?),
        }
        Ok(decoded)
    }

    #[tokio::test]
    async fn the_decoded_parts_are_the_original() {
        let text = "CNGGZ,EETLL,2021-01-31,3463,3,1154.3333333333333\n".repeat(20_000);
        let parts = || {
            text.as_bytes()
                .chunks(70_001)
                .map(|part| Ok(Bytes::copy_from_slice(part)))
        };
        for coding in [Coding::Identity, Coding::Gzip, Coding::Zstd] {
            let (encoded, failed) = collect(coding, parts().collect()).await;
            assert!(!failed && decode(coding, &encoded).unwrap() == text.as_bytes());
            assert_eq!(encoded.len() < text.len() / 10, coding != Coding::Identity);
            assert_eq!(decode(coding, &collect(coding, Vec::new()).await.0).unwrap(), b"");
        }
    }

    #[tokio::test]
    async fn a_stream_that_fails_has_no_valid_end() {
        for coding in [Coding::Gzip, Coding::Zstd] {
            let text = Bytes::from("a line\n".repeat(100_000));
            let (encoded, failed) = collect(coding, vec![Ok(text), Err(Error::other("lost"))]).await;
            assert!(failed && decode(coding, &encoded).is_err());
        }
    }
}
