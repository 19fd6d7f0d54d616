//! The browsers of one scenario, one per user, and the limit on scenarios with browsers that run at the same time.

use crate::browser::{Browser, Screen};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Permits for scenarios with browsers: one browser uses as much CPU as all other scenarios together.
static PERMITS: Semaphore = Semaphore::const_new(2);

/// Browsers by user.
#[derive(Debug, Default)]
pub struct Browsers {
    by_user: BTreeMap<String, Browser>,
    permit: Option<SemaphorePermit<'static>>,
}

impl Browsers {
    /// The browser of a user.
    pub fn get(&self, user: &str) -> Result<&Browser> {
        self.by_user
            .get(user)
            .with_context(|| format!("{user} has not opened a page yet"))
    }

    /// The browser of a user, started if necessary.
    pub async fn get_or_start(
        &mut self,
        user: &str,
        driver: &str,
        base: &str,
        screen: Screen,
    ) -> Result<&Browser> {
        if self.permit.is_none() {
            self.permit = Some(PERMITS.acquire().await?);
        }
        if !self.by_user.contains_key(user) {
            let browser = Browser::start(driver, base, screen).await?;
            self.by_user.insert(user.to_owned(), browser);
        }
        self.get(user)
    }

    /// Closes all browsers and returns the permit.
    pub async fn close(&mut self) {
        for browser in std::mem::take(&mut self.by_user).into_values() {
            browser.close().await;
        }
        self.permit = None;
    }
}
