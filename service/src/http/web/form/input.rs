//! A field of a form: its label, what helps to fill it in, what is wrong with it.

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
    /// How many UTF-16 units it takes: twice the characters that are taken, so that nothing is cut off unseen.
    pub longest: u16,
    /// Whether it must be filled in.
    pub required: bool,
    /// What was typed.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Email,
    Password,
    Area,
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
            error: None,
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
        Self::secret("password", label, autocomplete)
    }

    /// The same by another name.
    pub fn secret(name: &'static str, label: &'static str, autocomplete: &'static str) -> Self {
        Self {
            autocomplete,
            kind: Kind::Password,
            ..Self::text(name, label, 1024)
        }
    }

    /// A code of the second factor.
    pub fn code() -> Self {
        Self::text("code", "Code", 64)
            .with_hint("Six digits from your app, or one of your recovery codes")
            .known_as("one-time-code")
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

    /// Whether what is typed is never shown again.
    pub fn is_secret(&self) -> bool {
        self.kind == Kind::Password
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
        !self.hint.is_empty() || self.error.is_some()
    }

    /// The ids of what stands beside it.
    pub fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.name));
        let ids: Vec<String> = [error, hint].into_iter().flatten().collect();
        ids.join(" ")
    }
}
