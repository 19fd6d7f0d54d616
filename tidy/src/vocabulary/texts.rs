//! The prose of a file, line by line: comments, documents, and texts of pages and mails.

/// Prose with its line numbers: doc comments of Rust files, comments of SQL files, and all lines of documents, scenarios,
/// templates and the OpenAPI document.
pub(super) fn prose(path: &str, text: &str) -> impl Iterator<Item = (usize, String)> {
    let is_template = path.contains("/templates/");
    let prose_of: fn(&str) -> Option<String> = match path.rsplit('.').next() {
        Some("rs") => |line| {
            let line = line.trim_start();
            let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
            comment.map(str::to_owned)
        },
        Some("sql") => |line| Some(line.split_once("--")?.1.to_owned()),
        Some("html") if is_template => |line| Some(without_classes(line)),
        Some("txt") if is_template => |line| Some(line.to_owned()),
        Some("md" | "feature") => |line| Some(line.to_owned()),
        _ if path == "docs/openapi.json" => |line| Some(line.to_owned()),
        _ => |_| None,
    };
    (1..)
        .zip(text.lines())
        .filter_map(move |(number, line)| Some((number, prose_of(line)?)))
}

/// Class names are for the stylesheet, not for readers.
fn without_classes(line: &str) -> String {
    let mut parts = line.split("class=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once('"').map_or("", |(_, after)| after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_code_and_whole_documents_are_prose() {
        let of = |path, text| -> Vec<usize> { prose(path, text).map(|(line, _)| line).collect() };
        assert_eq!(of("a.rs", "//! a\n// b\n  /// c\nlet d = \"e\";\n"), [1, 3]);
        assert_eq!(of("a.sql", "a\n  -- b\n"), [2]);
        assert_eq!(of("docs/a.md", "a\nb\n"), [1, 2]);
        assert_eq!(of("service/templates/web/a.html", "a\n"), [1]);
        assert_eq!(of("a.json", "a\n"), [0; 0]);
    }

    #[test]
    fn classes_are_left_out() {
        let line = "<p class=\"a b\">c</p><p class=\"d\" title=\"e\">f</p>";
        assert_eq!(without_classes(line), "<p >c</p><p  title=\"e\">f</p>");
    }
}
