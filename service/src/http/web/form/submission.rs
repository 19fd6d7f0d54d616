//! What every submitted form passes before its page: the check of its origin and CSRF token, and the search for the answer
//! to an earlier arrival. A form of ours whose token no longer fits is shown again; nothing of a forged one is.

use super::draft::Draft;
use super::fields::Fields;
use super::resubmission::{Resubmission, ResubmissionCause};
use super::stored_answer::StoredAnswer;
use crate::domain::form_answers::{ArrivalOutcome, FormAnswers, FormKey};
use crate::http::contract::problem::Problem;
use crate::http::openapi::extra_route::{ExtraRoute, PostEndpoint};
use crate::http::web::accounts::sign_out;
use crate::http::web::cookies::{self, FLASH};
use crate::http::web::csrf::{self, FormOrigin};
use crate::http::web::flash::Flash;
use crate::http::web::response::see_other;
use crate::http::web::return_to;
use crate::http::web::state::Web;
use crate::http::web::visitor::{SubmittedForm, Visitor, to_sign_in};
use http::{Method, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use poem::{Endpoint, Request, Response, Result};
use std::sync::Arc;
use tracing::Instrument;

/// A page with its forms guarded.
pub fn guarded(page: ExtraRoute) -> ExtraRoute {
    page.map_post(FormEndpoint)
}

/// Passes a submitted form to its page.
struct FormEndpoint(PostEndpoint);

/// A form that arrived, with its sender.
struct Arrival {
    request: Request,
    web: Web,
    visitor: Visitor,
    origin: FormOrigin,
    fields: Fields,
    token: String,
    /// Whether its CSRF token is that of this browser and session.
    is_verified: bool,
}

impl Endpoint for FormEndpoint {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let web = request.extensions().get::<Web>().cloned();
        let web = web.ok_or_else(Problem::internal)?;
        let origin = csrf::check_origin(&request, &web)?;
        let body = request.take_body();
        let mut fields = Fields::read(&request, body).await?;
        let token = fields.take_token();
        let visitor = Visitor::of(&request, &web).await?;
        let key = key(&request, &visitor, &token, &fields);
        let arrival = Arrival {
            is_verified: visitor.guard().verifies(&token),
            request,
            web,
            visitor,
            origin,
            fields,
            token,
        };
        if arrival.is_verified && !arrival.lacks_session() {
            return self.process(arrival, key).await;
        }
        // The first arrival may have ended the session.
        if arrival.visitor.guard().has_cookie()
            && let Some(answer) = arrival
                .web
                .form_answers()
                .find(&key)
                .await
                .map_err(Problem::from)?
        {
            let answer = StoredAnswer::parse(&answer)?;
            if answer.is_redirect() {
                return Ok(answer.into_response()?);
            }
        }
        self.show_again(arrival).await
    }
}

impl FormEndpoint {
    /// Executes the first arrival of a form, and repeats the answer for the others.
    async fn process(&self, arrival: Arrival, key: FormKey) -> Result<Response> {
        let Arrival {
            mut request,
            web,
            visitor,
            fields,
            ..
        } = arrival;
        let extensions = request.extensions_mut();
        extensions.insert(visitor);
        extensions.insert(SubmittedForm::of_verified(fields));
        if self.0.is_idempotent {
            return self.0.submit.call(request).await;
        }
        match web.form_answers().admit(&key).await.map_err(Problem::from)? {
            ArrivalOutcome::Repeated(answer) => Ok(StoredAnswer::parse(&answer)?.into_response()?),
            ArrivalOutcome::First => {
                let submit = Arc::clone(&self.0.submit);
                // A second click closes the connection of the first one, which must be processed nevertheless.
                let task = async move {
                    let outcome = submit.call(request).await;
                    keep(web.form_answers(), &key, outcome).await
                };
                let outcome = tokio::spawn(task.in_current_span()).await;
                outcome.map_err(|_| Problem::internal())?
            }
        }
    }

