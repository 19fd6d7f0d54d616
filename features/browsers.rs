//! The browsers of one scenario, one a person, and the seats for scenarios that have some; never drives any.

use crate::browser::{Browser, Screen};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Scenarios with browsers that may run at the same time: each browser is as heavy as all other scenarios together.
static SEATS: Semaphore = Semaphore::const_new(2);

/// Browsers by person.
#[derive(Debug, Default)]
pub struct Browsers {
    by_person: BTreeMap<String, Browser>,
    seat: Option<SemaphorePermit<'static>>,
}

impl Browsers {
    /// Somebody's browser.
    ///
    /// # Errors
    /// When they have none.
    pub fn of(&self, person: &str) -> Result<&Browser> {
        self.by_person
            .get(person)
            .with_context(|| format!("{person} has opened no page yet"))
    }

    /// Somebody's browser; where they have none, a new one.
    ///
    /// # Errors
    /// When none starts.
    pub async fn of_or_new(
        &mut self,
        person: &str,
        driver: &str,
        base: &str,
        screen: Screen,
    ) -> Result<&Browser> {
        if self.seat.is_none() {
            self.seat = Some(SEATS.acquire().await?);
        }
        if !self.by_person.contains_key(person) {
            let browser = Browser::start(driver, base, screen).await?;
            self.by_person.insert(person.to_owned(), browser);
        }
        self.of(person)
    }

    /// Ends all of them.
    pub async fn close(&mut self) {
        for browser in std::mem::take(&mut self.by_person).into_values() {
            browser.close().await;
        }
        self.seat = None;
    }
}
