//! User names by a connection's `username_template`: the part of Go's templates that such templates use.

use crate::random;

/// Fills in a template.
///
/// # Errors
/// The expression that this server does not know.
pub(crate) fn generate(
    template: &str,
    role: &str,
    display_name: &str,
    unix_time: i64,
) -> Result<String, String> {
    let mut name = String::new();
    let mut remaining = template;
    while let Some((before, after)) = remaining.split_once("{{") {
        let (expression, behind) = after.split_once("}}").ok_or("unclosed action")?;
        name += before;
        name += &evaluate(expression, role, display_name, unix_time)?;
        remaining = behind;
    }
    Ok(name + remaining)
}

/// `.RoleName | truncate 20`.
fn evaluate(expression: &str, role: &str, display_name: &str, unix_time: i64) -> Result<String, String> {
    let mut steps = expression.split('|').map(str::trim);
    let first = steps.next().unwrap_or_default();
    let mut text = match first.split_whitespace().collect::<Vec<_>>().as_slice() {
        [".RoleName"] => role.to_owned(),
        [".DisplayName"] => display_name.to_owned(),
        ["unix_time"] => unix_time.to_string(),
        ["random", length] => random::alphanumeric(length.parse().map_err(|_| expression.to_owned())?),
        _ => return Err(expression.to_owned()),
    };
    for step in steps {
        text = match step.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["truncate", length] => {
                let length: usize = length.parse().map_err(|_| expression.to_owned())?;
                text.chars().take(length).collect()
            }
            ["lowercase"] => text.to_lowercase(),
            _ => return Err(expression.to_owned()),
        };
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in() {
        let template = "v-{{.RoleName | truncate 3}}-{{random 20}}-{{unix_time}}";
        let name = generate(template, "app-main", "approle", 17).unwrap();
        assert!(name.starts_with("v-app-") && name.ends_with("-17"), "{name}");
        assert_eq!(name.len(), "v-app-".len() + 20 + "-17".len());
        assert_eq!(generate("{{.X}}", "", "", 0), Err(".X".to_owned()));
    }
}
