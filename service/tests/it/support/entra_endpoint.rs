//! A token endpoint of Microsoft Entra. Requests and answers follow Microsoft's documentation; none was recorded:
//! "Managed identities in Azure Container Apps" (REST endpoint reference), "OAuth 2.0 client credentials flow" (a request with a
//! certificate or a federated credential), "Microsoft Entra authentication error codes" (the body of an error), and "How to use
//! managed identities on an Azure VM to acquire an access token" (status codes to retry).

use super::certificate_authority::CertificateAuthority;
use super::run_log;
use portcullis::types::clock;
use rustls::{ServerConnection, StreamOwned};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::Duration;
use uuid::Uuid;

/// What the platform puts into `IDENTITY_HEADER`.
pub const IDENTITY_HEADER: &str = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a";

/// The tenant of the authority.
pub const TENANT: &str = "8d9e1b3c-2f4a-4c6d-8e0f-1a2b3c4d5e6f";

/// What tokens are requested for.
const RESOURCE: &str = "https://ossrdbms-aad.database.windows.net";

/// What the endpoint does with a valid request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Issues a token that is valid for so many seconds.
    Token(i64),
    /// Gives this status, these fields and this body.
    Text(u16, String, String),
    /// Accepts the request and stays silent for so long.
    Silence(Duration),
}

/// A request: what its client sent.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// The parameters of the query, or of the form.
    pub parameters: BTreeMap<String, String>,
}

/// Called with each token before it is handed out.
type OnIssue = Box<dyn Fn(&str) + Send + Sync>;

/// The endpoint. It runs as long as the process.
pub struct EntraEndpoint {
    /// Its address.
    pub address: SocketAddr,
    state: Arc<State>,
}

struct State {
    /// Whether it is an authority, rather than the endpoint of managed identities.
    is_authority: bool,
    answer: Mutex<Answer>,
    /// The token of the service account that the authority accepts.
    assertion: Mutex<String>,
    requests: Mutex<Vec<TokenRequest>>,
    tokens: Mutex<Vec<String>>,
    on_issue: OnIssue,
}

impl EntraEndpoint {
    /// The endpoint of managed identities.
    pub fn managed(answer: Answer, on_issue: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self::start(false, answer, Box::new(on_issue), |stream, state| {
            serve(stream, state)
        })
    }

    /// An authority, which exchanges the token of a service account.
    pub fn authority(answer: Answer, authority: &CertificateAuthority) -> Self {
        let config = authority.server("127.0.0.1");
        Self::start(true, answer, Box::new(|_| {}), move |stream, state| {
            let session = ServerConnection::new(Arc::clone(&config)).ok()?;
            serve(StreamOwned::new(session, stream), state)
        })
    }

    fn start(
        is_authority: bool,
        answer: Answer,
        on_issue: OnIssue,
        serve: impl Fn(TcpStream, &State) -> Option<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            is_authority,
            answer: Mutex::new(answer),
            assertion: Mutex::default(),
            requests: Mutex::default(),
            tokens: Mutex::default(),
            on_issue,
        });
        let (shared, serve) = (Arc::clone(&state), Arc::new(serve));
        spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (shared, serve) = (Arc::clone(&shared), Arc::clone(&serve));
                spawn(move || serve(stream, &shared));
            }
        });
        Self { address, state }
    }

    /// Changes what the endpoint does.
    pub fn set_answer(&self, answer: Answer) {
        *self.state.answer.lock().unwrap() = answer;
    }

    /// Changes the token of the service account that the authority accepts.
    pub fn accept_assertion(&self, assertion: &str) {
        *self.state.assertion.lock().unwrap() = assertion.to_owned();
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<TokenRequest> {
        self.state.requests.lock().unwrap().clone()
    }

    /// The tokens that were issued so far.
    pub fn tokens(&self) -> Vec<String> {
        self.state.tokens.lock().unwrap().clone()
    }

    /// The variables of a container whose platform has this endpoint.
    pub fn variables(&self) -> Vec<(String, String)> {
        let url = format!("http://{}/msi/token", self.address);
        vec![
            ("IDENTITY_ENDPOINT".to_owned(), url),
            ("IDENTITY_HEADER".to_owned(), IDENTITY_HEADER.to_owned()),
        ]
    }
}

