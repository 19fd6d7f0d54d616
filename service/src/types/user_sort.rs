//! The order of a list of users.

/// What users are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Number.
    Id,
    /// Address, letters in one case.
    Email,
    /// When the account was made.
    CreatedAt,
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The least.
    Ascending,
    /// The greatest.
    Descending,
}

/// An order. No two users stand at the same place: where a column holds a value twice, the number decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserSort {
    /// By what.
    pub column: Column,
    /// Which way.
    pub direction: Direction,
}

impl UserSort {
    /// All of them, with their words.
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

    /// The order of a word.
    pub fn parse(text: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(word, _)| *word == text);
        found.map(|(_, sort)| sort)
    }

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.into_iter().find(|(_, sort)| *sort == self);
        found.map_or("id", |(word, _)| word)
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
    fn every_order_has_a_word_of_its_own() {
        for (word, sort) in UserSort::ALL {
            assert_eq!(UserSort::parse(word), Some(sort));
            assert_eq!(sort.as_str(), word);
        }
        assert_eq!(UserSort::default().as_str(), "id");
        for bad in ["", "Id", "+id", "--id", "name", "email,id"] {
            assert_eq!(UserSort::parse(bad), None, "{bad}");
        }
    }
}
