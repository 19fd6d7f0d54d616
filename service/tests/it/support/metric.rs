//! Reads metrics of a service.

use super::app::App;

/// The sum of a metric's values whose labels contain all of these texts, such as `login="rates"`.
pub fn metric(app: &App, name: &str, labels: &[&str]) -> f64 {
    let page = app.get_internal("/metrics");
    let of_metric = page.text().lines().filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        let rest = series.strip_prefix(name)?;
        let matches = rest.starts_with('{') && labels.iter().all(|label| rest.contains(label));
        matches.then(|| value.parse::<f64>().unwrap())
    });
    of_metric.sum()
}
