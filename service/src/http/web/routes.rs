//! Which page answers on which path. The table beside it says the same to the edge; a test compares them.
use super::state::Web;
use super::{sign_in, wish_form, wish_list};
use poem::endpoint::{BoxEndpoint, EndpointExt};
use poem::{Response, Route, get, post};

/// Adds the pages to the routes.
pub fn routes(route: Route, web: Web) -> BoxEndpoint<'static, Response> {
    route
        .at("/sign-in", get(sign_in::show).post(sign_in::submit))
        .at("/my/wishes", get(wish_list::show))
        .at("/my/wishes/new", get(wish_form::new).post(wish_form::create))
        .at("/my/wishes/:id", get(wish_form::edit).post(wish_form::save))
        .at("/my/wishes/:id/done", post(wish_list::mark))
        .at(
            "/my/wishes/:id/delete",
            get(wish_form::ask_delete).post(wish_form::delete),
        )
        .data(web)
        .map_to_response()
        .boxed()
}
