//! Lists as aligned columns.

use super::{clean, style::STRONG};

/// Rows under headings, each column as wide as its widest cell.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self {
            rows: vec![
                headings
                    .iter()
                    .map(|heading| (*heading).to_owned())
                    .collect(),
            ],
        }
    }

    /// Adds a row with as many cells as there are headings.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        // A cell is one line: a line end in it would break the table.
        self.rows.push(
            cells
                .iter()
                .map(|cell| clean(cell).replace(['\n', '\t'], " "))
                .collect(),
        );
    }

    /// The whole table, without a line end after the last row.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let widths: Vec<usize> = (0..columns).map(|column| self.width(column)).collect();
        let lines = self.rows.iter().enumerate().map(|(at, row)| {
            let text = aligned(row, &widths);
            if at == 0 {
                format!("{STRONG}{text}{STRONG:#}")
            } else {
                text
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn width(&self, column: usize) -> usize {
        self.rows
            .iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    }
}

fn aligned(row: &[String], widths: &[usize]) -> String {
    let cells = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:<width$}"));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["name", "n"]);
        table.row(["hello\nthere".into(), "1".into()]);
        table.row(["é".into(), "22".into()]);
        let plain = anstream::adapter::strip_str(&table.render()).to_string();
        insta::assert_snapshot!(plain, @r"
        name         n
        hello there  1
        é            22
        ");
    }
}
