//! Some of many things, in order.

/// Some things in order, and the key to go on after, where there are more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The things.
    pub items: Vec<T>,
    /// The key of the last one, when there are more after it.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// One row more than the limit was read: whether it is there says whether there are more.
    pub fn of(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Self {
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
    fn a_page_knows_whether_there_are_more() {
        for (rows, kept, next) in [
            (vec![1, 2, 3], vec![1, 2], Some("2")),
            (vec![1, 2], vec![1, 2], None),
            (vec![], vec![], None),
        ] {
            let page = Page::of(rows, 2, i32::to_string);
            assert_eq!((page.items, page.next.as_deref()), (kept, next));
        }
    }
}
