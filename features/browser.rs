//! A browser, driven over WebDriver (W3C): opens pages, fills in forms, presses keys, tells what it shows; never judges.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Longer than any page may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(20);

const TICK: Duration = Duration::from_millis(50);

/// WebDriver's name for a reference to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What the browser shows its pages on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// A desk's, in light colours.
    Desk,
    /// The same in dark colours.
    Dark,
    /// A phone's.
    Phone,
    /// The narrowest that WCAG 2.2 asks for (1.4.10): a desk's at a zoom of 400 %.
    Narrow,
}

/// A browser that runs, with a profile of its own.
#[derive(Debug)]
pub struct Browser {
    http: Client,
    session: String,
    base: String,
}

impl Screen {
    /// Its name in the features.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "desk" => Self::Desk,
            "dark" => Self::Dark,
            "phone" => Self::Phone,
            "narrow" => Self::Narrow,
            _ => bail!("there is no screen {name:?}"),
        })
    }

    fn options(self) -> Value {
        let scheme = if self == Self::Dark { 0 } else { 1 };
        let mut options = json!({ "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1280,900", format!("--blink-settings=preferredColorScheme={scheme}"),
        ]});
        let (width, height) = match self {
            Self::Desk | Self::Dark => return options,
            Self::Phone => (390, 844),
            Self::Narrow => (320, 640),
        };
        let metrics = json!({ "width": width, "height": height, "pixelRatio": 1.0, "mobile": true });
        options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        options
    }
}

impl Browser {
    /// Starts one, for the service at this address.
    ///
    /// # Errors
    /// When the driver does not start one.
    pub async fn start(driver: &str, base: &str, screen: Screen) -> Result<Self> {
        let http = Client::builder()
            .timeout(Duration::from_secs(90))
            .no_proxy()
            .build()?;
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": screen.options(),
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let body = json!({ "capabilities": { "alwaysMatch": wanted } });
        let sessions = format!("{}/session", driver.trim_end_matches('/'));
        let begun = call(&http, Method::POST, &sessions, &body).await?;
        let id = begun["sessionId"]
            .as_str()
            .context("the driver began no session")?;
        Ok(Self {
            http,
            session: format!("{sessions}/{id}"),
            base: base.trim_end_matches('/').to_owned(),
        })
    }

    /// Opens a path of the service, or any other address.
    ///
    /// # Errors
    /// When nothing is there.
    pub async fn open(&self, target: &str) -> Result<()> {
        let url = match target.starts_with('/') {
            true => format!("{}{target}", self.base),
            false => target.to_owned(),
        };
        self.post("url", &json!({ "url": url })).await.map(drop)
    }

    /// Path and query of what it shows.
    ///
    /// # Errors
    /// When it shows nothing of the service.
    pub async fn path(&self) -> Result<String> {
        let url = self.get("url").await?;
        let url = url.as_str().unwrap_or_default();
        let path = url.strip_prefix(&self.base);
        path.map(str::to_owned).with_context(|| format!("it shows {url}"))
    }

