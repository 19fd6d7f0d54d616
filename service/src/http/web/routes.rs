//! Which page answers on which path. The table beside it says the same to the edge; a test compares them.

use super::accounts::{account, account_form, links, mails, sign_in, sign_out, sign_up};
use super::state::Web;
use super::wishes::{form, list};
use poem::endpoint::{BoxEndpoint, EndpointExt};
use poem::{Response, Route, get, post};

/// Adds the pages to the routes.
pub fn routes(route: Route, web: Web) -> BoxEndpoint<'static, Response> {
    route
        .at("/sign-in", get(sign_in::show).post(sign_in::submit))
        .at("/sign-out", get(sign_out::show).post(sign_out::submit))
        .at("/sign-up", get(sign_up::show).post(sign_up::submit))
        .at("/check-mail", get(mails::check_mail))
        .at("/resend", get(mails::ask_resend).post(mails::resend))
        .at("/forgot", get(mails::ask_forgot).post(mails::forgot))
        .at("/confirm", get(links::see_confirm).post(links::confirm))
        .at(
            "/change-email",
            get(links::see_change_email).post(links::change_email),
        )
        .at("/invitation", get(links::see_invitation).post(links::invitation))
        .at("/reset", get(links::see_reset).post(links::reset))
        .at("/my/account", get(account::show))
        .at(
            "/my/account/name",
            get(account_form::ask_name).post(account_form::save_name),
        )
        .at(
            "/my/account/email",
            get(account_form::ask_email).post(account_form::save_email),
        )
        .at(
            "/my/account/password",
            get(account_form::ask_password).post(account_form::save_password),
        )
        .at(
            "/my/account/sign-out-everywhere",
            post(account::sign_out_everywhere),
        )
        .at(
            "/my/account/delete",
            get(account::ask_delete).post(account::delete),
        )
        .at("/my/wishes", get(list::show))
        .at("/my/wishes/new", get(form::new).post(form::create))
        .at("/my/wishes/:id", get(form::edit).post(form::save))
        .at("/my/wishes/:id/done", post(list::mark))
        .at("/my/wishes/:id/delete", get(form::ask_delete).post(form::delete))
        .data(web)
        .map_to_response()
        .boxed()
}
