//! Status, header fields, body and timing of responses, and the results of raw bytes.

use crate::steps::json::rows;
use crate::world::World;
use anyhow::{Context, Result, ensure};
use cucumber::gherkin::Step;
use cucumber::then;
use std::time::Duration;

#[then(expr = "the response status is {int}")]
fn has_status(world: &mut World, status: u16) -> Result<()> {
    world.response()?.expect_status(status)
}

#[then(expr = "the response status is {int} with media type {string}")]
fn has_status_and_media_type(world: &mut World, status: u16, expected: String) -> Result<()> {
    let response = world.response()?;
    response.expect_status(status)?;
    let media_type = response.media_type()?;
    ensure!(
        media_type == expected,
        "{}: the media type is {media_type}",
        response.request
    );
    Ok(())
}

#[then(expr = "the response is a problem with status {int}")]
fn is_problem(world: &mut World, status: u16) -> Result<()> {
    world.response()?.expect_problem(status).map(drop)
}

#[then(
    expr = "the response is a problem with status {int} and a Retry-After between {int} and {int} seconds"
)]
fn has_retry_after(world: &mut World, status: u16, min: u64, max: u64) -> Result<()> {
    let response = world.response()?;
    response.expect_problem(status)?;
    let seconds = response.retry_after()?;
    ensure!(
        (min..=max).contains(&seconds),
        "{}: {seconds} s",
        response.request
    );
    Ok(())
}

#[then("the response is a problem with a 4xx status")]
fn is_client_error(world: &mut World) -> Result<()> {
    let response = world.response()?;
    ensure!(
        (400..500).contains(&response.status),
        "{}: {response}",
        response.request
    );
    response.expect_problem(response.status).map(drop)
}

#[then("the response is not a server error")]
fn is_no_server_error(world: &mut World) -> Result<()> {
    let response = world.response()?;
    ensure!(response.status < 500, "{}: {response}", response.request);
    if response.status >= 400 {
        response.expect_problem(response.status)?;
    }
    Ok(())
}

#[then("each error response is a problem without internal details")]
fn errors_are_problems(world: &mut World) -> Result<()> {
    for response in world.responses.iter().filter(|response| response.status >= 400) {
        // A response to HEAD has no body.
        if !response.request.starts_with("HEAD") {
            response.expect_problem(response.status)?;
        }
    }
    Ok(())
}

#[then(expr = "the problem type is {string}")]
fn has_problem_type(world: &mut World, expected: String) -> Result<()> {
    let response = world.response()?;
    let problem = response.expect_problem(response.status)?;
    let problem_type = problem["type"].as_str().unwrap_or_default();
    ensure!(
        problem_type.rsplit([':', '/', '#']).next() == Some(expected.as_str()),
        "{}: the type is {problem_type}",
        response.request
    );
    Ok(())
}

#[then(expr = "the problem reports exactly the field(s) {string}")]
fn reports_fields(world: &mut World, fields: String) -> Result<()> {
    let response = world.response()?;
    let problem = response.expect_problem(response.status)?;
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    ensure!(
        errors.iter().all(|error| error["reason"].is_string()),
        "a field without a reason: {problem}"
    );
    let mut reported: Vec<&str> = errors
        .iter()
        .filter_map(|error| error["field"].as_str())
        .collect();
    let mut expected: Vec<&str> = fields.split(',').map(str::trim).collect();
    reported.sort_unstable();
    expected.sort_unstable();
    ensure!(
        reported == expected,
        "{}: the fields are {reported:?}",
        response.request
    );
    Ok(())
}

#[then(expr = "the body is exactly {string}")]
fn has_body(world: &mut World, expected: String) -> Result<()> {
    let response = world.response()?;
    ensure!(response.text()? == expected, "{}: {response}", response.request);
    Ok(())
}

#[then(expr = "the response does not contain {string}")]
fn does_not_contain(world: &mut World, unwanted: String) -> Result<()> {
    let response = world.response()?;
    let unwanted = world.variables.fill(&unwanted);
    ensure!(
        !response.text()?.contains(&unwanted),
        "{}: {response}",
        response.request
    );
    Ok(())
}

#[then(expr = "the page shows {string}")]
fn page_shows(world: &mut World, text: String) -> Result<()> {
    let response = world.response()?;
    let text = world.variables.fill(&text);
    ensure!(
        response.text()?.contains(&text),
        "{}: does not show {text}",
        response.request
    );
    Ok(())
}

