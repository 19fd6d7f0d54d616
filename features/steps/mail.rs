//! The mails that people get, as they read them.

use crate::mailbox::Mail;
use crate::visitor::Visitor;
use anyhow::{Context, Result, bail, ensure};
use cucumber::{then, when};

/// The token of its link is noted as `Ann.link`.
#[when(expr = "{word} reads the mail with the link to {string}")]
#[then(expr = "{word} gets a mail with a link to {string}")]
async fn gets_link(visitor: &mut Visitor, who: String, path: String) -> Result<()> {
    let mail = read(visitor, &who, &format!("{path}?token=")).await?;
    let token = mail.token(&path)?;
    visitor.notes.note(&format!("{who}.link"), &token);
    visitor.mails.push(mail);
    Ok(())
}

#[then(expr = "{word} gets a mail with the subject {string}")]
async fn gets_subject(visitor: &mut Visitor, who: String, subject: String) -> Result<()> {
    let mail = read(visitor, &who, &format!("Subject: {subject}\r\n")).await?;
    visitor.mails.push(mail);
    Ok(())
}

#[then(expr = "{word} gets no further mail")]
async fn gets_nothing(visitor: &mut Visitor, who: String) -> Result<()> {
    let address = visitor.notes.get(&format!("{who}.email"))?.to_owned();
    let surroundings = visitor.surroundings.clone();
    visitor
        .mailbox
        .expect_nothing(surroundings.mail_folder()?, &address)
        .await
}

#[then(expr = "{word} gets at most {int} mail(s)")]
async fn gets_at_most(visitor: &mut Visitor, who: String, most: usize) -> Result<()> {
    let address = visitor.notes.get(&format!("{who}.email"))?.to_owned();
    let surroundings = visitor.surroundings.clone();
    let count = visitor
        .mailbox
        .count(surroundings.mail_folder()?, &address)
        .await?;
    ensure!(count <= most, "{count} mails came");
    Ok(())
}

#[then(expr = "the latest mail has a plain part and an HTML part with the same link to {string}")]
fn two_parts(visitor: &mut Visitor, path: String) -> Result<()> {
    let mail = latest(visitor)?;
    let kind = mail.field("Content-Type")?;
    ensure!(kind.starts_with("multipart/alternative"), "it is {kind}");
    let (plain, html) = mail
        .text
        .split_once("Content-Type: text/html")
        .context("no HTML part")?;
    ensure!(plain.contains("Content-Type: text/plain"), "no plain part");
    let token = mail.token(&path)?;
    let link = format!("{path}?token={token}");
    ensure!(
        plain.contains(&link) && html.contains(&link),
        "the parts differ in their link"
    );
    Ok(())
}

#[then(expr = "the latest mail has one header field {string}, {string}")]
fn one_field(visitor: &mut Visitor, name: String, value: String) -> Result<()> {
    let given = latest(visitor)?.field(&name)?;
    let wanted = visitor.notes.fill(&value);
    ensure!(given == wanted, "{name} is {given}");
    Ok(())
}

#[then(expr = "the page shows {string}")]
fn page_shows(visitor: &mut Visitor, text: String) -> Result<()> {
    let answer = visitor.answer()?;
    let text = visitor.notes.fill(&text);
    ensure!(
        answer.text()?.contains(&text),
        "{}: does not show {text}",
        answer.asked
    );
    Ok(())
}

#[then(expr = "nowhere in the latest mail is {string}")]
fn nowhere(visitor: &mut Visitor, unwanted: String) -> Result<()> {
    let unwanted = visitor.notes.fill(&unwanted);
    if latest(visitor)?.text.contains(&unwanted) {
        bail!("it holds {unwanted}");
    }
    Ok(())
}

/// The next mail to somebody that holds this text.
pub(super) async fn read(visitor: &mut Visitor, who: &str, text: &str) -> Result<Mail> {
    let address = visitor.notes.get(&format!("{who}.email"))?.to_owned();
    let surroundings = visitor.surroundings.clone();
    visitor
        .mailbox
        .next(surroundings.mail_folder()?, &address, text)
        .await
}

fn latest(visitor: &Visitor) -> Result<&Mail> {
    visitor.mails.last().context("no mail was read yet")
}
