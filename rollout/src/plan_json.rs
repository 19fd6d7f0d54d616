//! A plan of Terraform as JSON: which attributes of which resources it changes, and what changed outside of Terraform.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Longer values are cut.
const MAX_VALUE: usize = 80;

/// One resource that a plan changes, or that was changed outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `module.app.azurerm_container_app.app`.
    pub address: String,
    /// `azurerm_container_app`.
    pub kind: String,
    /// `create`, `update`, `delete`; two for a replacement.
    pub actions: Vec<String>,
    /// What differs.
    pub attributes: Vec<Attribute>,
}

/// One attribute that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `template.0.container.0.image`.
    pub path: String,
    /// Its value before, as JSON; `null` if there was none.
    pub before: Value,
    /// Its value afterwards.
    pub after: After,
    /// Whether it must not be shown.
    pub is_sensitive: bool,
}

/// A planned value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// This one.
    Known(Value),
    /// Decided while it is applied.
    Unknown,
}

impl Attribute {
    /// Its values before and afterwards for readers, without sensitive ones.
    pub fn shown(&self) -> (String, String) {
        match (self.is_sensitive, &self.after) {
            (true, _) => ("(sensitive)".to_owned(), "(sensitive)".to_owned()),
            (false, After::Unknown) => (short(&self.before), "(known after apply)".to_owned()),
            (false, After::Known(after)) => (short(&self.before), short(after)),
        }
    }

    /// Whether the approved plan has the same change. What it left to be decided while it is applied may have a value by now: of a list
    /// or an object each of the parts.
    fn is_approved(&self, approved: &Attribute) -> bool {
        if self == approved {
            return true;
        }
        let Some(below) = self.below(&approved.path) else {
            return false;
        };
        let before = below.fold(&approved.before, |value, key| part(value, key));
        approved.after == After::Unknown
            && self.before == *before
            // Of a whole a part may be sensitive, and others not.
            && (self.is_sensitive <= approved.is_sensitive)
    }

    /// The keys from a path to this attribute, if it is there or below.
    fn below<'a>(&'a self, path: &str) -> Option<impl Iterator<Item = &'a str>> {
        let rest = match path {
            "" => self.path.as_str(),
            path => match self.path.strip_prefix(path)? {
                "" => "",
                rest => rest.strip_prefix('.')?,
            },
        };
        Some(rest.split('.').filter(|key| !key.is_empty()))
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_VALUE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// What a plan changes; resources without changes are left out.
///
/// # Errors
/// When it is no plan, or Terraform marked it as not applicable.
pub fn changes(plan: &Value) -> Result<Vec<Change>> {
    ensure!(
        plan["errored"].as_bool() != Some(true),
        "Terraform could not complete the plan"
    );
    ensure!(plan["format_version"].is_string(), "no plan");
    list(&plan["resource_changes"])
}

/// What was changed outside of Terraform.
///
/// # Errors
/// When it is no plan.
pub fn drift(plan: &Value) -> Result<Vec<Change>> {
    ensure!(plan["format_version"].is_string(), "no plan");
    list(&plan["resource_drift"])
}

/// A text output, from a plan's `planned_values` or from `terraform output`.
///
/// # Errors
/// When it is missing or not known yet.
pub fn output(outputs: &Value, name: &str) -> Result<String> {
    let value = outputs[name]["value"].as_str();
    Ok(value.with_context(|| format!("no output {name}"))?.to_owned())
}

/// Why a plan may not be applied: what it changes and the approved plan does not.
pub fn not_approved(plan: &[Change], approved: &[Change]) -> Vec<String> {
    let mut excess = Vec::new();
    for change in plan {
        let same = approved
            .iter()
            .find(|other| other.address == change.address && other.actions == change.actions);
        let Some(same) = same else {
            excess.push(format!("{} ({})", change.address, change.actions.join(", ")));
            continue;
        };
        let others = change.attributes.iter().filter(|attribute| {
            let mut approved = same.attributes.iter();
            !approved.any(|approved| attribute.is_approved(approved))
        });
        excess.extend(others.map(|attribute| format!("{}: {}", change.address, attribute.path)));
    }
    excess
}

