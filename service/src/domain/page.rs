//! Keyset pagination: a page of rows in a fixed order, and the key after which the next page starts.

/// A page of rows, and the key of the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The key of the last row, if there are more after it.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// From up to `limit + 1` rows: the extra row shows that there are more.
    pub fn from_rows(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Self {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(key);
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn an_extra_row_yields_the_key_of_the_next_page() {
        for (rows, items, next) in [
            (vec![1, 2, 3], vec![1, 2], Some("2")),
            (vec![1, 2], vec![1, 2], None),
            (vec![], vec![], None),
        ] {
            let page = Page::from_rows(rows, 2, i32::to_string);
            assert_eq!((page.items, page.next.as_deref()), (items, next));
        }
    }
}
