//! Parts that pages share: tables, figures, and what stands at the front of a page.

use askama::Template;

use crate::report::chart::{Ink, Plot};

/// A table of texts.
#[derive(Clone, Debug, Template)]
#[template(path = "table.html")]
pub(super) struct Table {
    /// What it tells; read aloud before its cells.
    pub(super) caption: String,
    /// Names of its columns; numbers are aligned to the right.
    pub(super) head: Vec<Column>,
    /// Cells, as many in each row as there are columns.
    pub(super) rows: Vec<Vec<Cell>>,
    /// Whether readers may sort and filter it, where scripts run.
    pub(super) sortable: bool,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) numbers: bool,
}

/// A cell of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    /// By what it is sorted, where that is not its text.
    pub(super) order: Option<String>,
    /// Class of the style sheet; empty for none.
    pub(super) class: &'static str,
}

impl Cell {
    /// A cell sorted by a number that its text does not show plainly.
    pub(super) fn ordered(text: impl Into<String>, order: impl Into<i64>) -> Self {
        Self {
            text: text.into(),
            order: Some(order.into().to_string()),
            class: "",
        }
    }

    pub(super) fn classed(text: impl Into<String>, class: &'static str) -> Self {
        Self {
            text: text.into(),
            order: None,
            class,
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

impl Table {
    /// A table that is only read. A column's name that ends in `#` is one of numbers.
    pub(super) fn new(caption: &str, head: &[impl AsRef<str>], rows: Vec<Vec<Cell>>) -> Self {
        let column = |name: &str| Column {
            name: name.trim_end_matches('#').to_owned(),
            numbers: name.ends_with('#'),
        };
        Self {
            caption: caption.to_owned(),
            head: head.iter().map(|name| column(name.as_ref())).collect(),
            rows,
            sortable: false,
        }
    }

    /// Lets readers sort and filter it.
    pub(super) fn sortable(self) -> Self {
        Self {
            sortable: true,
            ..self
        }
    }

    /// Whether a column holds numbers.
    fn numbers(&self, column: usize) -> bool {
        self.head.get(column).is_some_and(|column| column.numbers)
    }
}

/// A chart with everything around it.
#[derive(Clone, Debug, Template)]
#[template(path = "figure.html")]
pub(super) struct Figure {
    id: String,
    title: String,
    description: String,
    keys: Vec<Key>,
    wide: String,
    narrow: String,
    table: Table,
}

/// What a colour of a chart stands for.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) ink: Ink,
    pub(super) name: String,
    pub(super) dashed: bool,
}

impl Key {
    pub(super) fn new(ink: Ink, name: &str) -> Self {
        Self {
            ink,
            name: name.to_owned(),
            dashed: false,
        }
    }

    pub(super) fn dashed(ink: Ink, name: &str) -> Self {
        Self {
            dashed: true,
            ..Self::new(ink, name)
        }
    }
}

impl Figure {
    /// Draws a chart; the description says in words what it shows, the table in numbers.
    pub(super) fn new(
        id: &str,
        (title, description): (&str, &str),
        keys: Vec<Key>,
        plot: &Plot,
        table: Table,
    ) -> Self {
        let drawn = plot.draw(id, title, description);
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            description: description.to_owned(),
            keys,
            wide: drawn.wide,
            narrow: drawn.narrow,
            table,
        }
    }
}

/// One number that somebody in a hurry looks for.
#[derive(Clone, Debug)]
pub(super) struct Tile {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// The number itself.
    pub(super) number: u64,
    /// Where the outcome has it, as a JSON pointer.
    pub(super) from: String,
    pub(super) of: String,
    /// Class of the style sheet: `bad`, `good` or empty.
    pub(super) class: &'static str,
}
