//! Metrics of the internal listener.

use crate::world::World;
use anyhow::{Result, ensure};
use cucumber::{then, when};

#[when(expr = "an operator gets {string} from the internal listener")]
async fn gets_internal(world: &mut World, target: String) -> Result<()> {
    let response = world.client.get_internal(&target).await?;
    world.responses.push(response);
    Ok(())
}

#[then("the response is Prometheus text with request counts")]
fn is_prometheus_text(world: &mut World) -> Result<()> {
    let response = world.response()?;
    ensure!(
        response.media_type()? == "text/plain",
        "{}: not text/plain",
        response.request
    );
    let text = response.text()?;
    let is_sample = |line: &str| {
        line.rsplit_once(' ')
            .is_some_and(|(_, value)| value.parse::<f64>().is_ok())
    };
    let invalid = text
        .lines()
        .find(|line| !line.is_empty() && !line.starts_with('#') && !is_sample(line));
    ensure!(invalid.is_none(), "not a sample: {invalid:?}");
    ensure!(
        text.contains("# TYPE") && text.contains("request"),
        "there are no request counts"
    );
    Ok(())
}