#[then(expr = "the header {string} is {string}")]
fn has_header(world: &mut World, name: String, value: String) -> Result<()> {
    let response = world.response()?;
    let (actual, expected) = (response.header(&name)?, world.variables.fill(&value));
    ensure!(
        actual == Some(expected.as_str()),
        "{}: {name} is {actual:?}",
        response.request
    );
    Ok(())
}

#[then(expr = "the header {string} contains {string}")]
fn header_contains(world: &mut World, name: String, part: String) -> Result<()> {
    let response = world.response()?;
    // A list may span several fields (RFC 9110 §5.3).
    let values: Vec<_> = response
        .headers
        .get_all(&name)
        .iter()
        .map(|value| value.to_str())
        .collect::<Result<_, _>>()?;
    ensure!(
        values.join(", ").contains(&world.variables.fill(&part)),
        "{}: {name} is {values:?}",
        response.request
    );
    Ok(())
}

#[then(expr = "the response has no header {string}")]
fn has_no_header(world: &mut World, name: String) -> Result<()> {
    let response = world.response()?;
    ensure!(
        !response.headers.contains_key(&name),
        "{}: has {name}",
        response.request
    );
    Ok(())
}

#[then("every response has the headers")]
fn all_have_headers(world: &mut World, step: &Step) -> Result<()> {
    for row in rows(step)? {
        let [name, expected] = row.as_slice() else {
            anyhow::bail!("the columns are: header, value");
        };
        for response in &world.responses {
            let actual = response.header(name)?;
            ensure!(
                actual == Some(expected),
                "{}: {} with {name}: {actual:?}",
                response.request,
                response.status
            );
        }
    }
    Ok(())
}

#[then("no response has any of the headers")]
fn none_has_headers(world: &mut World, step: &Step) -> Result<()> {
    for name in rows(step)?.iter().flatten() {
        for response in &world.responses {
            ensure!(
                !response.headers.contains_key(name),
                "{}: {} has {name}",
                response.request,
                response.status
            );
        }
    }
    Ok(())
}

/// Only the fastest is compared: delays on a busy machine are not the service's.
#[then(expr = "the fastest response took less than {int} milliseconds")]
fn is_fast(world: &mut World, milliseconds: u64) -> Result<()> {
    let fastest = world.responses.iter().map(|response| response.elapsed).min();
    let fastest = fastest.context("no request was sent yet")?;
    ensure!(
        fastest < Duration::from_millis(milliseconds),
        "it took {fastest:?}"
    );
    Ok(())
}

/// Same status, header names and body, apart from the members that identify the request.
#[then("the last two responses are indistinguishable")]
fn are_indistinguishable(world: &mut World) -> Result<()> {
    let [first, second] = world.last_responses(2)? else {
        anyhow::bail!("two responses are compared");
    };
    second.expect_status(first.status)?;
    ensure!(
        first.anonymous_body()? == second.anonymous_body()?,
        "{first} and {second} differ"
    );
    let (first, second) = (first.header_names(), second.header_names());
    ensure!(first == second, "{first:?} and {second:?} differ");
    Ok(())
}

#[then(
    expr = "exactly one of the last {int} responses has status {int}, and the others are problems with status {int}"
)]
fn exactly_one_succeeds(world: &mut World, count: usize, success: u16, failure: u16) -> Result<()> {
    let last = world.last_responses(count)?.iter();
    let (succeeded, failed): (Vec<_>, Vec<_>) = last.partition(|response| response.status == success);
    ensure!(succeeded.len() == 1, "{} have status {success}", succeeded.len());
    failed
        .iter()
        .try_for_each(|response| response.expect_problem(failure).map(drop))
}

#[then(expr = "the server closes the connection within {int} seconds")]
fn is_closed(world: &mut World, seconds: u64) -> Result<()> {
    let closed_after = world.exchange()?.closed_after;
    let closed_after = closed_after.context("the connection stayed open")?;
    ensure!(
        closed_after < Duration::from_secs(seconds),
        "it took {closed_after:?}"
    );
    Ok(())
}

#[then(expr = "the only response on the connection has status {int}")]
fn is_only_response(world: &mut World, status: u16) -> Result<()> {
    let exchange = world.exchange()?;
    ensure!(
        exchange.status() == Some(status) && exchange.response_count() == 1,
        "received: {}",
        exchange.text()
    );
    Ok(())
}

#[then("no second request is processed")]
fn no_second_request(world: &mut World) -> Result<()> {
    let exchange = world.exchange()?;
    ensure!(exchange.response_count() <= 1, "received: {}", exchange.text());
    Ok(())
}
