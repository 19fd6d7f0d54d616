//! Forms as they are shown: fields with their labels, hints and faults, and what was typed, secrets left out.
use super::fields::Fields;
use crate::http::field::FieldValue;
use std::time::Duration;

/// A form.
#[derive(Debug)]
pub struct Form {
    /// Where it is sent.
    pub action: String,
    /// Its token.
    pub csrf: String,
    /// Names and values that are not shown.
    pub hidden: Vec<(&'static str, String)>,
    /// What is asked for.
    pub inputs: Vec<Input>,
    /// What stands on the button.
    pub submit: &'static str,
    /// How the button looks.
    pub tone: Tone,
    /// A way out: path and text.
    pub back: Option<(&'static str, &'static str)>,
    /// What stands over the faults.
    pub headline: &'static str,
    /// What is wrong with what was sent.
    pub faults: Vec<Fault>,
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
pub struct Fault {
    /// The field; empty for the form as a whole.
    pub target: &'static str,
    /// The words.
    pub text: String,
}

/// A field.
#[derive(Debug)]
pub struct Input {
    /// Its name.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What helps to fill it in.
    pub hint: &'static str,
    /// What browsers and password managers know it as (WHATWG HTML §4.10.18.7).
    pub autocomplete: &'static str,
    /// How many characters it takes.
    pub longest: u16,
    /// Whether it must be filled in.
    pub required: bool,
    /// What was typed.
    pub value: String,
    /// What is wrong with it.
    pub fault: Option<String>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Email,
    Password,
    Area,
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
            inputs,
            submit,
            tone: Tone::Plain,
            back: None,
            headline: "This needs another look",
            faults: Vec::new(),
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

    /// Shows again what was typed, secrets left out.
    pub fn keep(&mut self, fields: &Fields) {
        for input in self
            .inputs
            .iter_mut()
            .filter(|input| input.kind != Kind::Password)
        {
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
            input.fault = Some(capital(reason));
            label = input.label;
        }
        self.faults.push(Fault {
            target: name,
            text: format!("{label} {reason}"),
        });
    }

    /// Notes what is wrong with the form as a whole.
    pub fn refuse(&mut self, headline: &'static str, text: impl Into<String>) {
        self.headline = headline;
        self.faults.push(Fault {
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
        let text = match wait.as_secs() + 1 {
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

    /// With a way out.
    #[must_use]
    pub fn with_back(mut self, target: &'static str, text: &'static str) -> Self {
        self.back = Some((target, text));
        self
    }
}

impl Input {
    /// A line of text.
    pub fn text(name: &'static str, label: &'static str, longest: u16) -> Self {
        Self {
            name,
            label,
            hint: "",
            autocomplete: "off",
            longest,
            required: true,
            value: String::new(),
            fault: None,
            kind: Kind::Text,
        }
    }

    /// An e-mail address.
    pub fn email(autocomplete: &'static str) -> Self {
        Self {
            autocomplete,
            kind: Kind::Email,
            ..Self::text("email", "E-mail address", 254)
        }
    }

    /// A password. Longer ones than any that is taken can be typed, so that nobody's is cut off unseen.
    pub fn password(label: &'static str, autocomplete: &'static str) -> Self {
        Self {
            autocomplete,
            kind: Kind::Password,
            ..Self::text("password", label, 1024)
        }
    }

    /// A text of several lines.
    pub fn area(name: &'static str, label: &'static str, longest: u16) -> Self {
        Self {
            kind: Kind::Area,
            ..Self::text(name, label, longest)
        }
    }

    /// With a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// With the word that browsers know it by.
    #[must_use]
    pub fn known_as(mut self, autocomplete: &'static str) -> Self {
        self.autocomplete = autocomplete;
        self
    }

    /// May be left empty.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Whether it has several lines.
    pub fn is_area(&self) -> bool {
        self.kind == Kind::Area
    }

    /// HTML's word for its kind.
    pub fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Text | Kind::Area => "text",
            Kind::Email => "email",
            Kind::Password => "password",
        }
    }

    /// Whether something stands beside it that a screen reader should say with it.
    pub fn is_described(&self) -> bool {
        !self.hint.is_empty() || self.fault.is_some()
    }

    /// The ids of what stands beside it.
    pub fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let fault = self.fault.as_ref().map(|_| format!("{}-fault", self.name));
        let ids: Vec<String> = [fault, hint].into_iter().flatten().collect();
        ids.join(" ")
    }
}

fn capital(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
