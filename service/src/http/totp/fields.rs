//! Codes of the second factor in bodies and forms. One that has neither form is an invalid field, not a wrong guess.

use crate::crypto::one_time_code::{self, OneTimeCode, TotpCode};
use crate::http::contract::field::FieldValue;
use poem_openapi::registry::MetaSchema;

/// Maximum length: every digit of the longest code may have a separator, and the whole may have margins.
const MAX_LENGTH: usize = 128;

/// Six digits of an authenticator app, as a pattern.
const DIGITS: &str = r"(?:[0-9][\s-]*){6}";

/// A recovery code, as a pattern.
const RECOVERY: &str = r"(?:[0-9A-TV-Za-tv-z][\s-]*){28}";

/// A recovery code of an earlier version, as a pattern.
const EARLIER_RECOVERY: &str = r"(?:[0-9A-TV-Za-tv-z][\s-]*){16}";

/// Why a code that was right is rejected.
pub const CODE_USED: &str = "was used already: wait for the next one, or use another recovery code";

/// The headline of a page while codes are not verified.
pub const CODES_BLOCKED: &str = "Too many wrong codes: use a recovery code, or reset your password by mail";

/// Six digits of an authenticator app. White space and dashes are ignored.
#[derive(Debug)]
pub struct TypedTotpCode(pub TotpCode);

/// A code of the authenticator app, or a recovery code. White space and dashes are ignored.
#[derive(Debug)]
pub struct TypedCode(pub OneTimeCode);

impl FieldValue for TypedTotpCode {
    const EXPECTED: &'static str = "must be the six digits that the app shows";

    fn parse(text: &str) -> Option<Self> {
        let code = TotpCode::parse(text).filter(|_| is_short(text));
        code.map(Self)
    }

    fn is_blank(text: &str) -> bool {
        one_time_code::is_blank(text)
    }

    fn schema() -> MetaSchema {
        schema(&[DIGITS])
    }
}

impl FieldValue for TypedCode {
    const EXPECTED: &'static str = "must be the six digits that the app shows, or a recovery code";

    fn parse(text: &str) -> Option<Self> {
        let code = OneTimeCode::parse(text).filter(|_| is_short(text));
        code.map(Self)
    }

    fn is_blank(text: &str) -> bool {
        one_time_code::is_blank(text)
    }

    fn schema() -> MetaSchema {
        schema(&[DIGITS, RECOVERY, EARLIER_RECOVERY])
    }
}

fn is_short(text: &str) -> bool {
    text.chars().count() <= MAX_LENGTH
}

/// A text of one of these forms, with white space and dashes around it.
fn schema(forms: &[&str]) -> MetaSchema {
    MetaSchema {
        max_length: Some(MAX_LENGTH),
        pattern: Some(format!(r"^[\s-]*(?:{})$", forms.join("|"))),
        write_only: true,
        ..MetaSchema::new_with_format("string", "password")
    }
}
