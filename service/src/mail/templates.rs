//! The words of each kind of mail. One text serves the plain and the HTML part, so that they cannot differ.
use super::kind::MailKind;

/// What a mail of a kind says.
pub(super) struct MailTemplate {
    /// The header field, and the headline.
    pub(super) subject: &'static str,
    /// The paragraphs before the link.
    pub(super) opening: &'static [&'static str],
    /// What the link is called, and where it leads.
    pub(super) action: (&'static str, &'static str),
    /// The paragraphs after it.
    pub(super) closing: &'static [&'static str],
}

/// The words of a kind. Paths of links that carry a token are those of the pages that ask for a click: a mail scanner
/// that follows the link changes nothing.
pub(super) fn template_of(kind: MailKind) -> MailTemplate {
    match kind {
        MailKind::Confirm => MailTemplate {
            subject: "Confirm your address",
            opening: &[
                "Somebody signed up at Portcullis with this address. If it was you, confirm that the address is yours.",
            ],
            action: ("Confirm address", "/confirm"),
            closing: &[
                "If it was not you, there is nothing to do: without your confirmation the account stays closed.",
            ],
        },
        MailKind::AlreadyRegistered => MailTemplate {
            subject: "You have an account already",
            opening: &[
                "Somebody tried to sign up at Portcullis with this address, which has an account already. Nothing was changed.",
            ],
            action: ("Sign in", "/sign-in"),
            closing: &[
                "If it was you and the password is forgotten, ask for a new one there. If it was not you, there is nothing to do.",
            ],
        },
        MailKind::Invite => MailTemplate {
            subject: "You are invited to Portcullis",
            opening: &[
                "An administrator made an account for you at Portcullis. Choose a name and a password to begin.",
            ],
            action: ("Accept the invitation", "/invitation"),
            closing: &["If you did not expect this, there is nothing to do: the account stays closed."],
        },
        MailKind::Reset => MailTemplate {
            subject: "Choose a new password",
            opening: &["Somebody asked for a new password for your account at Portcullis."],
            action: ("Choose a new password", "/reset"),
            closing: &["If it was not you, there is nothing to do: your password stays as it is."],
        },
        MailKind::ChangeEmail => MailTemplate {
            subject: "Confirm your new address",
            opening: &[
                "Somebody wants to use this address for an account at Portcullis. If it was you, confirm that the address is yours.",
            ],
            action: ("Confirm the new address", "/change-email"),
            closing: &[
                "If it was not you, there is nothing to do: without your confirmation nothing changes.",
            ],
        },
        MailKind::EmailChanging => MailTemplate {
            subject: "Your address is about to change",
            opening: &[
                "Somebody who is signed in to your account at Portcullis asked to move it to another address. The change \
                 takes effect when the new address is confirmed.",
            ],
            action: ("Sign in", "/sign-in"),
            closing: &[
                "If it was not you, sign in now and change your password: that ends every other session.",
            ],
        },
        MailKind::EmailMoved => MailTemplate {
            subject: "Your account has another address",
            opening: &[
                "Your account at Portcullis has another address, which was confirmed just now. From now on you sign in with \
                 that one, and mails go there.",
            ],
            action: ("Sign in", "/sign-in"),
            closing: &["If you did not expect this, ask your administrator."],
        },
        MailKind::PasswordChanged => MailTemplate {
            subject: "Your password was changed",
            opening: &[
                "The password of your account at Portcullis was changed, and every other session was ended.",
            ],
            action: ("Choose a new password", "/forgot"),
            closing: &[
                "If it was you, there is nothing to do. If it was not, choose a new password at once: only whoever reads this address can.",
            ],
        },
    }
}
