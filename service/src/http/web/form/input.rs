//! An input of a form: label, hint, value and error.

/// An input.
#[derive(Debug)]
pub struct Input {
    /// Its name.
    pub name: &'static str,
    /// Its label.
    pub label: &'static str,
    /// A hint.
    pub hint: &'static str,
    /// The autofill name (WHATWG HTML §4.10.18.7).
    pub autocomplete: &'static str,
    /// Maximum length in UTF-16 units: twice the allowed characters, so that browsers never truncate silently.
    pub max_length: u16,
    /// Whether it is required.
    pub required: bool,
    /// The value.
    pub value: String,
    /// The error.
    pub error: Option<String>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Code,
    Email,
    Password,
    Area,
}

impl Input {
    /// A line of text.
    pub fn text(name: &'static str, label: &'static str, max_length: u16) -> Self {
        Self {
            name,
            label,
            hint: "",
            autocomplete: "off",
            max_length,
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

    /// A password. Accepts more characters than the policy allows, so that browsers never truncate silently.
    pub fn password(label: &'static str, autocomplete: &'static str) -> Self {
        Self::secret("password", label, autocomplete)
    }

    /// A password with another name.
    pub fn secret(name: &'static str, label: &'static str, autocomplete: &'static str) -> Self {
        Self {
            autocomplete,
            kind: Kind::Password,
            ..Self::text(name, label, 1024)
        }
    }

    /// A new password, with a hint about the policy.
    pub fn new_password(label: &'static str) -> Self {
        Self::password(label, "new-password")
            .with_hint("At least 15 characters. A short sentence is easy to remember and hard to guess")
    }

    /// A new password of an account that may have a second factor.
    pub fn replacement_password() -> Self {
        Self::new_password("New password").with_hint(
            "At least 15 characters, or 8 if you use a second factor. A short sentence is easy to remember and hard to guess",
        )
    }

    /// A code of the second factor.
    pub fn code() -> Self {
        Self {
            hint: "Six digits from your app, or one of your recovery codes, with or without spaces",
            autocomplete: "one-time-code",
            kind: Kind::Code,
            ..Self::text("code", "Code", 256)
        }
    }

    /// A text of several lines.
    pub fn area(name: &'static str, label: &'static str, max_length: u16) -> Self {
        Self {
            kind: Kind::Area,
            ..Self::text(name, label, max_length)
        }
    }

    /// With a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// With an autofill name.
    #[must_use]
    pub fn with_autocomplete(mut self, autocomplete: &'static str) -> Self {
        self.autocomplete = autocomplete;
        self
    }

    /// Marks it as optional.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Whether its value is never shown again.
    pub fn is_secret(&self) -> bool {
        self.kind == Kind::Password
    }

    /// Whether it has several lines.
    pub fn is_area(&self) -> bool {
        self.kind == Kind::Area
    }

    /// Whether it takes text of any language, so that its writing direction follows from the text.
    pub fn is_free_text(&self) -> bool {
        matches!(self.kind, Kind::Text | Kind::Area)
    }

    /// The HTML type.
    pub fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Text | Kind::Code | Kind::Area => "text",
            Kind::Email => "email",
            Kind::Password => "password",
        }
    }

    /// Whether a hint or an error describes it for screen readers.
    pub fn has_description(&self) -> bool {
        !self.hint.is_empty() || self.error.is_some()
    }

    /// The ids of its hint and error.
    pub fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.name));
        let ids: Vec<String> = [error, hint].into_iter().flatten().collect();
        ids.join(" ")
    }
}
