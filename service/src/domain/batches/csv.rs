//! Prices as CSV (RFC 4180): a header with the four columns in any order, then a price per line; any field may be quoted.
//!
//! Lines are split at commas without a crate: no field of this format can contain a comma, a quote or a line end.

use super::row::{PRICE_COLUMNS, Price, RowError, price};
use std::borrow::Cow;

/// Separators that spreadsheets and databases write instead of a comma.
const OTHER_SEPARATORS: [(char, &str); 3] = [
    (';', "is separated by semicolons: CSV is separated by commas"),
    ('\t', "is separated by tabs: CSV is separated by commas"),
    ('|', "is separated by vertical bars: CSV is separated by commas"),
];

/// The layout of a CSV file: for each column of a price, its index in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Csv([usize; 4]);

impl Csv {
    /// Parses the header; `None` if the line is none, because it names no column.
    pub fn of_header(line: u64, text: &str) -> Option<Result<Self, RowError>> {
        let names = |separator| text.split(separator).map(|name| unquote(name.trim()));
        let names_column = |separator| names(separator).any(|name| PRICE_COLUMNS.contains(&name.as_ref()));
        let error = |column, reason: &'static str| Some(Err(RowError::new(line, column, reason)));
        if !names_column(',') {
            let mut others = OTHER_SEPARATORS.iter();
            let (_, reason) = others.find(|(separator, _)| names_column(*separator))?;
            return error("", reason);
        }
        let names: Vec<_> = names(',').collect();
        let mut indices = [0; 4];
        for (column, index) in PRICE_COLUMNS.iter().zip(&mut indices) {
            match names.iter().position(|name| name == column) {
                Some(found) => *index = found,
                None => return error(column, "is missing from the header"),
            }
        }
        if names.iter().any(|name| name.is_empty()) {
            return error(
                "",
                "the header has a column without a name, such as row names: write none",
            );
        }
        if names.len() != 4 {
            return error("", "the header must be orig_code,dest_code,day,price");
        }
        Some(Ok(Self(indices)))
    }

    /// Parses a line; `None` if it is empty.
    pub fn row(self, line: u64, bytes: &[u8]) -> Option<Result<Price, RowError>> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Some(Err(RowError::new(line, "", "is not UTF-8")));
        };
        if text.is_empty() {
            return None;
        }
        let mut fields = [""; 4];
        let mut count = 0;
        for field in text.split(',') {
            if let Some(slot) = fields.get_mut(count) {
                *slot = field
                    .strip_prefix('"')
                    .and_then(|f| f.strip_suffix('"'))
                    .unwrap_or(field);
            }
            count += 1;
        }
        if count != 4 {
            let reason = format!("has {count} fields instead of 4");
            return Some(Err(RowError::new(line, "", reason)));
        }
        Some(price(line, self.0.map(|index| fields[index])))
    }
}

fn unquote(field: &str) -> Cow<'_, str> {
    match field.strip_prefix('"').and_then(|f| f.strip_suffix('"')) {
        Some(inner) if inner.contains('"') => Cow::Owned(inner.replace("\"\"", "\"")),
        Some(inner) => Cow::Borrowed(inner),
        None => Cow::Borrowed(field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_may_be_quoted_and_in_any_order() {
        let header = |text| Csv::of_header(1, text).map(|result| result.map_err(|e| e.to_string()));
        let expected = Some(Ok(Csv([0, 1, 2, 3])));
        assert_eq!(header("orig_code,dest_code,day,price"), expected);
        assert_eq!(header("\"orig_code\",\"dest_code\",\"day\",\"price\""), expected);
        assert_eq!(
            header("price, \"day\" ,dest_code,orig_code"),
            Some(Ok(Csv([3, 2, 1, 0])))
        );
        assert_eq!(header("hello"), None);
        assert_eq!(header("CNGGZ,EETLL,2021-01-01,1"), None);
        for (text, reason) in [
            ("orig_code;dest_code;day;price", "semicolons"),
            ("\"orig_code\"\t\"dest_code\"", "tabs"),
            (
                "orig_code,dest_code,day",
                "line 1, price: is missing from the header",
            ),
            ("\"\",orig_code,dest_code,day,price", "without a name"),
            ("orig_code,dest_code,day,price,note", "the header must be"),
        ] {
            let error = header(text).unwrap().unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
