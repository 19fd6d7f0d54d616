//! The recording as it is stored.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

const BYTES: &[u8] = include_bytes!("transcript.json.gz");

#[derive(Deserialize)]
pub struct Transcript {
    pub header: Header,
    pub entries: Vec<Entry>,
}

#[derive(Deserialize)]
pub struct Header {
    pub jwts: BTreeMap<String, Jwt>,
}

/// The claims of a JWT; times are such as `now-3600`.
#[derive(Deserialize)]
pub struct Jwt {
    pub key: String,
    pub claims: Value,
}

#[derive(Deserialize, Clone)]
pub struct Entry {
    pub id: String,
    pub group: String,
    #[serde(default)]
    pub before: Vec<String>,
    pub request: Request,
    pub response: Response,
    pub node: Option<String>,
    pub body_is: Option<String>,
    pub note: Option<String>,
    #[serde(default)]
    pub near: BTreeMap<String, Near>,
    pub varies: Option<String>,
    pub seconds: Option<f64>,
}

#[derive(Deserialize, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: Value,
    pub raw: Option<String>,
}

#[derive(Deserialize, Clone)]
pub struct Response {
    pub status: u16,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

/// A number that may be off.
#[derive(Deserialize, Clone)]
pub struct Near {
    #[serde(rename = "may_be_off_by")]
    pub tolerance: i64,
}

impl Transcript {
    pub fn read() -> Transcript {
        let mut text = String::new();
        GzDecoder::new(BYTES).read_to_string(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}
