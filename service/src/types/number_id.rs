//! Ids that the database numbers: positive, never reused.

/// Parses 1 to 2^63 - 1: digits only, no leading zeros, so that an id has one form.
pub fn parse(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|number| digits && *number > 0)
}

/// Declares the type of an id.
macro_rules! number_id {
    ($(#[doc = $doc:literal])+ $type:ident) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(i64);

        impl $type {
            /// Wraps an id from the database.
            pub fn of(number: i64) -> Self {
                Self(number)
            }

            /// Parses 1 to 2^63 - 1: digits only, no leading zeros.
            pub fn parse(text: &str) -> Option<Self> {
                crate::types::number_id::parse(text).map(Self)
            }

            /// The id as a number.
            pub fn get(self) -> i64 {
                self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

pub(crate) use number_id;

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_id_has_one_form() {
        assert_eq!(parse("7"), Some(7));
        assert_eq!(parse("9223372036854775807"), Some(i64::MAX));
        for bad in ["", "0", "07", "-1", "+1", " 1", "1.0", "9223372036854775808"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
