//! Joins repeated `Accept` fields into one.

use http::{HeaderMap, HeaderValue, header};

/// Several `Accept` lines are one list (RFC 9110 §5.3); the framework hands out the first line only.
pub fn join_accept(headers: &mut HeaderMap) {
    let lines: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    if lines.len() > 1
        && let Ok(list) = HeaderValue::from_str(&lines.join(", "))
    {
        headers.insert(header::ACCEPT, list);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_lines_are_one_list() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT, HeaderValue::from_static("text/html"));
        headers.append(header::ACCEPT, HeaderValue::from_static("text/csv"));
        join_accept(&mut headers);
        assert_eq!(
            headers.get_all(header::ACCEPT).iter().collect::<Vec<_>>(),
            ["text/html, text/csv"]
        );
    }
}
