//! Sort orders of user lists.

/// Sort column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Id.
    Id,
    /// Address, in lower case.
    Email,
    /// Time of creation.
    CreatedAt,
}

/// Sort direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Greatest first.
    Descending,
}

/// A sort order. Ties are broken by id, so that the order is total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserSort {
    /// Sort column.
    pub column: Column,
    /// Sort direction.
    pub direction: Direction,
}

impl UserSort {
    /// All orders, with their names in the API.
    pub const ALL: [(&'static str, Self); 6] = [
        ("id", Self::of(Column::Id, Direction::Ascending)),
        ("-id", Self::of(Column::Id, Direction::Descending)),
        ("email", Self::of(Column::Email, Direction::Ascending)),
        ("-email", Self::of(Column::Email, Direction::Descending)),
        ("created_at", Self::of(Column::CreatedAt, Direction::Ascending)),
        ("-created_at", Self::of(Column::CreatedAt, Direction::Descending)),
    ];

    const fn of(column: Column, direction: Direction) -> Self {
        Self { column, direction }
    }

    /// Parses a name.
    pub fn parse(text: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(name, _)| *name == text);
        found.map(|(_, sort)| sort)
    }

    /// Name in the API.
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.into_iter().find(|(_, sort)| *sort == self);
        found.map_or("id", |(name, _)| name)
    }
}

impl Default for UserSort {
    fn default() -> Self {
        Self::of(Column::Id, Direction::Ascending)
    }
}

#[cfg(test)]
mod tests {
    use super::UserSort;

    #[test]
    fn every_order_parses_from_its_name() {
        for (name, sort) in UserSort::ALL {
            assert_eq!(UserSort::parse(name), Some(sort));
            assert_eq!(sort.as_str(), name);
        }
        assert_eq!(UserSort::default().as_str(), "id");
        for bad in ["", "Id", "+id", "--id", "name", "email,id"] {
            assert_eq!(UserSort::parse(bad), None, "{bad}");
        }
    }
}