    /// Answers a form whose token does not fit, without executing it.
    async fn show_again(&self, arrival: Arrival) -> Result<Response> {
        let is_own = arrival.origin == FormOrigin::Own || arrival.is_verified;
        let path = arrival.request.original_uri().path().to_owned();
        let is_signed_in = arrival.visitor.signed_in().is_some();
        if path == sign_out::PATH && !is_signed_in {
            // Only a form of ours may clear the browser's data: cookies of a cross-site request are not sent, but would be
            // cleared.
            return Ok(if is_own {
                sign_out::signed_out()
            } else {
                see_other(sign_out::PATH)
            });
        }
        if !is_own && !arrival.lacks_session() {
            let detail = "the form is out of date, or did not come from this site: open its page again";
            return Err(csrf::forged(detail).into());
        }
        let Some(show) = &self.0.show else {
            let (parent, _) = path.rsplit_once('/').unwrap_or_default();
            let mut response = see_other(match arrival.fields.text("next") {
                "" => parent,
                next => return_to::safe(next),
            });
            cookies::set(&mut response, FLASH, Flash::Outdated.as_str());
            return Ok(response);
        };
        if arrival.lacks_session() {
            let mut response = to_sign_in(&arrival.request);
            // Only members may fill the database with what they enter.
            if is_own && arrival.visitor.guard().is_of_member(&arrival.token) {
                let draft = Draft::new(arrival.token, &arrival.fields);
                draft.keep(&arrival.web, &path, &mut response).await?;
            }
            return Ok(response);
        }
        let parameters = self.0.parameters.iter().filter_map(|name| {
            let value = Some(arrival.fields.text(name)).filter(|value| is_own && !value.is_empty())?;
            Some(format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        });
        let query = parameters.collect::<Vec<_>>().join("&");
        let mut request = arrival.request;
        let uri = format!("{path}?{query}");
        *request.uri_mut() = uri.parse::<Uri>().map_err(|_| Problem::internal())?;
        request.set_method(Method::GET);
        let mut visitor = arrival.visitor;
        if is_own {
            let cause = if visitor.guard().has_cookie() {
                ResubmissionCause::Outdated
            } else {
                ResubmissionCause::NoCookie
            };
            visitor = visitor.with_resubmission(Resubmission::new(arrival.fields, cause));
        }
        request.extensions_mut().insert(visitor);
        show.call(request).await
    }
}

impl Arrival {
    /// Whether the page is one for members, and the sender is none. Such a form leads to the sign-in page.
    fn lacks_session(&self) -> bool {
        self.visitor.signed_in().is_none() && self.request.original_uri().path().starts_with("/my/")
    }
}

/// What identifies a form: the browser, its token, its page and all that was entered. Equal entries in another form, or other
/// entries in the same one, are not the same.
fn key(request: &Request, visitor: &Visitor, token: &str, fields: &Fields) -> FormKey {
    let path = request.original_uri().path();
    let mut contents = vec![token.as_bytes(), path.as_bytes()];
    for (name, value) in fields.all() {
        contents.extend([name.as_bytes(), value.as_bytes()]);
    }
    visitor.guard().form_key(&contents)
}

/// Keeps the answer for other arrivals of the form. If that fails, this one gets it nevertheless.
async fn keep(answers: &FormAnswers, key: &FormKey, outcome: Result<Response>) -> Result<Response> {
    let mut outcome = outcome;
    let answer = match &mut outcome {
        Ok(response) if is_stored(response.status()) => StoredAnswer::of(response).await?,
        _ => None,
    };
    let is_processed = outcome
        .as_ref()
        .is_ok_and(|response| response.status().as_u16() < 400);
    let stored = match answer {
        Some(answer) if is_processed => answers.keep(key, &answer.to_bytes()).await,
        Some(answer) => answers.keep_rejection(key, &answer.to_bytes()).await,
        None => answers.discard(key).await,
    };
    if let Err(error) = stored {
        tracing::warn!(%error, "cannot keep the answer to a form");
    }
    outcome
}

/// Answers that ask to try again later are not stored, so that trying again helps.
fn is_stored(status: StatusCode) -> bool {
    status.as_u16() < 500 && status != StatusCode::TOO_MANY_REQUESTS
}
