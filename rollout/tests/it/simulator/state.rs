//! Terraform's state as the backend `http` stores it, and what applying it does to the resources.

use serde_json::Value;

use super::group::Group;

/// A request of the backend: status and body.
pub fn answer(group: &mut Group, method: &str, body: &str) -> (u16, String) {
    match method {
        "GET" => match &group.state {
            Some(text) => (200, text.clone()),
            None => (404, String::new()),
        },
        "POST" => {
            group.state = Some(body.to_owned());
            let state: Value = serde_json::from_str(body).unwrap();
            reconcile(group, &state);
            (200, String::new())
        }
        "LOCK" => match &group.state_lock {
            Some(holder) => (423, holder.clone()),
            None => {
                group.state_lock = Some(body.to_owned());
                (200, String::new())
            }
        },
        "UNLOCK" => {
            group.state_lock = None;
            (200, String::new())
        }
        _ => (405, String::new()),
    }
}

/// The effect that the provider's requests would have.
fn reconcile(group: &mut Group, state: &Value) {
    for resource in state["resources"].as_array().into_iter().flatten() {
        let input = &resource["instances"][0]["attributes"]["input"]["value"];
        let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
        match resource["name"].as_str() {
            Some("job") => group.job_image = text("image"),
            Some("app") => group.create_revision(&text("suffix"), &text("image")),
            _ => {}
        }
    }
}
