//! Changing one's own name, address or password. The last two take the current password, and a code where there is a second
//! factor: a browser that somebody left open must not be enough.

use crate::domain::accounts::changes::{Change, SensitiveChange};
use crate::domain::accounts::outcome::ChangeOutcome;
use crate::http::accounts::fields::SecretText;
use crate::http::contract::field::FieldValue;
use crate::http::contract::problem::Problem;
use crate::http::web::cookies::{self, NOTICE};
use crate::http::web::flash::Notice;
use crate::http::web::form::Form;
use crate::http::web::form::fields::Fields;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::FormPage;
use crate::http::web::response::see_other;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Member, Posted};
use crate::types::client_info::ClientInfo;
use http::StatusCode;
use poem::web::Data;
use poem::{Response, handler};

/// The account's page.
pub const PATH: &str = "/my/account";

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Name,
    Email,
    Password,
}

/// A form about one part, for one member.
struct Sheet<'a> {
    member: &'a Member,
    part: Part,
    /// Whether a code is asked for.
    takes_code: bool,
}

/// The form for the name.
#[handler]
pub async fn ask_name(member: Member) -> Result<Response, Problem> {
    let sheet = Sheet::of_name(&member);
    let mut form = sheet.form();
    form.fill("name", member.signed_in.name());
    sheet.show(form, StatusCode::OK)
}

/// Changes the name.
#[handler]
pub async fn save_name(
    member: Member,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = member.open(posted, &["name"], &[])?;
    let sheet = Sheet::of_name(&member);
    let mut form = sheet.filled(&fields);
    let Some(name) = form.parse(&fields, "name") else {
        return sheet.show(form, StatusCode::BAD_REQUEST);
    };
    let change = Change {
        name: Some(name),
        sensitive: None,
    };
    sheet.submit(&client, web, form, change).await
}

/// The form for the address.
#[handler]
pub async fn ask_email(member: Member, Data(web): Data<&Web>) -> Result<Response, Problem> {
    ask(&member, web, Part::Email).await
}

/// Asks for another address.
#[handler]
pub async fn save_email(
    member: Member,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let guarded = |proof, email| SensitiveChange {
        email: Some(email),
        ..proof
    };
    save(&member, &client, posted, web, Part::Email, guarded).await
}

/// The form for the password.
#[handler]
pub async fn ask_password(member: Member, Data(web): Data<&Web>) -> Result<Response, Problem> {
    ask(&member, web, Part::Password).await
}

/// Changes the password.
#[handler]
pub async fn save_password(
    member: Member,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let guarded = |proof, password: SecretText| SensitiveChange {
        password: Some(password.0),
        ..proof
    };
    save(&member, &client, posted, web, Part::Password, guarded).await
}

async fn ask(member: &Member, web: &Web, part: Part) -> Result<Response, Problem> {
    let sheet = Sheet::guarded(member, web, part).await?;
    sheet.show(sheet.form(), StatusCode::OK)
}

async fn save<T: FieldValue>(
    member: &Member,
    client: &ClientInfo,
    posted: Posted,
    web: &Web,
    part: Part,
    guarded: impl FnOnce(SensitiveChange, T) -> SensitiveChange,
) -> Result<Response, Problem> {
    let fields = member.open(posted, &[part.field(), "current"], &["code"])?;
    let sheet = Sheet::guarded(member, web, part).await?;
    let mut form = sheet.filled(&fields);
    let new = form.parse_filled::<T>(&fields, part.field());
    let current = form.parse_filled::<SecretText>(&fields, "current");
    let code = match sheet.takes_code {
        true => form.parse_filled::<SecretText>(&fields, "code"),
        false => None,
    };
    let (Some(new), Some(current), []) = (new, current, form.errors.as_slice()) else {
        return sheet.show(form, StatusCode::BAD_REQUEST);
    };
    let proof = SensitiveChange::authorised_by(current.0, code.map(|code| code.0));
    let change = Change {
        name: None,
        sensitive: Some(guarded(proof, new)),
    };
    sheet.submit(client, web, form, change).await
}

