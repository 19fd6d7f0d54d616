//! Layout, accessibility, keyboard focus, console and cookies of a page in a browser.

use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::{then, when};
use serde_json::{Value, json};

/// Label or text of the element with the focus, and whether a focus outline is visible.
const FOCUS: &str = "const at = document.activeElement, style = getComputedStyle(at);
    const label = at.labels?.length ? at.labels[0].innerText : at.textContent;
    return [label.trim(), style.outlineStyle !== 'none' && style.outlineWidth !== '0px'];";

/// Overflow of the page, and the visible elements that extend beyond the right edge.
const OVERFLOW: &str = "const page = document.documentElement;
    const wide = [...document.querySelectorAll('body *')].filter(one => one.checkVisibility()
        && !one.closest('.visually-hidden, svg') && one.getBoundingClientRect().right > innerWidth + 1);
    return [page.scrollWidth - page.clientWidth, ...wide.map(one => one.outerHTML.slice(0, 100))];";

/// More elements than can get the focus on any page.
const MAX_TAB_STOPS: usize = 60;

/// Fewer rules than axe-core checks on any page.
const MIN_AXE_RULES: usize = 10;

/// Code points of keys in WebDriver (§17.4.2).
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

#[then(expr = "{word}'s browser has not executed the input as a script")]
async fn has_not_executed_input(world: &mut World, user: String) -> Result<()> {
    let browser = world.browsers.get(&user)?;
    let typed = browser.execute("return window.typed ?? null;").await?;
    ensure!(typed.is_null(), "the input was executed");
    Ok(())
}

#[then(expr = "a screenshot of {word}'s page is saved as {string}")]
async fn saves_screenshot(world: &mut World, user: String, name: String) -> Result<()> {
    let screenshot = world.browsers.get(&user)?.screenshot().await?;
    ensure!(
        screenshot.starts_with(b"\x89PNG") && screenshot.len() > 2_000,
        "the screenshot is empty"
    );
    if let Some(folder) = &world.capabilities.screenshots {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(format!("{name}.png")), screenshot)?;
    }
    Ok(())
}

#[then(expr = "{word}'s page fits the screen without horizontal scrolling")]
async fn fits_screen(world: &mut World, user: String) -> Result<()> {
    let overflow = world.browsers.get(&user)?.execute(OVERFLOW).await?;
    ensure!(overflow == json!([0]), "wider than the screen: {overflow}");
    Ok(())
}

#[then(expr = "axe-core finds no accessibility violations on {word}'s page")]
async fn is_accessible(world: &mut World, user: String) -> Result<()> {
    let violations = violations(world, &user).await?;
    let describe = |violation: &Value| {
        let nodes = violation["nodes"].as_array().into_iter().flatten();
        let elements: Vec<&Value> = nodes.map(|node| &node["html"]).collect();
        format!("{} ({}): {elements:?}", violation["id"], violation["impact"])
    };
    let descriptions: Vec<String> = violations.iter().map(describe).collect();
    ensure!(descriptions.is_empty(), "{descriptions:#?}");
    Ok(())
}

#[then(expr = "axe-core finds the accessibility violation {string} on {word}'s page")]
async fn has_violation(world: &mut World, rule: String, user: String) -> Result<()> {
    let violations = violations(world, &user).await?;
    let ids: Vec<&Value> = violations.iter().map(|violation| &violation["id"]).collect();
    ensure!(ids.iter().any(|id| **id == rule), "it finds only {ids:?}");
    Ok(())
}

#[when(expr = "the form labels are removed from {word}'s page")]
async fn removes_labels(world: &mut World, user: String) -> Result<()> {
    let script = "document.querySelectorAll('main label').forEach(label => label.remove());";
    world.browsers.get(&user)?.execute(script).await?;
    Ok(())
}

/// Violations of any rule of axe-core.
async fn violations(world: &World, user: &str) -> Result<Vec<Value>> {
    let axe = world.capabilities.axe.as_deref();
    let axe = axe.context("there is no axe-core: is the tag @axe missing?")?;
    let browser = world.browsers.get(user)?;
    browser.execute(&std::fs::read_to_string(axe)?).await?;
    let report = browser.execute_async("axe.run(document)").await?;
    let passed = report["passes"].as_array().map_or(0, Vec::len);
    ensure!(passed > MIN_AXE_RULES, "only {passed} rules passed");
    let violations = report["violations"].as_array().context("no violations member")?;
    Ok(violations.clone())
}

/// Apart from error pages, which the scenarios request on purpose, and the warning about a `Permissions-Policy` feature
/// that OWASP recommends and Chromium does not know.
#[then(expr = "{word}'s browser console shows no errors or warnings")]
async fn has_clean_console(world: &mut World, user: String) -> Result<()> {
    let entries = world.browsers.get(&user)?.console().await?;
    let messages = entries
        .iter()
        .filter(|entry| entry["level"] != "INFO")
        .filter_map(|entry| entry["message"].as_str());
    let unexpected: Vec<&str> = messages
        .filter(|message| !message.contains("Permissions-Policy header: Unrecognized feature"))
        .filter(|message| {
            message.contains(".css") || !message.contains("the server responded with a status of 4")
        })
        .collect();
    ensure!(unexpected.is_empty(), "{unexpected:#?}");
    Ok(())
}

#[then(expr = "the cookie {string} in {word}'s browser is HttpOnly, SameSite and Secure")]
async fn has_protected_cookie(world: &mut World, name: String, user: String) -> Result<()> {
    let cookie = world.browsers.get(&user)?.cookie(&name).await?;
    let is_protected = cookie["httpOnly"] == true && cookie["secure"] == true && cookie["sameSite"] == "Lax";
    ensure!(is_protected && cookie["path"] == "/", "the cookie is {cookie}");
    Ok(())
}

#[then(expr = "{word}'s browser has no cookie {string}")]
async fn has_no_cookie(world: &mut World, user: String, name: String) -> Result<()> {
    let cookie = world.browsers.get(&user)?.cookie(&name).await;
    ensure!(cookie.is_err(), "the cookie is {cookie:?}");
    Ok(())
}

/// Presses Tab until the element has the focus; every element on the way must show that it has the focus.
#[when(expr = "{word} moves the focus to {string} with the Tab key")]
async fn moves_focus(world: &mut World, user: String, label: String) -> Result<()> {
    let browser = world.browsers.get(&user)?;
    let mut passed = Vec::new();
    for _ in 0..MAX_TAB_STOPS {
        browser.press_keys(TAB).await?;
        let focus = browser.execute(FOCUS).await?;
        let focused = focus[0].as_str().unwrap_or_default().to_owned();
        ensure!(focus[1] == true, "{focused:?} has no visible focus");
        if focused.starts_with(&label) {
            return Ok(());
        }
        passed.push(focused);
    }
    anyhow::bail!("the Tab key does not lead to {label:?}, but to {passed:?}")
}

#[when(expr = "{word} types {string}")]
async fn types(world: &mut World, user: String, text: String) -> Result<()> {
    let text = world.variables.fill(&text);
    world.browsers.get(&user)?.press_keys(&text).await
}

#[when(expr = "{word} presses the Enter key")]
async fn presses_enter(world: &mut World, user: String) -> Result<()> {
    world.browsers.get(&user)?.press_keys(ENTER).await
}

#[then(expr = "the error message on {word}'s page has the focus")]
async fn error_has_focus(world: &mut World, user: String) -> Result<()> {
    let browser = world.browsers.get(&user)?;
    browser
        .wait_for("document.activeElement.getAttribute('role')", |role| {
            role == "alert"
        })
        .await?;
    Ok(())
}
