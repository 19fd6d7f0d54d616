//! The log of everything that runs inside the tests, at its most talkative, and every secret that goes through a test's
//! client: `cargo xtask test` looks afterwards whether the one holds any of the other.
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

/// Members of bodies, and fields of forms, whose values nobody may log.
const SECRET: [&str; 14] = [
    "access_token",
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

/// Shorter ones stand in every log by chance: `password`, `123456`.
const SHORTEST: usize = 12;

static NOTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Begins to log whatever this process does, where somebody keeps logs. Once a process, however often it is called.
pub fn begin() {
    static BEGUN: LazyLock<()> = LazyLock::new(|| {
        PASSWORDS.iter().for_each(|(_, password)| secret(password));
        // The lines of the private keys; the names of the keys are no secret.
        let lines = token_keys().split(['\n', '"']).flat_map(|text| text.split("\\n"));
        lines.filter(|line| line.len() >= 40).for_each(secret);
        secret(DATA_KEY);
        let Some(file) = file("log") else { return };
        let (writer, guard) = LogWriter::start(file).unwrap();
        // It writes until the process ends.
        std::mem::forget(guard);
        // The tests' own client is not what is looked at.
        let filter = tracing_subscriber::EnvFilter::new("debug,reqwest=off,hyper_util::client=off");
        let subscriber = tracing_subscriber::registry()
            .with(filter)
            .with(JsonLog::new(writer));
        subscriber.try_init().unwrap();
    });
    LazyLock::force(&BEGUN);
}

/// Keeps a line that a program of ours has logged.
pub fn keep(line: &str) {
    static LINES: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| file("programs.log").map(Mutex::new));
    write(&LINES, line);
}

/// Remembers a secret.
pub fn secret(text: &str) {
    static FILE: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| file("secrets").map(Mutex::new));
    // A password that is a plain word (`administrator`) stands in every log as well.
    let is_word = text.bytes().all(|byte| byte.is_ascii_lowercase());
    if text.len() >= SHORTEST && !is_word && NOTED.lock().unwrap().insert(text.to_owned()) {
        write(&FILE, &Value::from(text).to_string());
    }
}

/// Every secret that this process has used so far.
pub fn noted() -> BTreeSet<String> {
    NOTED.lock().unwrap().clone()
}

/// Remembers the secrets that a request carries.
pub fn note_request(request: &Request) {
    of_headers(request.headers());
    let body = request
        .body()
        .and_then(|body| body.as_bytes())
        .unwrap_or_default();
    of_body(body);
}

/// Remembers the secrets that a response carries.
pub fn note_response(response: &Response) {
    of_headers(&response.headers);
    of_body(&response.body);
}

fn of_headers(headers: &HeaderMap) {
    for name in ["authorization", "cookie", "set-cookie"] {
        let values = headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok());
        for value in values.flat_map(|value| value.split("; ")) {
            let value = value.split_once([' ', '=']).map_or(value, |(_, value)| value);
            secret(value);
            let decoded = STANDARD
                .decode(value)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some((_, password)) = decoded.as_deref().and_then(|decoded| decoded.split_once(':')) {
                secret(password);
            }
        }
    }
}

fn of_body(body: &[u8]) {
    let Ok(text) = std::str::from_utf8(body) else {
        return;
    };
    match serde_json::from_str(text) {
        Ok(value) => of_json(&value, false),
        // A token as it is; or the fields of a form.
        Err(_) if text.starts_with("eyJ") => secret(text),
        Err(_) => of_form(text),
    }
}

fn of_form(text: &str) {
    for (name, value) in text.split('&').filter_map(|field| field.split_once('=')) {
        let value = value.replace('+', " ");
        let value = percent_encoding::percent_decode_str(&value).decode_utf8_lossy();
        if SECRET.contains(&name) {
            secret(&value);
        }
    }
}

fn of_json(value: &Value, within: bool) {
    match value {
        Value::String(text) if within => secret(text),
        Value::Array(values) => values.iter().for_each(|value| of_json(value, within)),
        Value::Object(members) => members
            .iter()
            .for_each(|(name, value)| of_json(value, SECRET.contains(&name.as_str()))),
        _ => {}
    }
}

fn write(to: &LazyLock<Option<Mutex<File>>>, line: &str) {
    if let Some(file) = LazyLock::force(to) {
        let mut file: MutexGuard<'_, File> = file.lock().unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

fn file(ending: &str) -> Option<File> {
    let folder: PathBuf = environment::log_folder()?;
    let path = folder.join(format!("{}.{ending}", std::process::id()));
    Some(OpenOptions::new().create(true).append(true).open(path).unwrap())
}
