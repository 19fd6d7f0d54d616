//! A verdict as the page shows it: a word with a form and a colour of its own, never a colour alone.

use crate::outcome::Verdict;
use crate::report::format;

/// A word, and the name of its form and colour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Badge {
    pub class: &'static str,
    pub word: &'static str,
}

pub(super) const fn badge(verdict: Verdict) -> Badge {
    Badge {
        class: format::word(verdict),
        word: match verdict {
            Verdict::NotRun => "not run",
            other => format::word(other),
        },
    }
}
