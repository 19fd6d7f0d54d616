//! Joins repeated `Accept` fields into one.

use http::{HeaderMap, HeaderValue, header};

/// Joins repeated `Accept` fields into one list (RFC 9110 §5.3): the framework only hands out the first.
pub fn join(headers: &mut HeaderMap) {
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
    fn repeated_fields_become_one_list() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT, HeaderValue::from_static("text/html"));
        headers.append(header::ACCEPT, HeaderValue::from_static("text/csv"));
        join(&mut headers);
        assert_eq!(
            headers.get_all(header::ACCEPT).iter().collect::<Vec<_>>(),
            ["text/html, text/csv"]
        );
    }
}
