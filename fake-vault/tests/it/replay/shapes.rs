//! The shape of each kind of placeholder, as a regular expression.

const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/// The expression for a placeholder such as `<token:service:main>`; `None` for text that only looks like one.
pub fn shape(placeholder: &str) -> Option<String> {
    let inner = placeholder.trim_matches(['<', '>']);
    let (kind, name) = inner.split_once(':').unwrap_or((inner, ""));
    let shape = match kind {
        "token" if name.starts_with("batch") => "b\\.[A-Za-z0-9_-]{101,}",
        "token" => "s\\.[A-Za-z0-9]{24}",
        "accessor" | "lease" => "[A-Za-z0-9]{24}",
        "password" => "[A-Za-z0-9-]{20}",
        "username" => "v-[a-z-]{1,20}-[A-Za-z0-9]{20}-[0-9]+",
        "secret-id" | "secret-id-accessor" | "role-id" | "entity-id" | "uuid" | "request-id" => UUID,
        "cluster-name" => "vault-cluster-[0-9a-f]{8}",
        "mount-accessor" => return Some(format!("{name}_[0-9a-f]{{8}}")),
        "unseal-key" if name.starts_with("hex") => "[0-9a-f]{66}",
        "unseal-key" => "[A-Za-z0-9+/]{44}",
        "nonce" => return Some(format!("(?:{UUID})?")),
        "time" if name.ends_with(":s") => "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
        "time" => "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{0,8}[1-9])?Z",
        "duration" => "[0-9]+[hms](?:[0-9]+[ms]){0,2}",
        "jws" => "[A-Za-z0-9_-]{86}",
        "signature" => "[A-Za-z0-9+/]{86,100}={0,2}",
        "pem" if name.ends_with("no-newline") => "-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----",
        "pem" => "-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----\\n",
        "public" => "[A-Za-z0-9+/]{43}=",
        "addr" | "cluster-addr" | "pg" | "k8s" | "free" => "127\\.0\\.0\\.1:[0-9]+",
        "number" => "[0-9]+",
        _ => return None,
    };
    Some(shape.to_owned())
}

/// Whether the same placeholder is the same value everywhere.
pub fn is_stable(placeholder: &str) -> bool {
    let volatile = [
        "<uuid",
        "<request-id",
        "<time",
        "<mount-accessor",
        "<nonce",
        "<duration",
        "<number",
        "<jws",
        "<signature",
    ];
    !volatile.iter().any(|start| placeholder.starts_with(start))
}
