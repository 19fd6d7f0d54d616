//! Machine clients: access tokens for an id and a secret, which a scenario has saved as `Nightly.id` and `Nightly.secret`.

use crate::steps::requests::send;
use crate::world::World;
use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cucumber::when;
use reqwest::Method;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

#[when(expr = "the client {word} requests a token with the form {string}")]
async fn requests_token(world: &mut World, client: String, form: String) -> Result<()> {
    let (id, secret) = (
        world.variables.get_of(&client, "id")?,
        world.variables.get_of(&client, "secret")?,
    );
    let basic = STANDARD.encode(format!("{id}:{secret}"));
    let fields = format!("Authorization: Basic {basic} | {FORM}");
    let response = send(world, None, Method::POST, "/oauth/token", &fields, Some(&form)).await?;
    if response.status == 200
        && let Some(token) = response.json()?["access_token"].as_str()
    {
        world.variables.set_of(&client, "access", token);
    }
    world.responses.push(response);
    Ok(())
}
