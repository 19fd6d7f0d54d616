//! Who asks: people with an account and a token of their own; what they have is noted as `Ann.email`, `Ann.access`.

use crate::answer::Answer;
use crate::client::headers;
use crate::spelling::expand;
use crate::steps::mail;
use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use futures::future::join_all;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;

#[given(expr = "{word} is new here")]
fn is_new(visitor: &mut Visitor, who: String) {
    visitor.notes.introduce(&who);
}

#[given(expr = "{word} has an account")]
pub(super) async fn has_account(visitor: &mut Visitor, who: String) -> Result<()> {
    visitor.notes.introduce(&who);
    register(visitor, &who).await?.expect_status(202)?;
    let token = mail::read(visitor, &who, "/confirm?token=")
        .await?
        .token("/confirm")?;
    let body = json!({ "token": token }).to_string();
    let confirmed = ask(visitor, None, Method::POST, "/auth/confirm", "", Some(&body)).await?;
    ensure!(confirmed.status < 300, "{}: {confirmed}", confirmed.asked);
    Ok(())
}

#[given(expr = "{word} is signed in")]
async fn is_signed_in(visitor: &mut Visitor, who: String) -> Result<()> {
    has_account(visitor, who.clone()).await?;
    sign_in(visitor, &who).await?.expect_status(200)
}

/// With the account that was given for the role.
#[given(expr = "{word} is signed in as {word}")]
async fn is_signed_in_as(visitor: &mut Visitor, who: String, role: String) -> Result<()> {
    let login = visitor.surroundings.login(&role)?.clone();
    visitor.notes.note(&format!("{who}.email"), &login.email);
    visitor.notes.note(&format!("{who}.password"), &login.password);
    sign_in(visitor, &who).await?.expect_status(200)
}

#[when(expr = "{word} registers")]
async fn registers(visitor: &mut Visitor, who: String) -> Result<()> {
    let answer = register(visitor, &who).await?;
    visitor.answers.push(answer);
    Ok(())
}

#[when(expr = "{word} signs in")]
async fn signs_in(visitor: &mut Visitor, who: String) -> Result<()> {
    let answer = sign_in(visitor, &who).await?;
    visitor.answers.push(answer);
    Ok(())
}

#[when(expr = "{word} signs in with the password {string}")]
async fn signs_in_with(visitor: &mut Visitor, who: String, password: String) -> Result<()> {
    let email = visitor.notes.get(&format!("{who}.email"))?;
    let body = json!({ "email": email, "password": visitor.notes.fill(&expand(&password)) }).to_string();
    let answer = ask(visitor, None, Method::POST, "/auth/login", "", Some(&body)).await?;
    visitor.answers.push(answer);
    Ok(())
}

#[when(expr = "{word} gets {string}")]
async fn gets(visitor: &mut Visitor, who: String, target: String) -> Result<()> {
    let answer = ask(visitor, Some(&who), Method::GET, &target, "", None).await?;
    visitor.answers.push(answer);
    Ok(())
}

#[when(expr = "{word} sends {word} to {string}")]
async fn sends(
    visitor: &mut Visitor,
    who: String,
    method: String,
    target: String,
    step: &Step,
) -> Result<()> {
    sends_with(visitor, who, method, target, String::new(), step).await
}

#[when(expr = "{word} sends {word} to {string} with {string}")]
async fn sends_with(
    visitor: &mut Visitor,
    who: String,
    method: String,
    target: String,
    fields: String,
    step: &Step,
) -> Result<()> {
    let method = Method::from_bytes(method.as_bytes())?;
    let body = step.docstring.as_deref();
    let answer = ask(visitor, Some(&who), method, &target, &fields, body).await?;
    visitor.answers.push(answer);
    Ok(())
}

/// The same request, all of them on their way before the first is answered.
#[when(expr = "{word} sends {word} to {string} with {string} {int} times at once")]
async fn sends_at_once(
    visitor: &mut Visitor,
    who: String,
    method: String,
    target: String,
    fields: String,
    times: usize,
    step: &Step,
) -> Result<()> {
    let method = Method::from_bytes(method.as_bytes())?;
    let (body, seen) = (step.docstring.as_deref(), &*visitor);
    let asked = (0..times).map(|_| ask(seen, Some(&who), method.clone(), &target, &fields, body));
    let answers = join_all(asked).await.into_iter().collect::<Result<Vec<_>>>()?;
    visitor.answers.extend(answers);
    Ok(())
}