/// The start line, the fields and the body of a request.
struct HttpRequest {
    method: String,
    target: String,
    fields: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn serve(stream: impl Read + Write, state: &State) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let request = read(&mut stream)?;
    let (query, is_valid) = check(&request, state);
    let answer = if is_valid.is_ok() {
        state.answer.lock().unwrap().clone()
    } else {
        Answer::Text(400, String::new(), is_valid.unwrap_err().to_string())
    };
    state.requests.lock().unwrap().push(TokenRequest {
        parameters: query.clone(),
    });
    let (status, fields, body) = match answer {
        Answer::Token(life) => (200, String::new(), state.issue(life, &query).to_string()),
        Answer::Text(status, fields, body) => (status, fields, body),
        Answer::Silence(duration) => {
            sleep(duration);
            return None;
        }
    };
    let length = body.len();
    let response = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{fields}Connection: close\r\n\r\n{body}"
    );
    let stream = stream.get_mut();
    stream.write_all(response.as_bytes()).ok()?;
    stream.flush().ok()
}

fn read(stream: &mut impl BufRead) -> Option<HttpRequest> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let mut parts = line.split(' ').map(str::to_owned);
    let (method, target) = (parts.next()?, parts.next()?);
    let mut fields = BTreeMap::new();
    loop {
        let mut field = String::new();
        stream.read_line(&mut field).ok()?;
        let Some((name, value)) = field.trim().split_once(':') else {
            break;
        };
        fields.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = fields
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(HttpRequest {
        method,
        target,
        fields,
        body,
    })
}

/// The parameters of a request, and whether it is one that the documentation describes.
fn check(request: &HttpRequest, state: &State) -> (BTreeMap<String, String>, Result<(), Value>) {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let form = String::from_utf8_lossy(&request.body);
    let parameters = parse(if state.is_authority { &form } else { query });
    let has = |name: &str, value: &str| parameters.get(name).is_some_and(|given| given == value);
    let result = if state.is_authority {
        let assertion = state.assertion.lock().unwrap();
        let is_request = request.method == "POST"
            && path == format!("/{TENANT}/oauth2/v2.0/token")
            && request
                .fields
                .get("content-type")
                .is_some_and(|kind| kind == "application/x-www-form-urlencoded")
            && has("grant_type", "client_credentials")
            && has("scope", &format!("{RESOURCE}/.default"))
            && has(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            && parameters
                .get("client_id")
                .is_some_and(|id| Uuid::parse_str(id).is_ok());
        match (is_request, has("client_assertion", &assertion)) {
            (true, true) => Ok(()),
            (true, false) => Err(authority_error("invalid_client", 700_024)),
            (false, _) => Err(authority_error("invalid_request", 900_144)),
        }
    } else {
        let is_request = request.method == "GET"
            && path == "/msi/token"
            && request
                .fields
                .get("x-identity-header")
                .is_some_and(|value| value == IDENTITY_HEADER)
            && has("api-version", "2019-08-01")
            && has("resource", RESOURCE);
        let error =
            json!({"error": "invalid_request", "error_description": "a parameter or the header is missing"});
        if is_request { Ok(()) } else { Err(error) }
    };
    (parameters, result)
}

/// The body of an error, as in "Handling error codes in your application".
pub fn authority_error(error: &str, code: u32) -> Value {
    json!({
        "error": error,
        "error_description": format!("AADSTS{code}: The description, with ids.\r\nTrace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333"),
        "error_codes": [code],
        "timestamp": "2016-01-09 02:02:12Z",
        "trace_id": "0000aaaa-11bb-cccc-dd22-eeeeee333333",
        "correlation_id": "aaaa0000-bb11-2222-33cc-444444dddddd",
    })
}

fn parse(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

impl State {
    fn issue(&self, life: i64, parameters: &BTreeMap<String, String>) -> Value {
        // As long as real ones.
        let random: String = (0..40).map(|_| Uuid::new_v4().simple().to_string()).collect();
        let token = format!(
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.{random}.{}",
            Uuid::new_v4().simple()
        );
        run_log::record_secret(&token);
        (self.on_issue)(&token);
        self.tokens.lock().unwrap().push(token.clone());
        if self.is_authority {
            json!({"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token})
        } else {
            json!({
                "access_token": token,
                "expires_on": (clock::now().timestamp() + life).to_string(),
                "resource": RESOURCE,
                "token_type": "Bearer",
                "client_id": parameters.get("client_id"),
            })
        }
    }
}