impl Part {
    /// The field of what is new.
    fn field(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Password => "password",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Name => "Change your name",
            Self::Email => "Change your address",
            Self::Password => "Change your password",
        }
    }

    fn notice(self) -> Notice {
        match self {
            Self::Name => Notice::Saved,
            Self::Email => Notice::EmailAsked,
            Self::Password => Notice::PasswordChanged,
        }
    }
}

impl<'a> Sheet<'a> {
    fn of_name(member: &'a Member) -> Self {
        Self {
            member,
            part: Part::Name,
            takes_code: false,
        }
    }

    async fn guarded(member: &'a Member, web: &Web, part: Part) -> Result<Self, Problem> {
        let state = web.sessions().second_factor_status(&member.signed_in).await?;
        Ok(Self {
            member,
            part,
            takes_code: state.enabled,
        })
    }

    async fn submit(
        mut self,
        client: &ClientInfo,
        web: &Web,
        mut form: Form,
        change: Change,
    ) -> Result<Response, Problem> {
        match web
            .accounts()
            .change(&self.member.signed_in, change, client)
            .await?
        {
            ChangeOutcome::Done => {
                let mut response = see_other(PATH);
                cookies::set(&mut response, NOTICE, self.part.notice().as_str());
                Ok(response)
            }
            ChangeOutcome::Gone => Ok(see_other("/sign-in")),
            ChangeOutcome::WrongCredentials if self.takes_code => {
                form.refuse(
                    "Nothing was changed",
                    "The current password or the code is not right.",
                );
                self.show(form, StatusCode::FORBIDDEN)
            }
            ChangeOutcome::WrongCredentials => {
                form.blame("current", "is not right");
                self.show(form, StatusCode::FORBIDDEN)
            }
            ChangeOutcome::CodeRequired => {
                // The second factor was set up a moment ago.
                self.takes_code = true;
                let mut second = self.form();
                second.take_over(form);
                self.show(second, StatusCode::FORBIDDEN)
            }
            ChangeOutcome::Weak(weakness) => {
                form.blame("password", &weakness.to_string());
                self.show(form, StatusCode::BAD_REQUEST)
            }
            ChangeOutcome::TooManyAttempts(wait) => {
                form.refuse_for("Too many tries", wait);
                self.page(form).show_wait(self.member, wait)
            }
            ChangeOutcome::TooManyMails(wait) => {
                form.refuse_for("Too many mails", wait);
                self.page(form).show_wait(self.member, wait)
            }
        }
    }

    fn form(&self) -> Form {
        let current = Input::secret("current", "Current password", "current-password");
        let (action, submit, mut inputs) = match self.part {
            Part::Name => {
                let name = Input::text("name", "Your name", 200).known_as("name");
                ("/my/account/name", "Save", vec![name])
            }
            Part::Email => {
                let email = Input::email("email")
                    .with_hint("We send a link to it; until you follow it, nothing changes");
                ("/my/account/email", "Send the link", vec![email, current])
            }
            Part::Password => {
                let password = Input::secret("password", "New password", "new-password").with_hint(
                    "At least 8 characters. A short sentence is easy to remember and hard to guess",
                );
                ("/my/account/password", "Change it", vec![current, password])
            }
        };
        if self.takes_code {
            inputs.push(Input::code());
        }
        Form::new(action, self.member.csrf(), submit, inputs)
            .with_username(self.member.signed_in.email())
            .with_back(PATH, "Cancel")
    }

    fn filled(&self, fields: &Fields) -> Form {
        let mut form = self.form();
        form.keep(fields);
        form
    }

    fn page(&self, form: Form) -> FormPage {
        FormPage::new(self.member, self.part.title(), form)
    }

    fn show(&self, form: Form, status: StatusCode) -> Result<Response, Problem> {
        self.page(form).show(self.member, status)
    }
}