fn list(changes: &Value) -> Result<Vec<Change>> {
    let mut list = Vec::new();
    for change in changes.as_array().into_iter().flatten() {
        // A data source is read, never changed.
        if change["mode"].as_str() == Some("data") {
            continue;
        }
        let text = |name: &str| {
            let text = change[name].as_str().map(str::to_owned);
            text.with_context(|| format!("a change without {name}"))
        };
        let what = &change["change"];
        let actions = what["actions"].as_array().context("a change without actions")?;
        let actions: Vec<String> = actions
            .iter()
            .filter_map(|action| Some(action.as_str()?.to_owned()))
            .collect();
        if actions == ["no-op"] || actions == ["read"] {
            continue;
        }
        let mut attributes = Vec::new();
        compare(&Sides::of(what), &mut Vec::new(), &mut attributes);
        list.push(Change {
            address: text("address")?,
            kind: text("type")?,
            actions,
            attributes,
        });
    }
    list.sort_by(|one, other| one.address.cmp(&other.address));
    Ok(list)
}

/// The five trees that Terraform writes of one resource.
struct Sides<'a> {
    before: &'a Value,
    after: &'a Value,
    unknown: &'a Value,
    sensitive_before: &'a Value,
    sensitive_after: &'a Value,
}

impl<'a> Sides<'a> {
    fn of(change: &'a Value) -> Sides<'a> {
        Sides {
            before: &change["before"],
            after: &change["after"],
            unknown: &change["after_unknown"],
            sensitive_before: &change["before_sensitive"],
            sensitive_after: &change["after_sensitive"],
        }
    }

    fn is_sensitive(&self) -> bool {
        [self.sensitive_before, self.sensitive_after].contains(&&Value::Bool(true))
    }

    /// Whether the value or any part of it is sensitive: it must not be shown as a whole.
    fn has_sensitive_part(&self) -> bool {
        fn is_marked(marks: &Value) -> bool {
            match marks {
                Value::Bool(mark) => *mark,
                Value::Array(items) => items.iter().any(is_marked),
                Value::Object(map) => map.values().any(is_marked),
                _ => false,
            }
        }
        is_marked(self.sensitive_before) || is_marked(self.sensitive_after)
    }

    /// The same place in all five; a mark that covers the whole value covers its parts.
    fn child(&self, key: &str) -> Sides<'a> {
        let mark = |tree: &'a Value| match tree {
            Value::Bool(_) => tree,
            _ => part(tree, key),
        };
        Sides {
            before: part(self.before, key),
            after: part(self.after, key),
            unknown: mark(self.unknown),
            sensitive_before: mark(self.sensitive_before),
            sensitive_after: mark(self.sensitive_after),
        }
    }

    fn keys(&self) -> BTreeSet<String> {
        let of = |tree: &Value| -> Vec<String> {
            match tree {
                Value::Object(map) => map.keys().cloned().collect(),
                Value::Array(items) => (0..items.len()).map(|at| at.to_string()).collect(),
                _ => Vec::new(),
            }
        };
        [self.before, self.after, self.unknown]
            .into_iter()
            .flat_map(of)
            .collect()
    }
}

fn compare(sides: &Sides<'_>, path: &mut Vec<String>, attributes: &mut Vec<Attribute>) {
    let is_unknown = *sides.unknown == Value::Bool(true);
    let (before, after) = (Form::of(sides.before), Form::of(sides.after));
    let has_parts = match (before, after) {
        (Form::Null, Form::Null) => Form::of(sides.unknown) == Form::Tree,
        // One side has parts and the other a value: they differ as wholes.
        (Form::Scalar, _) | (_, Form::Scalar) => false,
        _ => true,
    };
    if has_parts && !is_unknown && !sides.is_sensitive() {
        for key in sides.keys() {
            path.push(key.clone());
            compare(&sides.child(&key), path, attributes);
            path.pop();
        }
        return;
    }
    if !is_unknown && sides.before == sides.after {
        return;
    }
    attributes.push(Attribute {
        path: path.join("."),
        before: sides.before.clone(),
        after: if is_unknown {
            After::Unknown
        } else {
            After::Known(sides.after.clone())
        },
        is_sensitive: sides.has_sensitive_part(),
    });
}

/// The member or element of a value; null if it has none.
fn part<'a>(value: &'a Value, key: &str) -> &'a Value {
    match value {
        Value::Object(map) => map.get(key).unwrap_or(&Value::Null),
        Value::Array(items) => key
            .parse()
            .ok()
            .and_then(|at: usize| items.get(at))
            .unwrap_or(&Value::Null),
        _ => &Value::Null,
    }
}

/// What a JSON value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Null,
    Scalar,
    Tree,
}

impl Form {
    fn of(value: &Value) -> Form {
        match value {
            Value::Null => Form::Null,
            Value::Object(_) | Value::Array(_) => Form::Tree,
            _ => Form::Scalar,
        }
    }
}

#[cfg(test)]
mod tests;
