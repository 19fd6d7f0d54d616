//! The endpoint as a server: threads that answer one request per connection, for as long as the process runs.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{sleep, spawn};
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::request::{HttpRequest, IDENTITY_HEADER, RESOURCE, TokenRequest};

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

/// Called with each token and the client id of its request before the token is handed out; returns the time as Unix seconds, or an
/// error, which is answered with 500.
pub type OnIssue = Box<dyn Fn(&str, Option<&str>) -> Result<i64, String> + Send + Sync>;

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
    ///
    /// # Errors
    /// No port is free.
    pub fn managed(answer: Answer, on_issue: OnIssue) -> std::io::Result<Self> {
        Self::start(false, answer, on_issue, Some)
    }

    /// An authority, which exchanges the token of a service account. `secure` begins TLS on a connection.
    ///
    /// # Errors
    /// No port is free.
    pub fn authority<S: Read + Write>(
        answer: Answer,
        on_issue: OnIssue,
        secure: impl Fn(TcpStream) -> Option<S> + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        Self::start(true, answer, on_issue, secure)
    }

    fn start<S: Read + Write>(
        is_authority: bool,
        answer: Answer,
        on_issue: OnIssue,
        secure: impl Fn(TcpStream) -> Option<S> + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            is_authority,
            answer: Mutex::new(answer),
            assertion: Mutex::default(),
            requests: Mutex::default(),
            tokens: Mutex::default(),
            on_issue,
        });
        let (shared, secure) = (Arc::clone(&state), Arc::new(secure));
        spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (shared, secure) = (Arc::clone(&shared), Arc::clone(&secure));
                spawn(move || secure(stream).and_then(|stream| shared.serve(stream)));
            }
        });
        Ok(Self { address, state })
    }

    /// Changes what the endpoint does.
    pub fn set_answer(&self, answer: Answer) {
        *lock(&self.state.answer) = answer;
    }

    /// Changes the token of the service account that the authority accepts.
    pub fn accept_assertion(&self, assertion: &str) {
        assertion.clone_into(&mut lock(&self.state.assertion));
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<TokenRequest> {
        lock(&self.state.requests).clone()
    }

    /// The tokens that were issued so far.
    #[must_use]
    pub fn tokens(&self) -> Vec<String> {
        lock(&self.state.tokens).clone()
    }

    /// The variables of a container whose platform has this endpoint.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let url = format!("http://{}/msi/token", self.address);
        vec![
            ("IDENTITY_ENDPOINT".to_owned(), url),
            ("IDENTITY_HEADER".to_owned(), IDENTITY_HEADER.to_owned()),
        ]
    }
}

impl State {
    fn serve(&self, stream: impl Read + Write) -> Option<()> {
        let mut stream = BufReader::new(stream);
        let request = HttpRequest::read(&mut stream)?;
        let (parameters, result) = if self.is_authority {
            request.of_workload_identity(&lock(&self.assertion))
        } else {
            request.of_managed_identity()
        };
        let answer = match result {
            Ok(()) => lock(&self.answer).clone(),
            Err(error) => Answer::Text(400, String::new(), error.to_string()),
        };
        lock(&self.requests).push(TokenRequest {
            parameters: parameters.clone(),
        });
        let (status, fields, body) = match answer {
            Answer::Token(life) => match self.issue(life, &parameters) {
                Ok(token) => (200, String::new(), token.to_string()),
                Err(message) => {
                    let body = json!({"statusCode": 500, "message": message});
                    (500, String::new(), body.to_string())
                }
            },
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

    fn issue(&self, life: i64, parameters: &BTreeMap<String, String>) -> Result<Value, String> {
        // As long as real ones.
        let random: String = (0..40).map(|_| Uuid::new_v4().simple().to_string()).collect();
        let token = format!(
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.{random}.{}",
            Uuid::new_v4().simple()
        );
        let client_id = parameters.get("client_id").map(String::as_str);
        let now = (self.on_issue)(&token, client_id)?;
        lock(&self.tokens).push(token.clone());
        Ok(if self.is_authority {
            json!({"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token})
        } else {
            json!({
                "access_token": token,
                "expires_on": (now + life).to_string(),
                "resource": RESOURCE,
                "token_type": "Bearer",
                "client_id": parameters.get("client_id"),
            })
        })
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
