//! What was entered into a form that was sent without a session: stored until its user has signed in again, and shown only in
//! the same page, browser and account.

use super::fields::Fields;
use crate::crypto::tokens::PlainToken;
use crate::domain::form_answers::{ENTRIES_TTL, FormKey};
use crate::http::contract::problem::Problem;
use crate::http::web::cookies::{self, DRAFT};
use crate::http::web::csrf::CsrfGuard;
use crate::http::web::state::Web;
use http::HeaderMap;
use poem::Response;
use serde::{Deserialize, Serialize};

/// The fields that are stored. No passwords, codes or tokens of links.
const STORED_FIELDS: &[&str] = &["title", "note", "version", "name", "email"];

/// The entries of a form.
#[derive(Serialize, Deserialize)]
pub struct Draft {
    /// The token of the form, from which its account follows.
    token: String,
    fields: Vec<(String, String)>,
}

impl Draft {
    /// Of a form with this token.
    pub fn new(token: String, fields: &Fields) -> Self {
        let fields = fields.all().iter();
        let stored = fields.filter(|(name, _)| STORED_FIELDS.contains(&name.as_str()));
        Self {
            token,
            fields: stored.cloned().collect(),
        }
    }

    /// Keeps the entries for the page at this path, and gives the browser their key.
    pub async fn keep(&self, web: &Web, path: &str, response: &mut Response) -> Result<(), Problem> {
        if self.fields.is_empty() {
            return Ok(());
        }
        let secret = PlainToken::random();
        let entries = serde_json::to_vec(self).map_err(|_| Problem::internal())?;
        let key = FormKey::of(&secret, &[path.as_bytes()]);
        web.form_answers().keep_entries(&key, &entries).await?;
        cookies::set_for(response, DRAFT, secret.reveal(), ENTRIES_TTL.as_secs());
        Ok(())
    }

    /// The entries that this browser and account sent to the page at this path.
    pub async fn find(
        web: &Web,
        path: &str,
        headers: &HeaderMap,
        guard: &CsrfGuard,
    ) -> Result<Option<Fields>, Problem> {
        let Some(secret) = cookies::token(headers, DRAFT) else {
            return Ok(None);
        };
        let key = FormKey::of(&secret, &[path.as_bytes()]);
        let entries = web.form_answers().find(&key).await?;
        let draft = entries.and_then(|entries| serde_json::from_slice::<Self>(&entries).ok());
        let own = draft.filter(|draft| guard.is_owner(&draft.token));
        Ok(own.map(|draft| Fields::of(draft.fields)))
    }
}
