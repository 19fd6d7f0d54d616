//! The values that placeholders have in this run.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::replay::shapes::{is_stable, shape};

static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("<[a-z0-9-]+(?::[a-z0-9:._-]+)?>").unwrap());

#[derive(Default, Clone)]
pub struct Bindings {
    values: HashMap<String, String>,
    /// Compiled once, also for copies of these bindings.
    expressions: Rc<RefCell<HashMap<String, Regex>>>,
}

impl Bindings {
    pub fn set(&mut self, placeholder: &str, value: &str) {
        self.values.insert(placeholder.to_owned(), value.to_owned());
    }

    pub fn get(&self, placeholder: &str) -> Option<&str> {
        self.values.get(placeholder).map(String::as_str)
    }

    /// The text of a request with its placeholders replaced.
    ///
    /// # Errors
    /// The placeholder that has no value.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut end = 0;
        for found in PLACEHOLDER
            .find_iter(text)
            .filter(|found| shape_or_jwt(found.as_str()))
        {
            let value = self.values.get(found.as_str());
            filled += &text[end..found.start()];
            filled += value.ok_or_else(|| format!("{} has no value", found.as_str()))?;
            end = found.end();
        }
        Ok(filled + &text[end..])
    }

    pub fn fill_json(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => Value::String(self.fill(text)?),
            Value::Array(items) => items
                .iter()
                .map(|item| self.fill_json(item))
                .collect::<Result<_, _>>()?,
            Value::Object(fields) => {
                let field = |(name, value): (&String, &Value)| Ok((name.clone(), self.fill_json(value)?));
                Value::Object(fields.iter().map(field).collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }

    /// Whether a text is as expected; placeholders that have no value yet get theirs.
    pub fn matches(&mut self, expected: &str, actual: &str) -> bool {
        if !expected.contains('<') {
            return expected == actual;
        }
        let mut pattern = String::from("(?s)^");
        let mut names = Vec::new();
        let mut end = 0;
        for found in PLACEHOLDER.find_iter(expected) {
            let name = found.as_str();
            let Some(shape) = shape(name) else { continue };
            pattern += &regex::escape(&expected[end..found.start()]);
            match self.values.get(name).filter(|_| is_stable(name)) {
                Some(value) => pattern += &regex::escape(value),
                None => {
                    pattern += &format!("({shape})");
                    names.push(name.to_owned());
                }
            }
            end = found.end();
        }
        pattern += &regex::escape(&expected[end..]);
        pattern += "$";
        let mut expressions = self.expressions.borrow_mut();
        let expression = expressions.entry(pattern);
        let expression = expression.or_insert_with_key(|pattern| Regex::new(pattern).unwrap());
        let Some(captures) = expression.captures(actual) else {
            return false;
        };
        for (name, value) in names.into_iter().zip(captures.iter().skip(1).flatten()) {
            // The first value is the one that later requests refer to.
            self.values
                .entry(name)
                .or_insert_with(|| value.as_str().to_owned());
        }
        true
    }
}

fn shape_or_jwt(placeholder: &str) -> bool {
    placeholder.starts_with("<jwt:") || shape(placeholder).is_some()
}
