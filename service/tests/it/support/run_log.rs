//! Records the debug log of every tested service, and every secret that a test client sends or receives.
//! `cargo xtask test` then checks that the log contains none of the secrets.

use super::database::{DATA_KEY, PASSWORDS, token_keys};
use super::environment;
use super::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use portcullis::telemetry::json_log::JsonLog;
use portcullis::telemetry::log_writer::LogWriter;
use reqwest::blocking::Request;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, MutexGuard};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Members of JSON bodies and fields of forms whose values must not be logged.
const SECRET_FIELDS: [&str; 16] = [
    "access_token",
    "client_assertion",
    "client_secret",
    "code",
    "codes",
    "csrf",
    "current_password",
    "email",
    "new_password",
    "password",
    "recovery_codes",
    "refresh_token",
    "secret",
    "token",
    "uri",
    "username",
];

/// Shorter secrets occur in a log by chance: `password`, `123456`.
const MIN_SECRET_LENGTH: usize = 12;

static RECORDED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Starts logging everything this process does, if there is a log folder. Only the first call has an effect.
pub fn start() {
    static STARTED: LazyLock<()> = LazyLock::new(|| {
        PASSWORDS.iter().for_each(|(_, password)| record_secret(password));
        // The lines of the private keys; key IDs are not secret.
        let lines = token_keys().split(['\n', '"']).flat_map(|text| text.split("\\n"));
        lines.filter(|line| line.len() >= 40).for_each(record_secret);
        record_secret(DATA_KEY);
        let Some(file) = open("log") else { return };
        let (writer, guard) = LogWriter::start(file).unwrap();
        // The writer runs until the process exits.
        std::mem::forget(guard);
        // The test client is not under test, and neither is the fake Vault, which runs in this process and logs the statements
        // with verifiers that it sends to PostgreSQL.
        let filter =
            tracing_subscriber::EnvFilter::new("debug,reqwest=off,hyper_util::client=off,tokio_postgres=off");
        let subscriber = tracing_subscriber::registry()
            .with(filter)
            .with(JsonLog::new(writer));
        subscriber.try_init().unwrap();
    });
    LazyLock::force(&STARTED);
}

/// Appends a line that a started program has logged.
pub fn append(line: &str) {
    static LINES: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| open("programs.log").map(Mutex::new));
    write(&LINES, line);
}

/// Records a secret.
pub fn record_secret(text: &str) {
    static FILE: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| open("secrets").map(Mutex::new));
    // A password that is a plain word (`administrator`) occurs in a log by chance as well.
    let is_word = text.bytes().all(|byte| byte.is_ascii_lowercase());
    if text.len() >= MIN_SECRET_LENGTH && !is_word && RECORDED.lock().unwrap().insert(text.to_owned()) {
        write(&FILE, &Value::from(text).to_string());
    }
}

/// Every secret that this process has recorded so far.
pub fn recorded_secrets() -> BTreeSet<String> {
    RECORDED.lock().unwrap().clone()
}

/// Records the secrets of a request.
pub fn record_request(request: &Request) {
    record_headers(request.headers());
    let body = request
        .body()
        .and_then(|body| body.as_bytes())
        .unwrap_or_default();
    record_body(body);
}

/// Records the secrets of a response.
pub fn record_response(response: &Response) {
    record_headers(&response.headers);
    record_body(&response.body);
}

fn record_headers(headers: &HeaderMap) {
    for name in ["authorization", "cookie", "set-cookie"] {
        let values = headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok());
        for value in values.flat_map(|value| value.split("; ")) {
            let value = value.split_once([' ', '=']).map_or(value, |(_, value)| value);
            record_secret(value);
            let decoded = STANDARD
                .decode(value)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some((_, password)) = decoded.as_deref().and_then(|decoded| decoded.split_once(':')) {
                record_secret(password);
            }
        }
    }
}

fn record_body(body: &[u8]) {
    let Ok(text) = std::str::from_utf8(body) else {
        return;
    };
    match serde_json::from_str(text) {
        Ok(value) => record_json(&value, false),
        // A bare token, or the fields of a form.
        Err(_) if text.starts_with("eyJ") => record_secret(text),
        Err(_) => record_form(text),
    }
}

fn record_form(text: &str) {
    for (name, value) in text.split('&').filter_map(|field| field.split_once('=')) {
        let value = value.replace('+', " ");
        let value = percent_encoding::percent_decode_str(&value).decode_utf8_lossy();
        if SECRET_FIELDS.contains(&name) {
            record_secret(&value);
        }
    }
}

fn record_json(value: &Value, is_secret: bool) {
    match value {
        Value::String(text) if is_secret => record_secret(text),
        Value::Array(values) => values.iter().for_each(|value| record_json(value, is_secret)),
        Value::Object(members) => members
            .iter()
            .for_each(|(name, value)| record_json(value, SECRET_FIELDS.contains(&name.as_str()))),
        _ => {}
    }
}

fn write(to: &LazyLock<Option<Mutex<File>>>, line: &str) {
    if let Some(file) = LazyLock::force(to) {
        let mut file: MutexGuard<'_, File> = file.lock().unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

fn open(extension: &str) -> Option<File> {
    let folder: PathBuf = environment::log_folder()?;
    let path = folder.join(format!("{}.{extension}", std::process::id()));
    Some(OpenOptions::new().create(true).append(true).open(path).unwrap())
}
