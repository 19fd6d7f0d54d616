//! The frame of a page: navigation and flash message.

/// The frame that all pages share. Templates that extend `base.html` have one as `frame`. No `Debug`: it holds a CSRF token.
#[derive(Clone)]
pub struct PageFrame {
    nav: Nav,
    flash: Option<&'static str>,
    has_api_docs: bool,
}

#[derive(Clone)]
enum Nav {
    /// No links, for pages that do not know who is signed in.
    Empty,
    SignedOut,
    SignedIn(NavMember),
}

/// The signed-in member, as the navigation shows it.
#[derive(Clone)]
pub struct NavMember {
    /// The name, or the address if there is none.
    pub name: String,
    /// The CSRF token of the sign-out form.
    pub csrf: String,
}

impl PageFrame {
    /// Without navigation links.
    pub fn without_nav() -> Self {
        Self::of(Nav::Empty)
    }

    /// For a signed-out visitor.
    pub fn signed_out() -> Self {
        Self::of(Nav::SignedOut)
    }

    /// For a signed-in member.
    pub fn signed_in(member: NavMember) -> Self {
        Self::of(Nav::SignedIn(member))
    }

    /// With a flash message.
    #[must_use]
    pub fn with_flash(mut self, flash: Option<&'static str>) -> Self {
        self.flash = flash;
        self
    }

    /// With links to the API documentation, if it is served.
    #[must_use]
    pub fn with_api_docs(mut self, has_api_docs: bool) -> Self {
        self.has_api_docs = has_api_docs;
        self
    }

    /// Whether links to the API documentation are shown.
    pub fn has_api_docs(&self) -> bool {
        self.has_api_docs
    }

    /// The signed-in member, if known.
    pub fn member(&self) -> Option<&NavMember> {
        match &self.nav {
            Nav::SignedIn(member) => Some(member),
            Nav::Empty | Nav::SignedOut => None,
        }
    }

    /// Whether the links for signing in and up are shown.
    pub fn is_signed_out(&self) -> bool {
        matches!(self.nav, Nav::SignedOut)
    }

    /// The flash message.
    pub fn flash(&self) -> Option<&'static str> {
        self.flash
    }

    fn of(nav: Nav) -> Self {
        Self {
            nav,
            flash: None,
            has_api_docs: false,
        }
    }
}
