//! Spellings of the features that stand for something else: `{a*10000}` is ten thousand times `a`, and in raw bytes `↵`,
//! `␍`, `␀` and `·` are CR LF, CR, a zero byte and a space. Never sends anything.

/// Writes out `{text*count}`, wherever it stands, and `␣`, a space that would not be seen otherwise.
pub fn expand(text: &str) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('}') {
        let spelled = before.rsplit_once('{').and_then(|(head, inside)| {
            let (part, count) = inside.rsplit_once('*')?;
            Some((head, part, count.parse::<usize>().ok()?))
        });
        match spelled {
            Some((head, part, count)) => {
                whole.push_str(head);
                whole.push_str(&part.repeat(count));
            }
            None => {
                whole.push_str(before);
                whole.push('}');
            }
        }
        rest = after;
    }
    whole.push_str(rest);
    whole.replace('␣', " ")
}

/// The bytes of a text after [`expand`]. Line ends of the feature file itself do not count: `↵` is one that is sent.
pub fn bytes(text: &str) -> Vec<u8> {
    let text: String = expand(text).lines().map(str::trim_start).collect();
    let text = text
        .replace('↵', "\r\n")
        .replace('␍', "\r")
        .replace('␀', "\0")
        .replace('·', " ");
    text.into_bytes()
}
