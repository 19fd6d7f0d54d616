//! How pages look: to people, to a keyboard, to a checker of accessibility, and to the browser itself.

use crate::visitor::Visitor;
use anyhow::{Context, Result, ensure};
use cucumber::{then, when};
use serde_json::{Value, json};

/// What has the focus, in the words of who cannot see it; and whether who can sees that it has.
const FOCUS: &str = "const at = document.activeElement, style = getComputedStyle(at);
    const words = at.labels?.length ? at.labels[0].innerText : at.textContent;
    return [words.trim(), style.outlineStyle !== 'none' && style.outlineWidth !== '0px'];";

/// More stops than any page has.
const MOST_STOPS: usize = 60;

/// WebDriver's keys.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

#[then(expr = "{word}'s browser has run nothing that was typed")]
async fn ran_nothing(visitor: &mut Visitor, who: String) -> Result<()> {
    let run = visitor
        .browsers
        .of(&who)?
        .evaluate("return window.typed ?? null;", json!([]))
        .await?;
    ensure!(run.is_null(), "something that was typed has run");
    Ok(())
}

#[then(expr = "{word} sees a picture that is kept as {string}")]
async fn keeps_picture(visitor: &mut Visitor, who: String, name: String) -> Result<()> {
    let picture = visitor.browsers.of(&who)?.screenshot().await?;
    ensure!(
        picture.starts_with(b"\x89PNG") && picture.len() > 2_000,
        "an empty picture"
    );
    if let Some(folder) = &visitor.surroundings.screenshots {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(format!("{name}.png")), picture)?;
    }
    Ok(())
}

#[then(expr = "nothing that {word} sees is cut off or must be moved sideways")]
async fn fits(visitor: &mut Visitor, who: String) -> Result<()> {
    let script = "const page = document.documentElement;
        const wide = [...document.querySelectorAll('body *')].filter(one => one.checkVisibility()
            && !one.closest('.away, svg') && one.getBoundingClientRect().right > innerWidth + 1);
        return [page.scrollWidth - page.clientWidth, ...wide.map(one => one.outerHTML.slice(0, 100))];";
    let found = visitor.browsers.of(&who)?.evaluate(script, json!([])).await?;
    ensure!(found == json!([0]), "wider than the screen: {found}");
    Ok(())
}

#[then(expr = "an accessibility checker finds nothing wrong with what {word} sees")]
async fn accessible(visitor: &mut Visitor, who: String) -> Result<()> {
    let found = violations(visitor, &who).await?;
    let name = |found: &Value| {
        let nodes = found["nodes"].as_array().into_iter().flatten();
        let at: Vec<&Value> = nodes.map(|node| &node["html"]).collect();
        format!("{} ({}): {at:?}", found["id"], found["impact"])
    };
    let wrong: Vec<String> = found.iter().map(name).collect();
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[then(expr = "an accessibility checker finds {string} wrong with what {word} sees")]
async fn not_accessible(visitor: &mut Visitor, rule: String, who: String) -> Result<()> {
    let found = violations(visitor, &who).await?;
    let finds = found.iter().any(|found| found["id"] == rule);
    ensure!(
        finds,
        "it finds only {:?}",
        found.iter().map(|found| &found["id"]).collect::<Vec<_>>()
    );
    Ok(())
}

#[when(expr = "the labels of what {word} sees are taken away")]
async fn no_labels(visitor: &mut Visitor, who: String) -> Result<()> {
    let script = "document.querySelectorAll('main label').forEach(label => label.remove());";
    visitor.browsers.of(&who)?.evaluate(script, json!([])).await?;
    Ok(())
}

/// What axe-core finds wrong with the page, by all of its rules.
async fn violations(visitor: &Visitor, who: &str) -> Result<Vec<Value>> {
    let axe = visitor.surroundings.axe.as_deref();
    let axe = std::fs::read_to_string(axe.context("no checker was given: is the tag @axe missing?")?)?;
    let browser = visitor.browsers.of(who)?;
    browser.evaluate(&axe, json!([])).await?;
    let report = browser.settle("axe.run(document)").await?;
    let checked = report["passes"].as_array().map_or(0, Vec::len);
    ensure!(checked > 10, "the checker looked at nothing: {checked} rules");
    let found = report["violations"].as_array().context("no report")?;
    Ok(found.clone())
}

/// Refusals of pages stand in the console too: they are what the scenario is about. What is left out besides is one
/// feature of the policy that OWASP names and this browser does not know.
#[then(expr = "{word}'s browser has complained about nothing")]
async fn no_complaints(visitor: &mut Visitor, who: String) -> Result<()> {
    let entries = visitor.browsers.of(&who)?.console().await?;
    let told = entries
        .iter()
        .filter(|entry| entry["level"] != "INFO")
        .filter_map(|entry| entry["message"].as_str());
    let complaints: Vec<&str> = told
        .filter(|told| !told.contains("Permissions-Policy header: Unrecognized feature"))
        .filter(|told| told.contains(".css") || !told.contains("the server responded with a status of 4"))
        .collect();
    ensure!(complaints.is_empty(), "{complaints:#?}");
    Ok(())
}

#[then(expr = "{word}'s browser keeps the cookie {string} from scripts, from strangers and from open lines")]
async fn cookie(visitor: &mut Visitor, who: String, name: String) -> Result<()> {
    let cookie = visitor.browsers.of(&who)?.cookie(&name).await?;
    let kept = cookie["httpOnly"] == true && cookie["secure"] == true && cookie["sameSite"] == "Lax";
    ensure!(kept && cookie["path"] == "/", "it keeps {cookie}");
    Ok(())
}

#[then(expr = "{word}'s browser has no cookie {string}")]
async fn no_cookie(visitor: &mut Visitor, who: String, name: String) -> Result<()> {
    let cookie = visitor.browsers.of(&who)?.cookie(&name).await;
    ensure!(cookie.is_err(), "it has {cookie:?}");
    Ok(())
}

/// With the key for it, from stop to stop; at each one sees where one is.
#[when(expr = "{word} moves to {string} with the keyboard")]
async fn moves_to(visitor: &mut Visitor, who: String, words: String) -> Result<()> {
    let browser = visitor.browsers.of(&who)?;
    let mut stops = Vec::new();
    for _ in 0..MOST_STOPS {
        browser.keys(TAB).await?;
        let at = browser.evaluate(FOCUS, json!([])).await?;
        let stop = at[0].as_str().unwrap_or_default().to_owned();
        ensure!(at[1] == true, "nobody sees that {stop:?} has the focus");
        if stop.starts_with(&words) {
            return Ok(());
        }
        stops.push(stop);
    }
    anyhow::bail!("the keyboard does not lead to {words:?}, but to {stops:?}")
}

#[when(expr = "{word} types {string}")]
async fn types(visitor: &mut Visitor, who: String, text: String) -> Result<()> {
    visitor.browsers.of(&who)?.keys(&visitor.notes.fill(&text)).await
}

#[when(expr = "{word} hits the enter key")]
async fn hits_enter(visitor: &mut Visitor, who: String) -> Result<()> {
    visitor.browsers.of(&who)?.keys(ENTER).await
}

#[then(expr = "the focus of {word}'s browser is on what is wrong")]
async fn focus_on_faults(visitor: &mut Visitor, who: String) -> Result<()> {
    let browser = visitor.browsers.of(&who)?;
    browser
        .wait_for("document.activeElement.getAttribute('role')", |role| {
            role == "alert"
        })
        .await?;
    Ok(())
}
