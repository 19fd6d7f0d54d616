//! A client of W3C WebDriver: opens pages, fills in forms, presses keys and reads what the browser shows.
//!
//! Our own, because fantoccini brings the crate `webdriver` under MPL-2.0, which `deny.toml` does not allow, and thirtyfour
//! enables `serde_json/preserve_order`, which Cargo would also enable in the service when both are built together.

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long to wait for an element or a value on a page, even on a busy machine.
const WAIT_TIMEOUT: Duration = Duration::from_secs(20);

const POLL_INTERVAL: Duration = Duration::from_millis(50);

const COMMAND_TIMEOUT: Duration = Duration::from_secs(90);

/// Member that holds an element reference (WebDriver §12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Size and colour scheme of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Desktop, light colour scheme.
    Desktop,
    /// Desktop, dark colour scheme.
    Dark,
    /// Phone.
    Phone,
    /// The narrowest viewport that WCAG 2.2 requires (1.4.10): a desktop at a zoom of 400 %.
    Narrow,
}

/// A running browser with its own profile.
#[derive(Debug)]
pub struct Browser {
    http: Client,
    session: String,
    base: String,
}

impl Screen {
    /// The screen of this name in the features.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "desktop" => Self::Desktop,
            "dark" => Self::Dark,
            "phone" => Self::Phone,
            "narrow" => Self::Narrow,
            _ => bail!("unknown screen {name:?}"),
        })
    }

    fn chrome_options(self) -> Value {
        let scheme = if self == Self::Dark { 0 } else { 1 };
        let mut options = json!({ "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1280,900", format!("--blink-settings=preferredColorScheme={scheme}"),
        ]});
        let (width, height) = match self {
            Self::Desktop | Self::Dark => return options,
            Self::Phone => (390, 844),
            Self::Narrow => (320, 640),
        };
        let metrics = json!({ "width": width, "height": height, "pixelRatio": 1.0, "mobile": true });
        options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        options
    }
}

