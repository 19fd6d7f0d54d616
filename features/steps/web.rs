//! Pages in a browser: navigation, forms and what a page shows.

use crate::browser::Screen;
use crate::steps::accounts::has_account;
use crate::steps::json::rows;
use crate::steps::mail;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::{given, then, when};
use serde_json::Value;

/// Visible text of the page without its header and footer.
const MAIN_TEXT: &str = "document.querySelector('main')?.innerText";

#[given(expr = "{word} opens {string}")]
#[when(expr = "{word} opens {string}")]
async fn opens(world: &mut World, user: String, target: String) -> Result<()> {
    opens_on(world, user, target, "desktop".to_owned()).await
}

#[given(expr = "{word} opens {string} on a {word} screen")]
async fn opens_on(world: &mut World, user: String, target: String, screen: String) -> Result<()> {
    let driver = world.capabilities.webdriver.as_deref();
    let driver = driver.context("there is no WebDriver server: is the tag @browser missing?")?;
    let (base, screen) = (world.client.base(), Screen::named(&screen)?);
    let browser = world.browsers.get_or_start(&user, driver, base, screen).await?;
    browser.open(&world.variables.fill(&target)).await
}

#[when(expr = "{word} follows {string}")]
async fn follows(world: &mut World, user: String, link: String) -> Result<()> {
    let link = by_text("a", &world.variables.fill(&link))?;
    world.browsers.get(&user)?.click(&link).await
}

#[when(expr = "{word} presses {string}")]
async fn presses(world: &mut World, user: String, button: String) -> Result<()> {
    let button = by_text("button", &world.variables.fill(&button))?;
    world.browsers.get(&user)?.click(&button).await
}

#[given(expr = "{word} has a slow connection")]
async fn has_slow_connection(world: &mut World, user: String) -> Result<()> {
    world.browsers.get(&user)?.slow_down().await
}

#[when(expr = "{word} double-clicks {string}")]
async fn double_clicks(world: &mut World, user: String, button: String) -> Result<()> {
    let button = by_text("button", &button)?;
    world.browsers.get(&user)?.double_click(&button).await
}

#[when(expr = "{word} opens {string} in another tab")]
async fn opens_in_another_tab(world: &mut World, user: String, target: String) -> Result<()> {
    let browser = world.browsers.get(&user)?;
    browser.open_tab().await?;
    browser.open(&target).await
}

#[when(expr = "{word} returns to the first tab")]
async fn returns_to_first_tab(world: &mut World, user: String) -> Result<()> {
    world.browsers.get(&user)?.go_to_first_tab().await
}

#[when(expr = "{word} fills in")]
async fn fills_in(world: &mut World, user: String, step: &Step) -> Result<()> {
    let browser = world.browsers.get(&user)?;
    for row in rows(step)? {
        let [label, text] = row.as_slice() else {
            anyhow::bail!("the columns are: field, text")
        };
        let field = format!(
            "//*[@id = //main//label[starts-with(normalize-space(.), {})]/@for]",
            xpath_string(label)?
        );
        browser.write(&field, &world.variables.fill(text)).await?;
    }
    Ok(())
}

#[when(expr = "{word} follows the link in the mail to {string}")]
async fn follows_mail(world: &mut World, user: String, path: String) -> Result<()> {
    let mail = mail::next(world, &user, &format!("{path}?token=")).await?;
    let target = format!("{path}?token={}", mail.token(&path)?);
    world.browsers.get(&user)?.open(&target).await
}

#[given(expr = "{word} is signed in with a browser")]
async fn is_signed_in(world: &mut World, user: String) -> Result<()> {
    is_signed_in_on(world, user, "desktop".to_owned()).await
}

#[given(expr = "{word} is signed in with a browser on a {word} screen")]
async fn is_signed_in_on(world: &mut World, user: String, screen: String) -> Result<()> {
    has_account(world, user.clone()).await?;
    signs_in(world, user, screen).await
}

#[given(expr = "{word} signs in with a browser on a {word} screen")]
async fn signs_in(world: &mut World, user: String, screen: String) -> Result<()> {
    opens_on(world, user.clone(), "/sign-in".to_owned(), screen).await?;
    let browser = world.browsers.get(&user)?;
    for attribute in ["email", "password"] {
        let value = world.variables.get_of(&user, attribute)?;
        let field = format!("//input[@name='{attribute}']");
        browser.write(&field, value).await?;
    }
    browser.click(&by_text("button", "Sign in")?).await?;
    sees_page(world, user, "My wishes".to_owned()).await
}

