//! A browser as a server sees it: stores cookies and submits forms. Does not follow redirects.

use super::app::{App, send};
use super::response::Response;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A browser with its cookies for one service.
pub struct Browser<'a> {
    app: &'a App,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    /// A browser without cookies.
    pub fn new(app: &'a App) -> Self {
        Self {
            app,
            cookies: RefCell::default(),
        }
    }

    /// A browser that has signed in.
    pub fn signed_in(app: &'a App, email: &str, password: &str) -> Self {
        let browser = Self::new(app);
        let response = browser.submit("/sign-in", &[("email", email), ("password", password)]);
        assert_eq!(
            (response.status, response.header("location")),
            (303, "/my/wishes"),
            "{response:?}"
        );
        browser
    }

    /// The same browser for another request at the same time: it starts with the same cookies and keeps its own afterwards.
    pub fn duplicate(&self) -> Self {
        Self {
            app: self.app,
            cookies: self.cookies.clone(),
        }
    }

    /// GET.
    pub fn get(&self, path: &str) -> Response {
        self.send("GET", path, None, &[])
    }

    /// Loads the page, then submits its form with its CSRF token.
    pub fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let token = self.token(path);
        self.post(path, &[&[("csrf", token.as_str())], fields].concat())
    }

    /// The CSRF token of the page's forms.
    pub fn token(&self, path: &str) -> String {
        let page = self.get(path);
        token_in(&page).unwrap_or_else(|| panic!("{path} has no form: {page:?}"))
    }

    /// POST of a form without loading the page first.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.post_with(path, fields, &[])
    }

    /// The same with additional header fields.
    pub fn post_with(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Response {
        let body = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        self.send("POST", path, Some(body.collect::<Vec<_>>().join("&")), headers)
    }

    /// POST of an already encoded form.
    pub fn post_raw(&self, path: &str, body: &str) -> Response {
        self.send("POST", path, Some(body.to_owned()), &[])
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    /// Sets a cookie, or removes it when there is no value.
    pub fn set_cookie(&self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self
                .cookies
                .borrow_mut()
                .insert(name.to_owned(), value.to_owned()),
            None => self.cookies.borrow_mut().remove(name),
        };
    }

    fn send(&self, method: &str, path: &str, body: Option<String>, headers: &[(&str, &str)]) -> Response {
        let mut request = self.app.request(method, path).header("accept", "text/html");
        let cookies: Vec<String> = self
            .cookies
            .borrow()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        let response = send(request);
        for cookie in response.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            let expired = cookie.contains("Max-Age=0");
            self.set_cookie(name, Some(value).filter(|_| !expired));
        }
        response
    }
}

/// The CSRF token of the first form on a page.
pub fn token_in(page: &Response) -> Option<String> {
    let (_, rest) = page.text().split_once("name=\"csrf\" value=\"")?;
    rest.split('"').next().map(str::to_owned)
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
