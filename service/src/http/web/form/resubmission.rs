//! A form that was not accepted because its CSRF token no longer fits, as the page shows it again: with a new token, and
//! everything that was entered except secrets.

use super::Form;
use super::fields::Fields;

/// The submitted form, and why it was not accepted.
#[derive(Clone)]
pub struct Resubmission {
    fields: Fields,
    cause: ResubmissionCause,
}

/// Why a form of ours was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResubmissionCause {
    /// Its token belongs to another session, or to an earlier cookie.
    Outdated,
    /// The browser sent no cookie.
    NoCookie,
    /// Its user was signed out, and has signed in since.
    SignedOut,
}

impl ResubmissionCause {
    fn text(self) -> &'static str {
        match self {
            Self::Outdated => {
                "You signed in or out in another window after you opened this form. Check your entries, then send the form again."
            }
            Self::SignedOut => {
                "You were signed out when you sent this form. Check your entries, then send the form again."
            }
            Self::NoCookie => {
                "Your browser sent no cookie with the form. If you signed out in another window, send the form again. If you see \
                 this message twice, your browser blocks cookies: allow them for this site."
            }
        }
    }
}

impl Resubmission {
    /// Of these fields.
    pub fn new(fields: Fields, cause: ResubmissionCause) -> Self {
        Self { fields, cause }
    }

    /// Why the form was not accepted.
    pub fn cause(&self) -> ResubmissionCause {
        self.cause
    }

    /// Fills in the form and says why. The versions of hidden fields stay those of the submitted form, so that a change made
    /// meanwhile is noticed.
    pub fn restore(&self, form: &mut Form) {
        for (name, value) in &mut form.hidden {
            if self.fields.has(name) {
                self.fields.text(name).clone_into(value);
            }
        }
        for input in form.inputs.iter_mut().filter(|input| !input.is_secret()) {
            if self.fields.has(input.name) {
                self.fields.text(input.name).clone_into(&mut input.value);
            }
        }
        form.reject("Nothing was changed yet", self.cause.text());
    }
}