#[given(expr = "{word} has added the wish {string}")]
#[when(expr = "{word} adds the wish {string}")]
async fn adds_wish(world: &mut World, user: String, title: String) -> Result<()> {
    let browser = world.browsers.get(&user)?;
    browser.open("/my/wishes/new").await?;
    browser.write("//input[@name='title']", &title).await?;
    browser.click(&by_text("button", "Add to my list")?).await?;
    sees_page(world, user, "My wishes".to_owned()).await
}

/// The page with this heading.
#[then(expr = "{word} sees the page {string}")]
async fn sees_page(world: &mut World, user: String, heading: String) -> Result<()> {
    let browser = world.browsers.get(&user)?;
    let shown = browser.wait_for("document.querySelector('h1')?.innerText", |shown| {
        *shown == heading
    });
    shown
        .await
        .with_context(|| format!("the page is not {heading:?}"))?;
    Ok(())
}

#[then(expr = "{word} sees {string}")]
async fn sees(world: &mut World, user: String, text: String) -> Result<()> {
    let (text, browser) = (world.variables.fill(&text), world.browsers.get(&user)?);
    let shown = browser.wait_for(MAIN_TEXT, |shown| {
        shown.as_str().is_some_and(|shown| shown.contains(&text))
    });
    shown
        .await
        .with_context(|| format!("the page does not show {text:?}"))?;
    Ok(())
}

#[then(expr = "{word} sees {string} once")]
async fn sees_once(world: &mut World, user: String, text: String) -> Result<()> {
    sees(world, user.clone(), text.clone()).await?;
    let shown = world
        .browsers
        .get(&user)?
        .wait_for(MAIN_TEXT, Value::is_string)
        .await?;
    let shown = shown.as_str().unwrap_or_default();
    ensure!(
        shown.matches(&text).count() == 1,
        "the page shows {text:?} more than once: {shown}"
    );
    Ok(())
}

#[then(expr = "{word} does not see {string}")]
async fn does_not_see(world: &mut World, user: String, text: String) -> Result<()> {
    let browser = world.browsers.get(&user)?;
    let shown = browser.wait_for(MAIN_TEXT, Value::is_string).await?;
    let shown = shown.as_str().unwrap_or_default();
    ensure!(
        !shown.contains(&world.variables.fill(&text)),
        "the page shows {text:?}: {shown}"
    );
    Ok(())
}

#[when(expr = "{word} opens the page that {word} sees")]
async fn opens_page_of(world: &mut World, user: String, other: String) -> Result<()> {
    sees_page(world, other.clone(), "Change a wish".to_owned()).await?;
    let path = world.browsers.get(&other)?.path().await?;
    world.browsers.get(&user)?.open(&path).await
}

#[when(expr = "{word} submits a cross-site form to {string} from a malicious page")]
async fn submits_cross_site_form(world: &mut World, user: String, path: String) -> Result<()> {
    let action = format!("{}{path}", world.client.base());
    let page = format!(
        "data:text/html,<form method=post action='{action}'><input name=title value=Forged><input name=note>\
         <input name=csrf value=guessed><button>Win a prize</button></form>"
    );
    let browser = world.browsers.get(&user)?;
    browser.open(&page).await?;
    browser.click(&by_text("button", "Win a prize")?).await?;
    browser
        .wait_for("location.protocol", |protocol| protocol != "data:")
        .await?;
    Ok(())
}

/// XPath of the elements of a kind with exactly this text.
fn by_text(element: &str, text: &str) -> Result<String> {
    Ok(format!(
        "//{element}[normalize-space(.) = {}]",
        xpath_string(text)?
    ))
}

/// An XPath string literal. XPath 1.0 has no escapes.
fn xpath_string(text: &str) -> Result<String> {
    let quote = if text.contains('"') { '\'' } else { '"' };
    ensure!(!text.contains(quote), "the text has both quotes: {text}");
    Ok(format!("{quote}{text}{quote}"))
}
