//! The texts of each kind of mail. Plain and HTML part are rendered from the same text, so that they cannot differ.

use super::kind::MailKind;

/// The texts of a kind of mail.
pub(super) struct MailTemplate {
    /// The subject, which is also the heading.
    pub(super) subject: &'static str,
    /// The paragraphs before the link.
    pub(super) opening: &'static [&'static str],
    /// The link's label and path.
    pub(super) action: (&'static str, &'static str),
    /// The paragraphs after it.
    pub(super) closing: &'static [&'static str],
}

/// The texts of a kind. Links with a token lead to pages that require a click, so that mail scanners that follow links
/// do not use them up.
pub(super) fn template_of(kind: MailKind) -> MailTemplate {
    match kind {
        MailKind::Confirm => MailTemplate {
            subject: "Confirm your address",
            opening: &[
                "Someone signed up for Portcullis with this address. If it was you, confirm that the address is yours, with the password that you chose.",
            ],
            action: ("Confirm address", "/confirm"),
            closing: &[
                "If it was not you, ignore this mail: without your confirmation the account remains inactive.",
            ],
        },
        MailKind::AlreadyRegistered => MailTemplate {
            subject: "You already have an account",
            opening: &[
                "Someone tried to use this address for another Portcullis account. You already have an account with it, and nothing was changed.",
            ],
            action: ("Sign in", "/sign-in"),
            closing: &[
                "If it was you and you forgot your password, reset it on the sign-in page. If it was not you, ignore this mail.",
            ],
        },
        MailKind::Invite => MailTemplate {
            subject: "You are invited to Portcullis",
            opening: &[
                "An administrator created a Portcullis account for you. Choose a name and a password to start.",
            ],
            action: ("Accept the invitation", "/invitation"),
            closing: &["If you did not expect this, ignore this mail: the account remains inactive."],
        },
        MailKind::Reset => MailTemplate {
            subject: "Choose a new password",
            opening: &["Someone requested a new password for your Portcullis account."],
            action: ("Choose a new password", "/reset"),
            closing: &["If it was not you, ignore this mail: your password remains unchanged."],
        },
        MailKind::ChoosePassword => MailTemplate {
            subject: "Choose your password",
            opening: &[
                "This address was used to sign up for Portcullis more than once, with different passwords. One of the requests \
                 may not be yours, so none of the passwords was kept. If you signed up, choose a password: this confirms your \
                 address too.",
            ],
            action: ("Choose your password", "/reset"),
            closing: &[
                "Links in earlier mails no longer work. If you did not sign up, ignore this mail: the account remains inactive.",
            ],
        },
        MailKind::ChangeEmail => MailTemplate {
            subject: "Confirm your new address",
            opening: &[
                "Someone requested to use this address for a Portcullis account. If it was you, confirm that the address is yours.",
            ],
            action: ("Confirm the new address", "/change-email"),
            closing: &["If it was not you, ignore this mail: without your confirmation nothing changes."],
        },
        MailKind::EmailChanging => MailTemplate {
            subject: "Your address is about to change",
            opening: &[
                "Someone who is signed in to your Portcullis account requested to change its address. The change takes \
                 effect when the new address is confirmed.",
                "If it was not you, or if the new address is mistyped, keep this address. The link also takes the change back \
                 after the new address was confirmed.",
            ],
            action: ("Keep this address", "/undo-email"),
            closing: &["If it was not you, change your password too: this ends every other session."],
        },
        MailKind::EmailMoved => MailTemplate {
            subject: "Your address was changed",
            opening: &[
                "The address of your Portcullis account was changed, and the new one is confirmed. From now on, use the new \
                 address to sign in; mails are sent to it.",
                "If it was not you, or if the new address is not yours, restore this address. Every session will be ended.",
            ],
            action: ("Restore this address", "/undo-email"),
            closing: &["After that, choose a new password."],
        },
        MailKind::EmailRestored => MailTemplate {
            subject: "Your address was restored",
            opening: &[
                "The address of your Portcullis account is this one again, and every session was ended.",
            ],
            action: ("Choose a new password", "/forgot"),
            closing: &[
                "The person who changed the address knew your password: choose a new one at once, unless you mistyped the address \
                 yourself.",
            ],
        },
        MailKind::PasswordChanged => MailTemplate {
            subject: "Your password was changed",
            opening: &[
                "The password of your Portcullis account was changed, and every other session was ended.",
            ],
            action: ("Choose a new password", "/forgot"),
            closing: &[
                "If it was not you, choose a new password at once. Only someone who can read mails to this address can do so.",
            ],
        },
        MailKind::SecondFactorEnabled => MailTemplate {
            subject: "A second factor was set up",
            opening: &[
                "Signing in to your Portcullis account now requires a code of an authenticator app. Every other session was ended.",
            ],
            action: ("Choose a new password", "/forgot"),
            closing: &[
                "If it was not you, choose a new password at once, and ask your administrator to remove the second factor.",
            ],
        },
        MailKind::SecondFactorRemoved => MailTemplate {
            subject: "Your second factor was removed",
            opening: &[
                "Signing in to your Portcullis account no longer requires a code. Its other sessions were ended.",
            ],
            action: ("Choose a new password", "/forgot"),
            closing: &[
                "If you did not expect this, choose a new password at once and set up the second factor again.",
            ],
        },
        MailKind::RecoveryCodesRenewed => MailTemplate {
            subject: "Your recovery codes were replaced",
            opening: &[
                "New recovery codes were issued for your Portcullis account. The earlier ones are no longer valid.",
            ],
            action: ("Choose a new password", "/forgot"),
            closing: &[
                "If it was not you, choose a new password at once, and ask your administrator to remove the second factor.",
            ],
        },
        MailKind::RecoveryCodeUsed => MailTemplate {
            subject: "A recovery code was used",
            opening: &[
                "One of the recovery codes of your Portcullis account was used instead of a code of your authenticator app. \
                 Each recovery code is valid once.",
            ],
            action: ("Choose a new password", "/forgot"),
            closing: &[
                "If it was not you, someone has your password and your recovery codes: choose a new password at once, and \
                 replace the recovery codes.",
            ],
        },
        MailKind::RoleChanged => MailTemplate {
            subject: "Your role was changed",
            opening: &[
                "An administrator changed the role of your Portcullis account, and with it what you may do. All your sessions were ended: \
                 sign in again.",
            ],
            action: ("Sign in", "/sign-in"),
            closing: &["If you did not expect this, contact your administrator."],
        },
        MailKind::SessionsEnded => MailTemplate {
            subject: "You were signed out everywhere",
            opening: &[
                "An administrator ended all sessions of your Portcullis account. Your password is unchanged.",
            ],
            action: ("Choose a new password", "/forgot"),
            closing: &[
                "If you reported a lost device, or suspect that someone knows your password, choose a new one.",
            ],
        },
        MailKind::AccountDeleted => MailTemplate {
            subject: "Your account was deleted",
            opening: &["Your Portcullis account was deleted, and all its sessions were ended."],
            action: ("Portcullis", "/"),
            closing: &[
                "If you did not expect this, contact your administrator, who can restore the account.",
            ],
        },
        MailKind::AccountRestored => MailTemplate {
            subject: "Your account was restored",
            opening: &[
                "An administrator restored your Portcullis account. You can sign in again with your password.",
            ],
            action: ("Sign in", "/sign-in"),
            closing: &["If you did not expect this, contact your administrator."],
        },
        MailKind::WrongCodes => MailTemplate {
            subject: "Someone is guessing your codes",
            opening: &[
                "Someone who knows the password of your Portcullis account entered too many wrong codes of the second factor. \
                 For some time no code of your app is accepted; your recovery codes are.",
                "If it was not you, choose a new password: that ends the delay and makes the known password useless.",
            ],
            action: ("Choose a new password", "/forgot"),
            closing: &["If it was you, check that the clock of your device is correct."],
        },
        MailKind::AccessRequested => MailTemplate {
            subject: "Someone requests database access",
            opening: &[
                "An account requests access to the database. Someone with the role approver decides. The API shows who requests what, \
                 and why: `GET /access/requests?state=requested`.",
            ],
            action: ("Portcullis", "/"),
            closing: &[
                "Approve it only if you know the person and the purpose. One person can have several accounts.",
            ],
        },
        MailKind::AccessApproved => MailTemplate {
            subject: "Database access was approved",
            opening: &[
                "A request for access to the database was approved. The API shows who requested it, who approved it, and why: \
                 `GET /access/requests?state=approved`.",
            ],
            action: ("Portcullis", "/"),
            closing: &[
                "If it is not right, revoke it at once: `POST /access/requests/{id}/revoke`. Check that requester and approver are two \
                 persons.",
            ],
        },
        MailKind::AccessDenied => MailTemplate {
            subject: "Your request for database access was denied",
            opening: &[
                "Your request for access to the database was denied. The API shows the reason: `GET /access/requests`.",
            ],
            action: ("Portcullis", "/"),
            closing: &[
                "If you did not request access, someone else uses your account: choose a new password at once.",
            ],
        },
        MailKind::AccessLoginIssued => MailTemplate {
            subject: "Your database login is ready",
            opening: &[
                "A login to the database was issued for your approved request. Collect it once with the API, \
                 `POST /access/requests/{id}/login`, within 24 hours.",
                "If you have an earlier login of this request, it works until it ends: switch to the new one before.",
            ],
            action: ("Portcullis", "/"),
            closing: &[
                "If you did not request access, or if the API answers that the login was collected already, revoke the access at \
                 once and contact your administrator.",
            ],
        },
        MailKind::AccessEnded => MailTemplate {
            subject: "Your database access has ended",
            opening: &[
                "Your access to the database has ended: its period is over, it was revoked, or your account has another role or \
                 password or was signed out everywhere. Its logins no longer work. The API shows the reason: `GET /access/requests`.",
            ],
            action: ("Portcullis", "/"),
            closing: &["If you still need access, request it again."],
        },
        MailKind::SessionReused => MailTemplate {
            subject: "One of your sessions was ended",
            opening: &[
                "A program that is signed in to your Portcullis account used an outdated refresh token. Someone may have \
                 copied it, so that session was ended. Your other sessions continue.",
            ],
            action: ("Sign in", "/sign-in"),
            closing: &[
                "A program that lost a response can cause this too. If it was none of yours, sign in, end the sessions that \
                 you do not recognise, and change your password.",
            ],
        },
    }
}
