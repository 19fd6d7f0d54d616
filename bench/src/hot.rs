//! P2: one request of `/rates` that is repeated, compared with a bare handler of the same framework that answers the same bytes.

use anyhow::Result;

use crate::bare_handler::BareHandler;
use crate::bench_env::{BenchEnv, Size};
use crate::figure::Figure;
use crate::load::repeat;
use crate::pairs::{Pairs, Side};
use crate::requests::MONTH;
use crate::uncached::{CONNECTIONS, profile};

/// Requests per second of ours ÷ of the bare handler.
pub fn against_bare_handler(env: &mut BenchEnv<'_>) -> Result<Figure> {
    let (context, rounds, seconds) = (env.context, env.rounds, env.seconds);
    let (dataset, wrk) = env.tools(Size::Small, &[])?;
    let target = dataset.requests(MONTH).nth(0).target();
    let folder = dataset.folder().to_owned();
    let (port, base_url) = (dataset.serving()?.port, dataset.stack.base_url());
    let bare = BareHandler::start(context, &folder, port, &target)?;
    let urls = [base_url, bare.base_url()].map(|base_url| base_url + &target);
    let pairs = Pairs::measure(&context.stop, rounds, |side| {
        let url = match side {
            Side::Ours => &urls[0],
            Side::Theirs => &urls[1],
        };
        Ok(repeat(&wrk, &folder, url, profile(seconds))?.rate)
    })?;
    let note = format!(
        "{} bytes of body, {CONNECTIONS} connections, rounds of {seconds} s",
        bare.body
    );
    Ok(pairs.figure("requests/s", 0, &note))
}
