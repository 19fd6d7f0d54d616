//! Durations as Go writes and reads them, in whole seconds: `720h`, `1h30m`, `277h46m40s`; digits alone are seconds.

/// Reads a duration; the error has Go's text.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(seconds);
    }
    let invalid = || format!("time: invalid duration {}", quoted(text));
    let mut total = 0.0;
    let mut remaining = text;
    while !remaining.is_empty() {
        let digits = remaining
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .ok_or_else(invalid)?;
        let number: f64 = remaining[..digits].parse().map_err(|_| invalid())?;
        let after = &remaining[digits..];
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let seconds = match &after[..end] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            unit => {
                return Err(format!(
                    "time: unknown unit {} in duration {}",
                    quoted(unit),
                    quoted(text)
                ));
            }
        };
        total += number * seconds;
        remaining = &after[end..];
    }
    if text.is_empty() {
        return Err(invalid());
    }
    Ok(total as i64)
}

/// Writes a duration without zero units at its end.
pub(crate) fn format(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = String::new();
    if hours > 0 {
        text += &format!("{hours}h");
    }
    if minutes > 0 || hours > 0 && seconds > 0 {
        text += &format!("{minutes}m");
    }
    if seconds > 0 || text.is_empty() {
        text += &format!("{seconds}s");
    }
    text
}

/// A string in Go's `%q` form.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_as_in_go() {
        for (text, seconds) in [("60", 60), ("60s", 60), ("720h", 2_592_000), ("1h1m5s", 3665)] {
            assert_eq!(parse(text), Ok(seconds));
        }
        assert_eq!(parse("soon"), Err("time: invalid duration \"soon\"".to_owned()));
        for (seconds, text) in [
            (3600, "1h"),
            (88, "1m28s"),
            (1_000_000, "277h46m40s"),
            (3605, "1h0m5s"),
            (0, "0s"),
        ] {
            assert_eq!(format(seconds), text);
        }
    }
}