    /// Clicks on what an XPath finds, as soon as it is there.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn click(&self, xpath: &str) -> Result<()> {
        let element = self.find(xpath).await?;
        self.post(&format!("element/{element}/click"), &json!({}))
            .await
            .map(drop)
    }

    /// Writes into what an XPath finds, in the place of what stands there.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn write(&self, xpath: &str, text: &str) -> Result<()> {
        let element = self.find(xpath).await?;
        self.post(&format!("element/{element}/clear"), &json!({})).await?;
        let text = json!({ "text": text });
        self.post(&format!("element/{element}/value"), &text)
            .await
            .map(drop)
    }

    /// Presses keys, one after the other, on whatever has the focus.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn keys(&self, keys: &str) -> Result<()> {
        let press = |key: char| {
            let key = key.to_string();
            [
                json!({ "type": "keyDown", "value": key }),
                json!({ "type": "keyUp", "value": key }),
            ]
        };
        let actions: Vec<Value> = keys.chars().flat_map(press).collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.post("actions", &json!({ "actions": [keyboard] }))
            .await
            .map(drop)
    }

    /// What the body of a function comes to in the page.
    ///
    /// # Errors
    /// When it throws.
    pub async fn evaluate(&self, script: &str, arguments: Value) -> Result<Value> {
        self.post("execute/sync", &json!({ "script": script, "args": arguments }))
            .await
    }

    /// The same, with a promise that is waited for.
    ///
    /// # Errors
    /// When it throws or is rejected.
    pub async fn settle(&self, promise: &str) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             ({promise}).then(value => done({{ value }}), error => done({{ error: String(error) }}));"
        );
        let settled = self
            .post("execute/async", &json!({ "script": script, "args": [] }))
            .await?;
        ensure!(
            settled["error"].is_null(),
            "it was rejected: {}",
            settled["error"]
        );
        Ok(settled["value"].clone())
    }

    /// Asks again and again until an expression comes to something that fits; what it came to last.
    ///
    /// # Errors
    /// When nothing that fits comes in time, with the last.
    pub async fn wait_for(&self, expression: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let (since, script) = (Instant::now(), format!("return {expression};"));
        loop {
            // Between two pages there is a moment without one.
            let value = self.evaluate(&script, json!([])).await.unwrap_or_default();
            if fits(&value) {
                return Ok(value);
            }
            let last: String = value.to_string().chars().take(1_000).collect();
            ensure!(since.elapsed() < PATIENCE, "it is {last}");
            sleep(TICK).await;
        }
    }

    /// The cookie of this name, as the browser keeps it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn cookie(&self, name: &str) -> Result<Value> {
        self.get(&format!("cookie/{name}")).await
    }

    /// What it shows, as PNG.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn screenshot(&self) -> Result<Vec<u8>> {
        let shot = self.get("screenshot").await?;
        Ok(STANDARD.decode(shot.as_str().context("no picture")?)?)
    }

    /// What it has written to its console since it was asked last.
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn console(&self) -> Result<Vec<Value>> {
        let entries = self.post("se/log", &json!({ "type": "browser" })).await?;
        Ok(entries.as_array().cloned().unwrap_or_default())
    }

    /// Ends it.
    pub async fn close(self) {
        // Whatever becomes of it: its driver ends it at the latest when it ends itself.
        let _ = call(&self.http, Method::DELETE, &self.session, &Value::Null).await;
    }

    async fn find(&self, xpath: &str) -> Result<String> {
        let (since, wanted) = (Instant::now(), json!({ "using": "xpath", "value": xpath }));
        loop {
            match self.post("element", &wanted).await {
                Ok(found) => {
                    let element = found[ELEMENT].as_str().context("no element")?;
                    return Ok(element.to_owned());
                }
                Err(error) if since.elapsed() > PATIENCE => return Err(error),
                Err(_) => sleep(TICK).await,
            }
        }
    }

    async fn get(&self, command: &str) -> Result<Value> {
        call(
            &self.http,
            Method::GET,
            &format!("{}/{command}", self.session),
            &Value::Null,
        )
        .await
    }

    async fn post(&self, command: &str, body: &Value) -> Result<Value> {
        call(
            &self.http,
            Method::POST,
            &format!("{}/{command}", self.session),
            body,
        )
        .await
    }
}

async fn call(http: &Client, method: Method, url: &str, body: &Value) -> Result<Value> {
    let mut request = http.request(method, url);
    if !body.is_null() {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    let response = request
        .send()
        .await
        .context("the browser's driver does not answer")?;
    let text = response.text().await?;
    let told: Value = serde_json::from_str(&text).context("the browser's driver talks nonsense")?;
    let value = &told["value"];
    if let Some(error) = value["error"].as_str() {
        bail!("{error}: {}", value["message"].as_str().unwrap_or_default());
    }
    Ok(value.clone())
}
