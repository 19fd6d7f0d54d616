//! Accounts: registration, links from mails, signing in.

use crate::escapes::expand;
use crate::response::Response;
use crate::steps::mail;
use crate::steps::requests::post;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::{given, when};
use serde_json::json;

/// More requests than any rate limit allows.
const MAX_MAIL_REQUESTS: usize = 20;

#[given(expr = "{word} has no account")]
fn has_no_account(world: &mut World, user: String) {
    world.variables.create_user(&user);
}

#[given(expr = "{word} has registered but not confirmed the address")]
async fn has_registered(world: &mut World, user: String) -> Result<()> {
    world.variables.create_user(&user);
    register(world, &user).await?.expect_status(202)
}

#[given(expr = "{word} has an account")]
pub(super) async fn has_account(world: &mut World, user: String) -> Result<()> {
    has_registered(world, user.clone()).await?;
    let mail = mail::next(world, &user, "/confirm?token=").await?;
    let password = world.variables.get_of(&user, "chosen")?;
    let body = json!({ "token": mail.token("/confirm")?, "password": password }).to_string();
    let confirmed = post(world, "/auth/confirm", &body).await?;
    ensure!(confirmed.status < 300, "{}: {confirmed}", confirmed.request);
    Ok(())
}

#[given(expr = "{word} is signed in")]
async fn is_signed_in(world: &mut World, user: String) -> Result<()> {
    has_account(world, user.clone()).await?;
    sign_in(world, &user).await?.expect_status(200)
}

/// With the account of that role that the run was given.
#[given(expr = "{word} is signed in as {word}")]
async fn is_signed_in_as(world: &mut World, user: String, role: String) -> Result<()> {
    let login = world.capabilities.login(&role)?.clone();
    world.variables.set_of(&user, "email", &login.email);
    world.variables.set_of(&user, "password", &login.password);
    sign_in(world, &user).await?.expect_status(200)
}

#[when(expr = "{word} registers")]
async fn registers(world: &mut World, user: String) -> Result<()> {
    let response = register(world, &user).await?;
    world.responses.push(response);
    Ok(())
}

#[when(expr = "{word} registers with the password {string}")]
async fn registers_with(world: &mut World, user: String, password: String) -> Result<()> {
    let password = expand(&world.variables.fill(&password));
    let response = register_with(world, &user, &password).await?;
    world.responses.push(response);
    Ok(())
}

#[when(expr = "{word} signs in")]
async fn signs_in(world: &mut World, user: String) -> Result<()> {
    let response = sign_in(world, &user).await?;
    world.responses.push(response);
    Ok(())
}

#[when(expr = "{word} signs in with the password {string}")]
async fn signs_in_with(world: &mut World, user: String, password: String) -> Result<()> {
    let email = world.variables.get_of(&user, "email")?;
    let password = world.variables.fill(&expand(&password));
    let body = json!({ "email": email, "password": password }).to_string();
    let response = post(world, "/auth/login", &body).await?;
    world.responses.push(response);
    Ok(())
}

/// Sends the token that was saved as `Ann.link`, and the password that Ann registered with where it is required.
#[when(expr = "{word} submits the token of the link to {string}")]
async fn submits_token(world: &mut World, user: String, target: String) -> Result<()> {
    let mut body = json!({ "token": world.variables.get_of(&user, "link")? });
    if target == "/auth/confirm" {
        body["password"] = json!(world.variables.get_of(&user, "chosen")?);
    }
    let response = post(world, &target, &body.to_string()).await?;
    world.responses.push(response);
    Ok(())
}

#[when(expr = "mails to {word} are requested from {string} until a request is rate-limited")]
async fn requests_mails_until_limited(world: &mut World, user: String, target: String) -> Result<()> {
    for _ in 0..MAX_MAIL_REQUESTS {
        request_mail(world, &user, &target).await?;
        if world.response()?.status == 429 {
            return Ok(());
        }
    }
    anyhow::bail!("none of {MAX_MAIL_REQUESTS} requests is rate-limited");
}

#[when(expr = "mails to {word} are requested from {string} {int} times")]
async fn requests_mails(world: &mut World, user: String, target: String, times: usize) -> Result<()> {
    for _ in 0..times {
        request_mail(world, &user, &target).await?;
    }
    Ok(())
}

/// Signs in with the saved credentials, and saves the tokens if the response contains them.
pub(super) async fn sign_in(world: &mut World, user: &str) -> Result<Response> {
    let body = json!({
        "email": world.variables.get_of(user, "email")?,
        "password": world.variables.get_of(user, "password")?,
    });
    let response = post(world, "/auth/login", &body.to_string()).await?;
    save_tokens(world, user, &response)?;
    Ok(response)
}

/// Saves the access and refresh token of a successful response.
pub(super) fn save_tokens(world: &mut World, user: &str, response: &Response) -> Result<()> {
    if response.status == 200 {
        let pair = response.json()?;
        for (attribute, member) in [("access", "access_token"), ("refresh", "refresh_token")] {
            let token = pair[member].as_str().with_context(|| format!("no {member}"))?;
            world.variables.set_of(user, attribute, token);
        }
    }
    Ok(())
}

async fn register(world: &mut World, user: &str) -> Result<Response> {
    let password = world.variables.get_of(user, "password")?.to_owned();
    register_with(world, user, &password).await
}

/// Saves the password as the one that confirming the address requires, unless it is rejected: then it may be a word, such as
/// `password`, that logs contain.
async fn register_with(world: &mut World, user: &str, password: &str) -> Result<Response> {
    let email = world.variables.get_of(user, "email")?;
    let body = json!({ "name": user, "email": email, "password": password });
    let response = post(world, "/auth/register", &body.to_string()).await?;
    if response.status < 300 {
        world.variables.set_of(user, "chosen", password);
    }
    Ok(response)
}

async fn request_mail(world: &mut World, user: &str, target: &str) -> Result<()> {
    let body = json!({ "email": world.variables.get_of(user, "email")? }).to_string();
    let response = post(world, target, &body).await?;
    world.responses.push(response);
    Ok(())
}