#[then(expr = "exactly one of the {int} latest answers is {int}, and the others are {int}")]
fn exactly_one(visitor: &mut Visitor, count: usize, one: u16, others: u16) -> Result<()> {
    let latest = visitor
        .answers
        .len()
        .checked_sub(count)
        .context("there are fewer")?;
    let (good, rest): (Vec<&Answer>, Vec<&Answer>) = visitor.answers[latest..]
        .iter()
        .partition(|answer| answer.status == one);
    ensure!(good.len() == 1, "{} are {one}", good.len());
    rest.iter()
        .try_for_each(|answer| answer.expect_problem(others).map(drop))
}

#[when(expr = "I send {word} to {string} with the body")]
async fn send_body(visitor: &mut Visitor, method: String, target: String, step: &Step) -> Result<()> {
    let method = Method::from_bytes(method.as_bytes())?;
    let body = step.docstring.as_deref().context("no body is given")?;
    let answer = ask(visitor, None, method, &target, "", Some(body)).await?;
    visitor.answers.push(answer);
    Ok(())
}

#[when(expr = "I send {word} to {string} with {string} and the body")]
async fn send_body_with(
    visitor: &mut Visitor,
    method: String,
    target: String,
    fields: String,
    step: &Step,
) -> Result<()> {
    let method = Method::from_bytes(method.as_bytes())?;
    let body = step.docstring.as_deref().context("no body is given")?;
    let answer = ask(visitor, None, method, &target, &fields, Some(body)).await?;
    visitor.answers.push(answer);
    Ok(())
}

/// Asks as somebody, or as nobody. In target, fields and body `{name}` stands for what was noted by it. A body is JSON
/// unless the fields say something else.
pub(super) async fn ask(
    visitor: &Visitor,
    who: Option<&str>,
    method: Method,
    target: &str,
    fields: &str,
    body: Option<&str>,
) -> Result<Answer> {
    let fill = |text: &str| expand(&visitor.notes.fill(text));
    let mut fields: HeaderMap = headers(&fill(fields))?;
    if let Some(who) = who {
        let token = visitor.notes.get(&format!("{who}.access"))?;
        fields.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}"))?);
    }
    let target = fill(target);
    let Some(body) = body else {
        return visitor.client.ask(method, &target, fields).await;
    };
    let json = HeaderValue::from_static("application/json");
    fields.entry(CONTENT_TYPE).or_insert(json);
    // The docstring begins and ends with a line end.
    let body = fill(body.trim());
    visitor.client.send_body(method, &target, fields, body).await
}

/// Signs in with what is noted, and notes the tokens if they are given.
pub(super) async fn sign_in(visitor: &mut Visitor, who: &str) -> Result<Answer> {
    let known = |what: &str| visitor.notes.get(&format!("{who}.{what}"));
    let body = json!({ "email": known("email")?, "password": known("password")? }).to_string();
    let answer = ask(visitor, None, Method::POST, "/auth/login", "", Some(&body)).await?;
    note_tokens(visitor, who, &answer)?;
    Ok(answer)
}

/// Notes the pair of tokens of an answer, where there is one.
pub(super) fn note_tokens(visitor: &mut Visitor, who: &str, answer: &Answer) -> Result<()> {
    if answer.status == 200 {
        let pair = answer.json()?;
        for (what, member) in [("access", "access_token"), ("refresh", "refresh_token")] {
            let token = pair[member].as_str().with_context(|| format!("no {member}"))?;
            visitor.notes.note(&format!("{who}.{what}"), token);
        }
    }
    Ok(())
}

async fn register(visitor: &Visitor, who: &str) -> Result<Answer> {
    let known = |what: &str| visitor.notes.get(&format!("{who}.{what}"));
    let body = json!({ "name": who, "email": known("email")?, "password": known("password")? });
    ask(
        visitor,
        None,
        Method::POST,
        "/auth/register",
        "",
        Some(&body.to_string()),
    )
    .await
}
