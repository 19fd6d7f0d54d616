//! The three tables of a dump: their columns, their rows, and what a dump defines about them.

use crate::db::batches::NewPlace;
use crate::domain::batches::row::{self, PRICE_COLUMNS, Row, RowError};

/// A table that is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `regions`
    Regions,
    /// `ports`
    Ports,
    /// `prices`
    Prices,
}

/// The most columns that a table has.
pub const MAX_COLUMNS: usize = 4;

impl Table {
    /// Finds a table by its name.
    pub fn find(name: &str) -> Option<Self> {
        match name {
            "regions" => Some(Self::Regions),
            "ports" => Some(Self::Ports),
            "prices" => Some(Self::Prices),
            _ => None,
        }
    }

    /// Its columns, in the order that a dump without definitions has.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Regions => &["slug", "name", "parent_slug"],
            Self::Ports => &["code", "name", "parent_slug"],
            Self::Prices => &PRICE_COLUMNS,
        }
    }

    /// Parses a row from the values of its columns; NULL is `None`.
    pub fn row(self, line: u64, values: [Option<&str>; MAX_COLUMNS]) -> Result<Row, RowError> {
        let columns = self.columns();
        let required = |n: usize| values[n].ok_or_else(|| RowError::new(line, columns[n], "is missing"));
        match self {
            Self::Prices => {
                let fields = [required(0)?, required(1)?, required(2)?, required(3)?];
                row::price(line, fields).map(Row::Price)
            }
            Self::Regions => {
                let parent = values[2]
                    .map(|text| row::key(line, "parent_slug", text))
                    .transpose()?;
                let place = NewPlace {
                    key: row::key(line, "slug", required(0)?)?,
                    name: row::name(line, required(1)?)?,
                    parent_slug: parent,
                };
                Ok(Row::Region(line, place))
            }
            Self::Ports => {
                let parent = row::key(line, "parent_slug", required(2)?)?;
                let place = NewPlace {
                    key: row::key(line, "code", required(0)?)?,
                    name: row::name(line, required(1)?)?,
                    parent_slug: Some(parent),
                };
                Ok(Row::Port(line, place))
            }
        }
    }
}

/// For each of a table's columns, its index in a row of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The indices.
    pub indices: Vec<usize>,
    /// The number of columns of the dump's rows, which may have more.
    pub width: usize,
}

impl Layout {
    /// The layout of these columns, or the missing column.
    pub fn of(table: Table, names: &[String]) -> Result<Self, &'static str> {
        let index_of = |column: &&'static str| names.iter().position(|name| name == column).ok_or(*column);
        Ok(Self {
            indices: table.columns().iter().map(index_of).collect::<Result<_, _>>()?,
            width: names.len(),
        })
    }

    /// The layout of the table's own columns.
    pub fn canonical(table: Table) -> Self {
        let width = table.columns().len();
        Self {
            indices: (0..width).collect(),
            width,
        }
    }

    /// Whether rows have columns that are not imported.
    pub fn has_unknown_columns(&self) -> bool {
        self.width != self.indices.len()
    }
}

/// What a dump defined about one table, and whether it had rows.
#[derive(Debug)]
struct Definition {
    schema: String,
    table: Table,
    /// `None`: not known, because the columns are those of another table.
    layout: Option<Layout>,
    /// The missing column, if the definition lacks one.
    missing: Option<&'static str>,
}

/// The tables of a dump as defined so far.
#[derive(Debug, Default)]
pub struct Tables {
    definitions: Vec<Definition>,
    /// The schema of the rows.
    schema: Option<String>,
    with_rows: Vec<Table>,
    /// Triggers and rules, by table, with their lines.
    triggers: Vec<(Table, u64)>,
}

impl Tables {
    /// Records a definition; the first one of a table is in force. `names` is `None` when they are not listed.
    pub fn define(&mut self, schema: String, table: Table, names: Option<&[String]>) {
        let is_defined = |known: &Definition| (known.schema.as_str(), known.table) == (&schema, table);
        if self.definitions.iter().any(is_defined) {
            return;
        }
        let layout = names.map(|names| Layout::of(table, names));
        self.definitions.push(Definition {
            schema,
            table,
            missing: layout.as_ref().and_then(|layout| layout.as_ref().err()).copied(),
            layout: layout.and_then(Result::ok),
        });
    }

    /// Records a trigger or a rule of a table.
    pub fn add_trigger(&mut self, table: Table, line: u64) {
        self.triggers.push((table, line));
    }

    /// Whether a table had rows.
    pub fn has_rows(&self, table: Option<Table>) -> bool {
        match table {
            Some(table) => self.with_rows.contains(&table),
            None => !self.with_rows.is_empty(),
        }
    }

    /// Records that a statement changes rows of a table; fails if the statement may mean other rows.
    pub fn change(&mut self, line: u64, schema: &str, table: Table) -> Result<(), RowError> {
        let known = self.schema.get_or_insert_with(|| schema.to_owned());
        if known != schema {
            let reason = "is of another schema than the rows before: dump one schema (pg_dump --schema)";
            return Err(RowError::new(line, "", reason));
        }
        if let Some((_, trigger)) = self.triggers.iter().find(|(of, _)| *of == table) {
            let reason = format!("a trigger or rule that line {trigger} creates could change these rows");
            return Err(RowError::new(line, "", reason));
        }
        if !self.with_rows.contains(&table) {
            self.with_rows.push(table);
        }
        Ok(())
    }

    /// The layout of a table's rows where a statement lists no columns.
    pub fn layout(&self, line: u64, schema: &str, table: Table) -> Result<Layout, RowError> {
        let mut known = self.definitions.iter();
        let Some(definition) = known.find(|known| (known.schema.as_str(), known.table) == (schema, table))
        else {
            return Ok(Layout::canonical(table));
        };
        if let Some(column) = definition.missing {
            return Err(RowError::new(line, column, "is missing from the table's columns"));
        }
        definition.layout.clone().ok_or_else(|| {
            RowError::new(
                line,
                "",
                "lists no columns, and the order of the table's columns is not known",
            )
        })
    }
}
