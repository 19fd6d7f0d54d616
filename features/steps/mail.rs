//! Mails that users receive.

use crate::mailbox::Mail;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::{then, when};

/// Saves the token of the link as `Ann.link`.
#[when(expr = "{word} reads the mail with a link to {string}")]
#[then(expr = "{word} receives a mail with a link to {string}")]
async fn receives_link(world: &mut World, user: String, path: String) -> Result<()> {
    let mail = next(world, &user, &format!("{path}?token=")).await?;
    let token = mail.token(&path)?;
    world.variables.set_of(&user, "link", &token);
    world.mails.push(mail);
    Ok(())
}

#[then(expr = "{word} receives a mail with the subject {string}")]
async fn receives_subject(world: &mut World, user: String, subject: String) -> Result<()> {
    let mail = next(world, &user, &format!("Subject: {subject}\r\n")).await?;
    world.mails.push(mail);
    Ok(())
}

#[then(expr = "{word} receives no further mail")]
async fn receives_none(world: &mut World, user: String) -> Result<()> {
    let folder = world.capabilities.mail_folder()?;
    let address = world.variables.get_of(&user, "email")?;
    world.mailbox.expect_none(folder, address).await
}

#[then(expr = "{word} receives at most {int} mail(s)")]
async fn receives_at_most(world: &mut World, user: String, max: usize) -> Result<()> {
    let folder = world.capabilities.mail_folder()?;
    let address = world.variables.get_of(&user, "email")?;
    let count = world.mailbox.count(folder, address).await?;
    ensure!(count <= max, "{count} mails arrived");
    Ok(())
}

#[then(expr = "the latest mail has a plain-text part and an HTML part with the same link to {string}")]
fn has_two_parts(world: &mut World, path: String) -> Result<()> {
    let mail = latest(world)?;
    let media_type = mail.header("Content-Type")?;
    ensure!(
        media_type.starts_with("multipart/alternative"),
        "it is {media_type}"
    );
    let (plain, html) = mail
        .text
        .split_once("Content-Type: text/html")
        .context("no HTML part")?;
    ensure!(plain.contains("Content-Type: text/plain"), "no plain-text part");
    let token = mail.token(&path)?;
    let link = format!("{path}?token={token}");
    ensure!(
        plain.contains(&link) && html.contains(&link),
        "the links of the parts differ"
    );
    Ok(())
}

#[then(expr = "the latest mail has exactly one {string} header, with the value {string}")]
fn has_header(world: &mut World, name: String, value: String) -> Result<()> {
    let actual = latest(world)?.header(&name)?;
    let expected = world.variables.fill(&value);
    ensure!(actual == expected, "{name} is {actual}");
    Ok(())
}

#[then(expr = "the latest mail does not contain {string}")]
fn does_not_contain(world: &mut World, unwanted: String) -> Result<()> {
    let unwanted = world.variables.fill(&unwanted);
    let is_contained = latest(world)?.text.contains(&unwanted);
    ensure!(!is_contained, "it contains {unwanted}");
    Ok(())
}

/// Waits for the next unread mail to a user that contains this text.
pub(super) async fn next(world: &mut World, user: &str, text: &str) -> Result<Mail> {
    let folder = world.capabilities.mail_folder()?;
    let address = world.variables.get_of(user, "email")?;
    world.mailbox.next(folder, address, text).await
}

fn latest(world: &World) -> Result<&Mail> {
    world.mails.last().context("no mail was read yet")
}
