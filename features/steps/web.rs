//! The pages, as people see them in a browser.

use crate::browser::Screen;
use crate::steps::http::rows;
use crate::steps::mail;
use crate::steps::people::has_account;
use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use serde_json::Value;

/// What a page says, without its bars.
const TEXT: &str = "document.querySelector('main')?.innerText";

#[given(expr = "{word} opens {string}")]
#[when(expr = "{word} opens {string}")]
async fn opens(visitor: &mut Visitor, who: String, target: String) -> Result<()> {
    opens_on(visitor, who, target, "desk".to_owned()).await
}

#[given(expr = "{word} opens {string} on a {word} screen")]
#[when(expr = "{word} opens {string} on a {word} screen")]
async fn opens_on(visitor: &mut Visitor, who: String, target: String, screen: String) -> Result<()> {
    let driver = visitor.surroundings.webdriver.as_deref();
    let driver = driver.context("no browser was given: is the tag @browser missing?")?;
    let (base, screen) = (visitor.client.base(), Screen::named(&screen)?);
    let browser = visitor.browsers.of_or_new(&who, driver, base, screen).await?;
    browser.open(&visitor.notes.fill(&target)).await
}

#[when(expr = "{word} follows {string}")]
async fn follows(visitor: &mut Visitor, who: String, link: String) -> Result<()> {
    let link = visitor.notes.fill(&link);
    visitor.browsers.of(&who)?.click(&by_words("a", &link)?).await
}

#[when(expr = "{word} presses {string}")]
async fn presses(visitor: &mut Visitor, who: String, button: String) -> Result<()> {
    let button = visitor.notes.fill(&button);
    visitor
        .browsers
        .of(&who)?
        .click(&by_words("button", &button)?)
        .await
}

#[when(expr = "{word} fills in")]
async fn fills_in(visitor: &mut Visitor, who: String, step: &Step) -> Result<()> {
    for row in rows(step)? {
        let [label, text] = row.as_slice() else {
            anyhow::bail!("a row is: field, text")
        };
        let field = format!(
            "//*[@id = //main//label[starts-with(normalize-space(.), {})]/@for]",
            quoted(label)?
        );
        visitor
            .browsers
            .of(&who)?
            .write(&field, &visitor.notes.fill(text))
            .await?;
    }
    Ok(())
}

#[when(expr = "{word} follows the link in the mail to {string}")]
async fn follows_mail(visitor: &mut Visitor, who: String, path: String) -> Result<()> {
    let token = mail::read(visitor, &who, &format!("{path}?token="))
        .await?
        .token(&path)?;
    visitor
        .browsers
        .of(&who)?
        .open(&format!("{path}?token={token}"))
        .await
}

#[given(expr = "{word} is signed in with a browser")]
async fn is_signed_in(visitor: &mut Visitor, who: String) -> Result<()> {
    is_signed_in_on(visitor, who, "desk".to_owned()).await
}

#[given(expr = "{word} is signed in with a browser on a {word} screen")]
async fn is_signed_in_on(visitor: &mut Visitor, who: String, screen: String) -> Result<()> {
    has_account(visitor, who.clone()).await?;
    signs_in(visitor, who, screen).await
}

/// Somebody who has an account.
#[given(expr = "{word} signs in with a browser on a {word} screen")]
async fn signs_in(visitor: &mut Visitor, who: String, screen: String) -> Result<()> {
    opens_on(visitor, who.clone(), "/sign-in".to_owned(), screen).await?;
    let known = |what: &str| visitor.notes.get(&format!("{who}.{what}"));
    let browser = visitor.browsers.of(&who)?;
    browser.write("//input[@name='email']", known("email")?).await?;
    browser
        .write("//input[@name='password']", known("password")?)
        .await?;
    browser.click(&by_words("button", "Sign in")?).await?;
    sees_page(visitor, who, "My wishes".to_owned()).await
}

#[given(expr = "{word} has added the wish {string}")]
#[when(expr = "{word} adds the wish {string}")]
async fn has_added(visitor: &mut Visitor, who: String, title: String) -> Result<()> {
    let browser = visitor.browsers.of(&who)?;
    browser.open("/my/wishes/new").await?;
    browser.write("//input[@name='title']", &title).await?;
    browser.click(&by_words("button", "Add to my list")?).await?;
    sees_page(visitor, who, "My wishes".to_owned()).await
}

/// Its headline.
#[then(expr = "{word} sees the page {string}")]
async fn sees_page(visitor: &mut Visitor, who: String, title: String) -> Result<()> {
    let browser = visitor.browsers.of(&who)?;
    let shown = browser.wait_for("document.querySelector('h1')?.innerText", |shown| *shown == title);
    shown
        .await
        .with_context(|| format!("the page is not {title:?}"))?;
    Ok(())
}

#[then(expr = "{word} sees {string}")]
async fn sees(visitor: &mut Visitor, who: String, text: String) -> Result<()> {
    let (text, browser) = (visitor.notes.fill(&text), visitor.browsers.of(&who)?);
    let shown = browser.wait_for(TEXT, |shown| {
        shown.as_str().is_some_and(|shown| shown.contains(&text))
    });
    shown
        .await
        .with_context(|| format!("the page does not show {text:?}"))?;
    Ok(())
}

#[then(expr = "{word} does not see {string}")]
async fn does_not_see(visitor: &mut Visitor, who: String, text: String) -> Result<()> {
    let shown = visitor
        .browsers
        .of(&who)?
        .wait_for(TEXT, Value::is_string)
        .await?;
    let shown = shown.as_str().unwrap_or_default();
    ensure!(
        !shown.contains(&visitor.notes.fill(&text)),
        "the page shows {text:?}: {shown}"
    );
    Ok(())
}

#[when(expr = "{word} opens the page that {word} sees")]
async fn opens_anothers(visitor: &mut Visitor, who: String, other: String) -> Result<()> {
    sees_page(visitor, other.clone(), "Change a wish".to_owned()).await?;
    let path = visitor.browsers.of(&other)?.path().await?;
    visitor.browsers.of(&who)?.open(&path).await
}

/// A form on a stranger's page, sent as soon as somebody presses its button.
#[when(expr = "{word} is lured to a stranger's page with a form for {string} and presses its button")]
async fn is_lured(visitor: &mut Visitor, who: String, path: String) -> Result<()> {
    let action = format!("{}{path}", visitor.client.base());
    let page = format!(
        "data:text/html,<form method=post action='{action}'><input name=title value=Forged><input name=note>\
         <input name=csrf value=guessed><button>Win a prize</button></form>"
    );
    let browser = visitor.browsers.of(&who)?;
    browser.open(&page).await?;
    browser.click(&by_words("button", "Win a prize")?).await?;
    browser
        .wait_for("location.protocol", |protocol| protocol != "data:")
        .await?;
    Ok(())
}

/// An element of this kind whose words are these.
fn by_words(kind: &str, words: &str) -> Result<String> {
    Ok(format!("//{kind}[normalize-space(.) = {}]", quoted(words)?))
}

/// As XPath writes a text.
fn quoted(text: &str) -> Result<String> {
    let quote = if text.contains('"') { '\'' } else { '"' };
    ensure!(!text.contains(quote), "these words cannot be looked for: {text}");
    Ok(format!("{quote}{text}{quote}"))
}
