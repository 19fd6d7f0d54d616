//! What stands around a page's content: the bar at the top and the word about what was just done.

/// The part of a page that all pages share. Templates that extend `base.html` have one as `chrome`. No `Debug`: it would
/// tell the form's token.
#[derive(Clone)]
pub struct Chrome {
    bar: Bar,
    notice: Option<&'static str>,
}

#[derive(Clone)]
enum Bar {
    Plain,
    Doors,
    Member(Member),
}

/// Who is signed in, as the bar shows it.
#[derive(Clone)]
pub struct Member {
    /// The name, or the address where there is none.
    pub name: String,
    /// Goes with the form that signs out.
    pub csrf: String,
}

impl Chrome {
    /// For pages that know nothing of who looks at them.
    pub fn plain() -> Self {
        Self::of(Bar::Plain)
    }

    /// For somebody who is not signed in.
    pub fn doors() -> Self {
        Self::of(Bar::Doors)
    }

    /// For somebody who is.
    pub fn for_member(member: Member) -> Self {
        Self::of(Bar::Member(member))
    }

    /// With a word about what was just done.
    #[must_use]
    pub fn with_notice(mut self, notice: Option<&'static str>) -> Self {
        self.notice = notice;
        self
    }

    /// Who is signed in, if that is known.
    pub fn member(&self) -> Option<&Member> {
        match &self.bar {
            Bar::Member(member) => Some(member),
            Bar::Plain | Bar::Doors => None,
        }
    }

    /// Whether the ways in are shown.
    pub fn has_doors(&self) -> bool {
        matches!(self.bar, Bar::Doors)
    }

    /// A word about what was just done.
    pub fn notice(&self) -> Option<&'static str> {
        self.notice
    }

    fn of(bar: Bar) -> Self {
        Self { bar, notice: None }
    }
}