impl Browser {
    /// Starts a browser for the service at `base`.
    pub async fn start(driver: &str, base: &str, screen: Screen) -> Result<Self> {
        let http = Client::builder().timeout(COMMAND_TIMEOUT).no_proxy().build()?;
        let capabilities = json!({
            "browserName": "chrome",
            // A browser has authorities of its own; our other client verifies the certificate.
            "acceptInsecureCerts": base.starts_with("https:"),
            "goog:chromeOptions": screen.chrome_options(),
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let body = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let sessions = format!("{}/session", driver.trim_end_matches('/'));
        let session = call(&http, Method::POST, &sessions, &body).await?;
        let id = session["sessionId"]
            .as_str()
            .context("the WebDriver server started no session")?;
        Ok(Self {
            http,
            session: format!("{sessions}/{id}"),
            base: base.trim_end_matches('/').to_owned(),
        })
    }

    /// Opens a path of the service, or any other URL.
    pub async fn open(&self, target: &str) -> Result<()> {
        let url = if target.starts_with('/') {
            format!("{}{target}", self.base)
        } else {
            target.to_owned()
        };
        self.post("url", &json!({ "url": url })).await.map(drop)
    }

    /// Path and query of the current page; fails if it is not a page of the service.
    pub async fn path(&self) -> Result<String> {
        let url = self.get("url").await?;
        let url = url.as_str().unwrap_or_default();
        let path = url.strip_prefix(&self.base);
        path.map(str::to_owned)
            .with_context(|| format!("the current page is {url}"))
    }

    /// Waits for the element of an XPath and clicks it.
    pub async fn click(&self, xpath: &str) -> Result<()> {
        let element = self.wait_for_element(xpath).await?;
        self.post(&format!("element/{element}/click"), &json!({}))
            .await
            .map(drop)
    }

    /// Waits for the element of an XPath and clicks it twice, as fast as people do.
    pub async fn double_click(&self, xpath: &str) -> Result<()> {
        let element = self.wait_for_element(xpath).await?;
        let (down, up) = (
            json!({ "type": "pointerDown", "button": 0 }),
            json!({ "type": "pointerUp", "button": 0 }),
        );
        let actions = json!([
            { "type": "pointerMove", "origin": { ELEMENT: element }, "x": 0, "y": 0 },
            down, up, { "type": "pause", "duration": 180 }, down, up,
        ]);
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": actions });
        self.post("actions", &json!({ "actions": [mouse] }))
            .await
            .map(drop)
    }

    /// Delays every request, so that a page stays for a while after a click.
    pub async fn slow_down(&self) -> Result<()> {
        let conditions = json!({ "offline": false, "latency": 400, "download_throughput": 1_000_000, "upload_throughput": 1_000_000 });
        self.post(
            "chromium/network_conditions",
            &json!({ "network_conditions": conditions }),
        )
        .await
        .map(drop)
    }

    /// Opens a tab with the same cookies and goes to it.
    pub async fn open_tab(&self) -> Result<()> {
        let tab = self.post("window/new", &json!({ "type": "tab" })).await?;
        self.post("window", &json!({ "handle": tab["handle"] }))
            .await
            .map(drop)
    }

    /// Goes to the tab that was opened first.
    pub async fn go_to_first_tab(&self) -> Result<()> {
        let tabs = self.get("window/handles").await?;
        self.post("window", &json!({ "handle": tabs[0] })).await.map(drop)
    }

    /// Waits for the element of an XPath and replaces its text.
    pub async fn write(&self, xpath: &str, text: &str) -> Result<()> {
        let element = self.wait_for_element(xpath).await?;
        self.post(&format!("element/{element}/clear"), &json!({})).await?;
        let text = json!({ "text": text });
        self.post(&format!("element/{element}/value"), &text)
            .await
            .map(drop)
    }

    /// Presses keys one after the other; they go to the element with the focus.
    pub async fn press_keys(&self, keys: &str) -> Result<()> {
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

    /// Runs a function body in the page and returns its value.
    pub async fn execute(&self, script: &str) -> Result<Value> {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
            .await
    }

    /// Runs an expression that evaluates to a promise, and awaits it.
    pub async fn execute_async(&self, promise: &str) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             ({promise}).then(value => done({{ value }}), error => done({{ error: String(error) }}));"
        );
        let settled = self
            .post("execute/async", &json!({ "script": script, "args": [] }))
            .await?;
        ensure!(
            settled["error"].is_null(),
            "the promise was rejected: {}",
            settled["error"]
        );
        Ok(settled["value"].clone())
    }

    /// Evaluates an expression until its value fulfils the condition, and returns the value.
    pub async fn wait_for(&self, expression: &str, condition: impl Fn(&Value) -> bool) -> Result<Value> {
        let (start, script) = (Instant::now(), format!("return {expression};"));
        loop {
            // While one page replaces another, scripts fail.
            let value = self.execute(&script).await.unwrap_or_default();
            if condition(&value) {
                return Ok(value);
            }
            let last: String = value.to_string().chars().take(1_000).collect();
            ensure!(start.elapsed() < WAIT_TIMEOUT, "the value is {last}");
            sleep(POLL_INTERVAL).await;
        }
    }

    /// The cookie of this name, with its attributes.
    pub async fn cookie(&self, name: &str) -> Result<Value> {
        self.get(&format!("cookie/{name}")).await
    }

    /// A screenshot as PNG.
    pub async fn screenshot(&self) -> Result<Vec<u8>> {
        let encoded = self.get("screenshot").await?;
        Ok(STANDARD.decode(encoded.as_str().context("no screenshot")?)?)
    }

    /// The entries of the console since the last call.
    pub async fn console(&self) -> Result<Vec<Value>> {
        let entries = self.post("se/log", &json!({ "type": "browser" })).await?;
        Ok(entries.as_array().cloned().unwrap_or_default())
    }

    /// Closes the browser. Errors are ignored: the WebDriver server closes it at the latest when it exits.
    pub async fn close(self) {
        let _ = call(&self.http, Method::DELETE, &self.session, &Value::Null).await;
    }

    async fn wait_for_element(&self, xpath: &str) -> Result<String> {
        let (start, locator) = (Instant::now(), json!({ "using": "xpath", "value": xpath }));
        loop {
            match self.post("element", &locator).await {
                Ok(found) => {
                    let element = found[ELEMENT].as_str().context("no element reference")?;
                    return Ok(element.to_owned());
                }
                Err(error) if start.elapsed() > WAIT_TIMEOUT => return Err(error),
                Err(_) => sleep(POLL_INTERVAL).await,
            }
        }
    }

    async fn get(&self, command: &str) -> Result<Value> {
        let url = format!("{}/{command}", self.session);
        call(&self.http, Method::GET, &url, &Value::Null).await
    }

    async fn post(&self, command: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/{command}", self.session);
        call(&self.http, Method::POST, &url, body).await
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
        .context("the WebDriver server does not respond")?;
    let text = response.text().await?;
    let reply: Value = serde_json::from_str(&text).context("the WebDriver server sent no JSON")?;
    let value = &reply["value"];
    if let Some(error) = value["error"].as_str() {
        bail!("{error}: {}", value["message"].as_str().unwrap_or_default());
    }
    Ok(value.clone())
}
