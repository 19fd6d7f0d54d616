//! Access tokens: verified by an outside library, shown to the service as they are and as forgers make them.

use crate::answer::Answer;
use crate::forged;
use crate::steps::people::{ask, note_tokens};
use crate::visitor::Visitor;
use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cucumber::{given, then, when};
use reqwest::Method;
use serde_json::Value;
use std::net::TcpListener;

#[when(expr = "{word} asks for a bare token with address and password")]
async fn basic(visitor: &mut Visitor, who: String) -> Result<()> {
    let known = |what: &str| visitor.notes.get(&format!("{who}.{what}"));
    let credentials = format!("{}:{}", known("email")?, known("password")?);
    let answer = log_in(visitor, &format!("Basic {}", STANDARD.encode(credentials))).await?;
    if answer.status == 200 {
        visitor.notes.note(&format!("{who}.access"), answer.text()?);
    }
    visitor.answers.push(answer);
    Ok(())
}

#[when(expr = "I ask for a bare token with the credentials {string}")]
async fn basic_text(visitor: &mut Visitor, credentials: String) -> Result<()> {
    let credentials = visitor.notes.fill(&credentials);
    let answer = log_in(visitor, &format!("Basic {}", STANDARD.encode(credentials))).await?;
    visitor.answers.push(answer);
    Ok(())
}

#[when(expr = "{word} refreshes the tokens")]
async fn refresh(visitor: &mut Visitor, who: String) -> Result<()> {
    let body = format!(r#"{{"refresh_token":"{{{who}.refresh}}"}}"#);
    let answer = ask(visitor, None, Method::POST, "/auth/refresh", "", Some(&body)).await?;
    note_tokens(visitor, &who, &answer)?;
    visitor.answers.push(answer);
    Ok(())
}

#[then(expr = "a published key verifies {word}'s access token, and its header and claims are")]
async fn verifies(visitor: &mut Visitor, who: String, step: &cucumber::gherkin::Step) -> Result<()> {
    let token = visitor.notes.get(&format!("{who}.access"))?.to_owned();
    let claims = forged::verify(&token, &published(visitor).await?)?;
    let header = forged::header(&token)?;
    for row in super::http::rows(step)? {
        let [part, member, wanted] = row.as_slice() else {
            bail!("a row is: part, member, value");
        };
        let given = match part.as_str() {
            "header" => &header[member],
            _ => &claims[member],
        };
        ensure!(!given.is_null(), "there is no {member}: {header} {claims}");
        let given = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
        let wanted = visitor.notes.fill(wanted);
        ensure!(
            wanted == "…" || given == wanted,
            "{member} is {given}, not {wanted}"
        );
    }
    Ok(())
}

#[then(expr = "{word}'s access token ends within {int} seconds of its beginning")]
fn life(visitor: &mut Visitor, who: String, seconds: i64) -> Result<()> {
    let claims = forged::claims(visitor.notes.get(&format!("{who}.access"))?)?;
    let (begin, end) = (
        claims["iat"].as_i64().context("no iat")?,
        claims["exp"].as_i64().context("no exp")?,
    );
    ensure!(
        end > begin && end - begin <= seconds,
        "it lives {} s",
        end - begin
    );
    Ok(())
}

/// Nobody may be asked for a key: whoever connects to this is seen.
#[given("somebody listens elsewhere for whoever asks for keys")]
fn listens(visitor: &mut Visitor) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}/jwks.json", listener.local_addr()?);
    visitor.notes.note("elsewhere", &url);
    visitor.elsewhere = Some(listener);
    Ok(())
}

#[when(expr = "somebody forges {word}'s access token by {}")]
async fn forges(visitor: &mut Visitor, who: String, trick: String) -> Result<()> {
    let keys = published(visitor).await?;
    let good = visitor.notes.get(&format!("{who}.access"))?.to_owned();
    // What is changed must be good before: otherwise every refusal would be for another reason.
    validate(visitor, &good).await?.expect_status(200)?;
    let elsewhere = visitor
        .notes
        .get("elsewhere")
        .unwrap_or("https://keys.example/jwks.json");
    visitor.forged = forged::forge(&trick, &good, &keys, elsewhere)?;
    Ok(())
}

#[then(expr = "none of the forged tokens opens anything")]
async fn opens_nothing(visitor: &mut Visitor) -> Result<()> {
    ensure!(!visitor.forged.is_empty(), "nothing was forged");
    for token in &visitor.forged {
        let bearer = format!("Authorization: Bearer {token}");
        for (method, target) in [
            (Method::POST, "/validate"),
            (Method::GET, "/admin/audit"),
            (Method::GET, "/wishes"),
        ] {
            let answer = ask(visitor, None, method, target, &bearer, None).await?;
            answer
                .expect_problem(401)
                .with_context(|| format!("with {token}"))?;
            let challenge = answer.header("www-authenticate")?.unwrap_or_default();
            ensure!(challenge.starts_with("Bearer"), "{}: {challenge}", answer.asked);
        }
    }
    Ok(())
}

#[then("nobody was asked for a key")]
fn not_asked(visitor: &mut Visitor) -> Result<()> {
    let listener = visitor.elsewhere.as_ref().context("nobody listens")?;
    ensure!(
        listener.accept().is_err(),
        "the service asked elsewhere for a key"
    );
    Ok(())
}

#[then(expr = "{word} is told of none of the forged tokens but that it is not active")]
async fn inactive(visitor: &mut Visitor, who: String) -> Result<()> {
    ensure!(!visitor.forged.is_empty(), "nothing was forged");
    for token in &visitor.forged {
        let body = format!(
            "token={}",
            token.replace('%', "%25").replace('&', "%26").replace('+', "%2B")
        );
        let form = "Content-Type: application/x-www-form-urlencoded";
        let answer = ask(
            visitor,
            Some(&who),
            Method::POST,
            "/introspect",
            form,
            Some(&body),
        )
        .await?;
        answer.expect_status(200)?;
        ensure!(answer.text()? == r#"{"active":false}"#, "{answer} of {token}");
    }
    Ok(())
}

/// The members of a private key, of any kind (RFC 7518 §6).
#[then("every key of the set has nothing private")]
fn nothing_private(visitor: &mut Visitor) -> Result<()> {
    let set = visitor.answer()?.json()?;
    let keys = set["keys"].as_array().context("no keys")?;
    ensure!(!keys.is_empty(), "the set is empty");
    for key in keys {
        let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
            .iter()
            .find(|name| key.get(**name).is_some());
        ensure!(private.is_none(), "a key shows {private:?}");
    }
    Ok(())
}

async fn published(visitor: &Visitor) -> Result<Value> {
    let answer = visitor.client.get("/.well-known/jwks.json").await?;
    answer.expect_status(200)?;
    answer.json()
}

async fn validate(visitor: &Visitor, token: &str) -> Result<Answer> {
    let bearer = format!("Authorization: Bearer {token}");
    ask(visitor, None, Method::POST, "/validate", &bearer, None).await
}

async fn log_in(visitor: &Visitor, authorization: &str) -> Result<Answer> {
    let field = format!("Authorization: {authorization}");
    ask(visitor, None, Method::POST, "/login", &field, None).await
}
