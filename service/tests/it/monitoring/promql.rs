//! Which series and labels a PromQL query names. promtool checks the grammar; it has no output of what it parsed, and the
//! crate `promql-parser` needs `bincode`, which is unmaintained. So this knows selectors and lists of labels, and panics at any
//! other name that is neither a function nor a keyword.

use regex::Regex;
use std::fmt;
use std::iter::Peekable;
use std::sync::LazyLock;

/// Strings, ranges, names, numbers, operators.
static TOKEN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#""[^"]*"|\[[^\]]*\]|[a-zA-Z_:][\w:]*|[0-9][\w.]*|[=!]~|!=|\S"#).unwrap());

/// Keywords that are followed by labels.
const LISTS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

const KEYWORDS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];

/// A condition on a label.
pub struct Matcher {
    pub label: String,
    /// `=`, `!=`, `=~` or `!~`.
    pub operator: String,
    pub value: String,
}

/// A metric with conditions.
pub struct Selector {
    pub name: String,
    pub matchers: Vec<Matcher>,
}

/// What a query names.
#[derive(Default)]
pub struct Query {
    pub selectors: Vec<Selector>,
    /// By which series are grouped or joined.
    pub labels: Vec<String>,
}

impl Query {
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        let mut tokens = TOKEN.find_iter(text).map(|token| token.as_str()).peekable();
        while let Some(token) = tokens.next() {
            let next = tokens.peek().copied();
            if !token.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
                continue;
            }
            if LISTS.contains(&token) && next == Some("(") {
                let names = tokens.by_ref().skip(1).take_while(|token| *token != ")");
                query
                    .labels
                    .extend(names.filter(|name| *name != ",").map(str::to_owned));
            } else if next == Some("{") || token.contains(':') {
                query.selectors.push(Selector {
                    name: token.to_owned(),
                    matchers: matchers(&mut tokens),
                });
            } else {
                // `sum(…)` and `sum by (…)`.
                let is_function = next.is_some_and(|next| next == "(" || LISTS.contains(&next));
                let is_known = is_function || KEYWORDS.contains(&token) || LISTS.contains(&token);
                assert!(is_known, "a selector without conditions: {token} in {text}");
            }
        }
        query
    }
}

/// The conditions in braces, if there are any.
fn matchers<'a>(tokens: &mut Peekable<impl Iterator<Item = &'a str>>) -> Vec<Matcher> {
    let mut matchers = Vec::new();
    if tokens.next_if_eq(&"{").is_none() {
        return matchers;
    }
    while let Some(label) = tokens.next().filter(|token| *token != "}") {
        if label == "," {
            continue;
        }
        let mut next = || tokens.next().unwrap_or_default();
        matchers.push(Matcher {
            label: label.to_owned(),
            operator: next().to_owned(),
            value: next().trim_matches('"').to_owned(),
        });
    }
    matchers
}

impl Matcher {
    /// Whether a series with this value of the label, empty if it has none, satisfies the condition.
    pub fn matches(&self, value: &str) -> bool {
        let is_match = || {
            Regex::new(&format!("^(?:{})$", self.value))
                .unwrap()
                .is_match(value)
        };
        match self.operator.as_str() {
            "=" => self.value == value,
            "!=" => self.value != value,
            "=~" => is_match(),
            "!~" => !is_match(),
            other => panic!("no operator: {other}"),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions = self.matchers.iter();
        let conditions = conditions.map(
            |Matcher {
                 label,
                 operator,
                 value,
             }| format!("{label}{operator}\"{value}\""),
        );
        write!(
            out,
            "{}{{{}}}",
            self.name,
            conditions.collect::<Vec<_>>().join(", ")
        )
    }
}

/// L12: Selectors and labels of a query are found, wherever they are in it.
#[test]
fn selectors_and_labels_are_found() {
    let query = Query::parse(
        "histogram_quantile(0.99, sum by (le, instance) (rate(a_bucket{job=\"x\", b!~\"/c/.*|d\"}[5m]))) > bool 36 * 3600\n\
         and on (login) slo:errors:ratio5m or vector(0)",
    );
    let selectors: Vec<String> = query.selectors.iter().map(ToString::to_string).collect();
    assert_eq!(
        selectors,
        ["a_bucket{job=\"x\", b!~\"/c/.*|d\"}", "slo:errors:ratio5m{}"]
    );
    assert_eq!(query.labels, ["le", "instance", "login"]);
    let matcher = &query.selectors[0].matchers[1];
    assert!(matcher.matches("e") && !matcher.matches("/c/f") && !matcher.matches("d"));
}

/// L12: A metric without conditions is not overlooked.
#[test]
#[should_panic = "a selector without conditions: up in"]
fn a_selector_without_conditions_is_rejected() {
    Query::parse("sum(up) == 0");
}
