//! `bare-handler PORT HEAD BODY`: answers every request on 127.0.0.1 with the fields of the file HEAD and the file BODY. What the
//! service costs beyond this is what the bench reports as P2.

use std::error::Error;
use std::{env, fs};

use mimalloc::MiMalloc;
use poem::endpoint::make_sync;
use poem::http::{HeaderMap, HeaderName, HeaderValue};
use poem::listener::TcpListener;
use poem::{IntoResponse as _, Server};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, head, body] = arguments.as_slice() else {
        return Err("usage: bare-handler PORT HEAD BODY".into());
    };
    let mut fields = HeaderMap::new();
    for line in fs::read_to_string(head)?.lines() {
        let (name, value) = line.split_once(": ").ok_or("a field is NAME: VALUE")?;
        fields.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    // It lives as long as the process, and is never copied.
    let body: &'static [u8] = fs::read(body)?.leak();
    let answer = make_sync(move |_| {
        let mut response = body.into_response();
        response.headers_mut().clone_from(&fields);
        response
    });
    Server::new(TcpListener::bind(format!("127.0.0.1:{port}")))
        .run(answer)
        .await?;
    Ok(())
}
