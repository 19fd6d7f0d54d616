//! Codes of the second factor as people type, copy and paste them: six digits of an authenticator app, or a recovery code.
//! Apps and documents group them with spaces or dashes, and input methods produce digits of other scripts.

use super::recovery_code::RecoveryCode;
use icu_properties::CodePointSetData;
use icu_properties::props::{Dash, DefaultIgnorableCodePoint, WhiteSpace};
use std::fmt;

/// Digits of a code of an authenticator app.
const TOTP_DIGITS: usize = 6;

/// Six digits of an authenticator app. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpCode(String);

/// A code of either kind.
#[derive(Clone, Debug)]
pub enum OneTimeCode {
    /// Of an authenticator app.
    Totp(TotpCode),
    /// A recovery code.
    Recovery(RecoveryCode),
}

impl TotpCode {
    /// Parses a typed code.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_plain(plain(text))
    }

    fn from_plain(plain: String) -> Option<Self> {
        let is_code = plain.len() == TOTP_DIGITS && plain.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then_some(Self(plain))
    }

    pub(super) fn digits(&self) -> &str {
        &self.0
    }
}

impl OneTimeCode {
    /// Parses a typed code; `None`: it has the form of neither kind.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = plain(text);
        let recovery = RecoveryCode::from_plain(&plain).map(Self::Recovery);
        recovery.or_else(|| TotpCode::from_plain(plain).map(Self::Totp))
    }
}

/// Whether a text contains nothing but what is ignored in a code.
pub fn is_blank(text: &str) -> bool {
    plain(text).is_empty()
}

/// The text without white space, dashes and invisible characters, and in ASCII where the others have an equivalent
/// there.
fn plain(text: &str) -> String {
    let is_ignored = |c: char| {
        c.is_control()
            || CodePointSetData::new::<WhiteSpace>().contains(c)
            || CodePointSetData::new::<Dash>().contains(c)
            || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
    };
    text.chars().filter(|c| !is_ignored(*c)).map(ascii).collect()
}

/// The ASCII equivalent of full-width characters and of Arabic digits.
fn ascii(c: char) -> char {
    let offset = match c {
        '\u{ff01}'..='\u{ff5e}' => 0xff01 - 0x21,
        '\u{660}'..='\u{669}' => 0x660 - 0x30,
        '\u{6f0}'..='\u{6f9}' => 0x6f0 - 0x30,
        _ => 0,
    };
    char::from_u32(u32::from(c) - offset).unwrap_or(c)
}

impl fmt::Debug for TotpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpCode([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_parses_as_apps_and_documents_show_it() {
        for typed in [
            "123456",
            "123 456",
            " 123456\r\n",
            "123-456",
            "12 34 56",
            "\t123\u{a0}456",
            "123\u{202f}456",
            "123\u{2007}456",
            "123\u{2011}456",
            "123\u{2013}456",
            "123\u{2212}456",
            "\u{feff}123\u{200b}456",
            "\u{202a}123456\u{202c}",
            "\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}",
            "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
        ] {
            assert_eq!(TotpCode::parse(typed).unwrap().digits(), "123456", "{typed:?}");
            assert!(matches!(OneTimeCode::parse(typed), Some(OneTimeCode::Totp(_))));
        }
        for bad in [
            "",
            " ",
            "12345",
            "1234567",
            "12345a",
            "123.456",
            "１２３４５",
            "+123456",
        ] {
            assert!(OneTimeCode::parse(bad).is_none(), "{bad:?}");
        }
        assert!(is_blank(" \u{a0}-\n") && !is_blank("0"));
        assert!(!format!("{:?}", OneTimeCode::parse("123456")).contains("123456"));
    }

    #[test]
    fn a_recovery_code_parses_in_any_notation() {
        let code = RecoveryCode::random();
        let shown = code.reveal();
        for typed in [
            shown.clone(),
            format!("\u{a0}{shown}\r\n"),
            shown.to_lowercase(),
            shown.replace('-', ""),
            shown.replace('-', " \u{2013}\t"),
        ] {
            let Some(OneTimeCode::Recovery(parsed)) = OneTimeCode::parse(&typed) else {
                panic!("{typed:?}");
            };
            assert!(parsed.hash() == code.hash(), "{typed:?}");
        }
    }
}
