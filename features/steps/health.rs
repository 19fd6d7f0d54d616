//! The probes, and what the internal listener shows.

use crate::visitor::Visitor;
use anyhow::{Result, ensure};
use cucumber::{then, when};

#[when(expr = "an operator gets {string} from the internal listener")]
async fn get_inside(visitor: &mut Visitor, target: String) -> Result<()> {
    let answer = visitor.client.get_inside(&target).await?;
    visitor.answers.push(answer);
    Ok(())
}

#[then("it is Prometheus text that counts requests")]
fn metrics(visitor: &mut Visitor) -> Result<()> {
    let answer = visitor.answer()?;
    ensure!(answer.media_type()? == "text/plain", "{}: no text", answer.asked);
    let text = answer.text()?;
    let is_sample = |line: &str| {
        line.rsplit_once(' ')
            .is_some_and(|(_, value)| value.parse::<f64>().is_ok())
    };
    let bad = text
        .lines()
        .find(|line| !line.is_empty() && !line.starts_with('#') && !is_sample(line));
    ensure!(bad.is_none(), "not a sample: {bad:?}");
    ensure!(
        text.contains("# TYPE") && text.contains("request"),
        "no requests are counted"
    );
    Ok(())
}
