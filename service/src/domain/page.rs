//! Keyset pagination: a page of rows in a fixed order, and the key after which the next page starts.

use crate::types::page_row::{MAX_PAGE_BYTES, PageRow};

/// A page of rows, and the key of the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The key of the last row, if there are more after it.
    pub next: Option<String>,
}

impl<T: PageRow> Page<T> {
    /// From up to `limit + 1` rows: the extra row shows that there are more. The page has fewer than `limit` rows if they
    /// would exceed [`MAX_PAGE_BYTES`].
    pub fn from_rows(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Self {
        let count = items.len();
        items.truncate((limit as usize).min(rows_that_fit(&items).max(1)));
        let more = items.len() < count;
        let next = items.last().filter(|_| more).map(key);
        Self { items, next }
    }
}

fn rows_that_fit<T: PageRow>(rows: &[T]) -> usize {
    let mut bytes = 0;
    let fits = |row: &&T| {
        bytes += row.page_bytes();
        bytes <= MAX_PAGE_BYTES
    };
    rows.iter().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Row(usize);

    impl PageRow for Row {
        fn text_bytes(&self) -> usize {
            self.0
        }
    }

    fn page(rows: &[usize], limit: u32) -> (usize, Option<String>) {
        let rows = rows.iter().copied().map(Row).collect();
        let page = Page::from_rows(rows, limit, |row| row.0.to_string());
        (page.items.len(), page.next)
    }

    #[test]
    fn an_extra_row_yields_the_key_of_the_next_page() {
        assert_eq!(page(&[1, 2, 3], 2), (2, Some("2".to_owned())));
        assert_eq!(page(&[1, 2], 2), (2, None));
        assert_eq!(page(&[], 2), (0, None));
    }

    #[test]
    fn a_page_ends_before_it_exceeds_the_maximum_size() {
        let half = MAX_PAGE_BYTES / 2;
        assert_eq!(page(&[half, 7, half, 1], 100), (2, Some("7".to_owned())));
        assert_eq!(
            page(&[2 * MAX_PAGE_BYTES, 1], 100).0,
            1,
            "a page has at least one row"
        );
        assert_eq!(page(&[2 * MAX_PAGE_BYTES], 100), (1, None));
    }
}
