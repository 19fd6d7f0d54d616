//! Forms as they are shown: inputs, entered values except secrets, and errors.

/// Forms as they are sent.
pub mod fields;

/// An input of a form.
pub mod input;

/// Entries that are stored while their user signs in.
pub mod draft;

/// Answers of forms as they are stored.
mod stored_answer;

/// Pages that consist of a form or a message.
pub mod page;

/// Forms that are shown again with what was entered.
pub mod resubmission;

/// What every submitted form passes before its page.
pub mod submission;

use crate::http::contract::field::FieldValue;
use crate::http::contract::problem::whole_seconds;
use fields::Fields;
use input::Input;
use std::time::Duration;

/// A form. No `Debug`: it holds its CSRF token, and that of a mailed link.
pub struct Form {
    /// The path that it is submitted to.
    pub action: String,
    /// Its CSRF token.
    pub csrf: String,
    /// Hidden names and values.
    pub hidden: Vec<(&'static str, String)>,
    /// The account of the requested password, for password managers; may be empty.
    pub username: String,
    /// The inputs.
    pub inputs: Vec<Input>,
    /// The label of the button.
    pub submit: &'static str,
    /// The style of the button.
    pub tone: Tone,
    /// A link to leave the form: path and text.
    pub back: Option<(&'static str, &'static str)>,
    /// The headline of the errors.
    pub headline: &'static str,
    /// The errors of the submitted form.
    pub errors: Vec<FormError>,
}

/// The style of a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The default.
    Plain,
    /// For an action that cannot be undone.
    Danger,
}

/// An error for the user.
#[derive(Debug)]
pub struct FormError {
    /// The field; empty for the whole form.
    pub target: &'static str,
    /// The text.
    pub text: String,
}

impl Tone {
    /// The CSS class of the button.
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Danger => " danger",
        }
    }
}

impl Form {
    /// A form that is submitted to this path.
    pub fn new(action: impl Into<String>, csrf: String, submit: &'static str, inputs: Vec<Input>) -> Self {
        Self {
            action: action.into(),
            csrf,
            hidden: Vec::new(),
            username: String::new(),
            inputs,
            submit,
            tone: Tone::Plain,
            back: None,
            headline: "Please check your entries",
            errors: Vec::new(),
        }
    }

    /// Parses a submitted value, or records an error.
    pub fn parse<T: FieldValue>(&mut self, fields: &Fields, name: &'static str) -> Option<T> {
        let text = fields.text(name);
        let value = T::parse(text);
        match value {
            Some(_) => {}
            None if text.trim().is_empty() || T::is_blank(text) => {
                self.reject_field(name, "must be filled in")
            }
            None => self.reject_field(name, &T::rejection(text)),
        }
        value
    }

    /// The same for values that accept any text: requires a non-empty one.
    pub fn parse_non_empty<T: FieldValue>(&mut self, fields: &Fields, name: &'static str) -> Option<T> {
        if fields.text(name).is_empty() {
            self.reject_field(name, "must be filled in");
            return None;
        }
        self.parse(fields, name)
    }

    /// Fills in the submitted values, except secrets.
    pub fn refill(&mut self, fields: &Fields) {
        for input in self.inputs.iter_mut().filter(|input| !input.is_secret()) {
            input.value = fields.text(input.name).to_owned();
        }
    }

    /// Fills in the values of another form.
    pub fn copy_values_from(&mut self, other: Self) {
        for source in other.inputs {
            if let Some(input) = self.inputs.iter_mut().find(|input| input.name == source.name) {
                input.value = source.value;
            }
        }
    }

    /// Whether it asks for a field.
    pub fn has_input(&self, name: &str) -> bool {
        self.inputs.iter().any(|input| input.name == name)
    }

    /// Records the error of a field, such as `must be an e-mail address`.
    pub fn reject_field(&mut self, name: &'static str, reason: &str) {
        let mut label = "";
        if let Some(input) = self.inputs.iter_mut().find(|input| input.name == name) {
            input.error = Some(capitalized(reason));
            label = input.label;
        }
        self.errors.push(FormError {
            target: name,
            text: format!("{label} {reason}"),
        });
    }

    /// Records an error of the whole form.
    pub fn reject(&mut self, headline: &'static str, text: impl Into<String>) {
        self.headline = headline;
        self.errors.push(FormError {
            target: "",
            text: text.into(),
        });
    }

    /// Sets the value of a field.
    pub fn fill(&mut self, name: &str, value: &str) {
        for input in self.inputs.iter_mut().filter(|input| input.name == name) {
            input.value = value.to_owned();
        }
    }

    /// Records a rate limit and when to retry.
    pub fn reject_for(&mut self, headline: &'static str, wait: Duration) {
        let text = match whole_seconds(wait) {
            seconds @ ..=120 => format!("Please wait {seconds} seconds, then try again."),
            seconds => format!("Please wait {} minutes, then try again.", seconds.div_ceil(60)),
        };
        self.reject(headline, text);
    }

    /// With this style of the button.
    #[must_use]
    pub fn with_tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// With a hidden value.
    #[must_use]
    pub fn with_hidden(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }

    /// With the account of the requested password.
    #[must_use]
    pub fn with_username(mut self, username: &str) -> Self {
        username.clone_into(&mut self.username);
        self
    }

    /// With a link to leave the form.
    #[must_use]
    pub fn with_back(mut self, target: &'static str, text: &'static str) -> Self {
        self.back = Some((target, text));
        self
    }
}

fn capitalized(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
