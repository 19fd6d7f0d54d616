//! Forms as they are shown: what was typed, secrets left out, and what is wrong with it.

/// Forms as they are sent.
pub mod fields;

/// An input of a form.
pub mod input;

/// Pages that consist of a form or a message.
pub mod page;

use crate::http::contract::field::FieldValue;
use crate::http::contract::problem::whole_seconds;
use fields::Fields;
use input::Input;
use std::time::Duration;

/// A form. No `Debug`: it would tell its token, and that of a mailed link.
pub struct Form {
    /// Where it is sent.
    pub action: String,
    /// Its token.
    pub csrf: String,
    /// Names and values that are not shown.
    pub hidden: Vec<(&'static str, String)>,
    /// Whose password is asked for, so that a password manager knows; empty where it need not.
    pub username: String,
    /// What is asked for.
    pub inputs: Vec<Input>,
    /// What stands on the button.
    pub submit: &'static str,
    /// How the button looks.
    pub tone: Tone,
    /// A way out: path and text.
    pub back: Option<(&'static str, &'static str)>,
    /// What stands over the errors.
    pub headline: &'static str,
    /// What is wrong with what was sent.
    pub errors: Vec<FormError>,
}

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The way on.
    Plain,
    /// What cannot be undone.
    Danger,
}

/// What is wrong, in words for a person.
#[derive(Debug)]
pub struct FormError {
    /// The field; empty for the form as a whole.
    pub target: &'static str,
    /// The words.
    pub text: String,
}

impl Tone {
    /// The button's class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Danger => " danger",
        }
    }
}

impl Form {
    /// A form that is sent there.
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
            headline: "This needs another look",
            errors: Vec::new(),
        }
    }

    /// Takes a value from what was sent; what is wrong with it is noted.
    pub fn parse<T: FieldValue>(&mut self, fields: &Fields, name: &'static str) -> Option<T> {
        let text = fields.text(name);
        let value = T::parse(text);
        match value {
            Some(_) => {}
            None if text.trim().is_empty() => self.blame(name, "must be filled in"),
            None => self.blame(name, T::EXPECTED),
        }
        value
    }

    /// The same for what any text is good for: nothing at all is not.
    pub fn parse_filled<T: FieldValue>(&mut self, fields: &Fields, name: &'static str) -> Option<T> {
        if fields.text(name).is_empty() {
            self.blame(name, "must be filled in");
            return None;
        }
        self.parse(fields, name)
    }

    /// Shows again what was typed, secrets left out.
    pub fn keep(&mut self, fields: &Fields) {
        for input in self.inputs.iter_mut().filter(|input| !input.is_secret()) {
            input.value = fields.text(input.name).to_owned();
        }
    }

    /// Shows again what was typed into another form.
    pub fn take_over(&mut self, other: Self) {
        for typed in other.inputs {
            if let Some(input) = self.inputs.iter_mut().find(|input| input.name == typed.name) {
                input.value = typed.value;
            }
        }
    }

    /// Notes what is wrong with a field, as in `must be an e-mail address`.
    pub fn blame(&mut self, name: &'static str, reason: &str) {
        let mut label = "";
        if let Some(input) = self.inputs.iter_mut().find(|input| input.name == name) {
            input.error = Some(capital(reason));
            label = input.label;
        }
        self.errors.push(FormError {
            target: name,
            text: format!("{label} {reason}"),
        });
    }

    /// Notes what is wrong with the form as a whole.
    pub fn refuse(&mut self, headline: &'static str, text: impl Into<String>) {
        self.headline = headline;
        self.errors.push(FormError {
            target: "",
            text: text.into(),
        });
    }

    /// Fills a field in.
    pub fn fill(&mut self, name: &str, value: &str) {
        for input in self.inputs.iter_mut().filter(|input| input.name == name) {
            input.value = value.to_owned();
        }
    }

    /// Notes that there were too many, and when the next is taken.
    pub fn refuse_for(&mut self, headline: &'static str, wait: Duration) {
        let text = match whole_seconds(wait) {
            seconds @ ..=120 => format!("Please wait {seconds} seconds, then try again."),
            seconds => format!("Please wait {} minutes, then try again.", seconds.div_ceil(60)),
        };
        self.refuse(headline, text);
    }

    /// With a button that looks like this.
    #[must_use]
    pub fn with_tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// With a value that is sent along.
    #[must_use]
    pub fn with_hidden(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }

    /// With whose password is asked for.
    #[must_use]
    pub fn with_username(mut self, username: &str) -> Self {
        username.clone_into(&mut self.username);
        self
    }

    /// With a way out.
    #[must_use]
    pub fn with_back(mut self, target: &'static str, text: &'static str) -> Self {
        self.back = Some((target, text));
        self
    }
}

fn capital(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
