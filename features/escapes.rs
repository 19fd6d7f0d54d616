//! Escapes in feature texts: `{a*10000}` repeats `a`, `␣` is a space; in raw bytes `↵`, `␍`, `␀` and `·` are CR LF, CR, NUL
//! and a space.

/// Expands `{text*count}` anywhere in the text, and `␣`.
pub fn expand(text: &str) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('}') {
        let repetition = before.rsplit_once('{').and_then(|(head, inside)| {
            let (part, count) = inside.rsplit_once('*')?;
            Some((head, part, count.parse::<usize>().ok()?))
        });
        match repetition {
            Some((head, part, count)) => {
                expanded.push_str(head);
                expanded.push_str(&part.repeat(count));
            }
            None => {
                expanded.push_str(before);
                expanded.push('}');
            }
        }
        rest = after;
    }
    expanded.push_str(rest);
    expanded.replace('␣', " ")
}

/// The bytes of a text after [`expand`]. Line breaks of the feature file are removed; only `↵` is sent as one.
pub fn raw_bytes(text: &str) -> Vec<u8> {
    let text: String = expand(text).lines().map(str::trim_start).collect();
    let text = text
        .replace('↵', "\r\n")
        .replace('␍', "\r")
        .replace('␀', "\0")
        .replace('·', " ");
    text.into_bytes()
}
