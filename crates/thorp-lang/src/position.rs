//! Byte offsets to lines and columns, in the units that diagnostics promise.

use std::cell::OnceCell;

/// Lines of one text. The table is built when the first position is asked for, since most
/// programs compile without one.
pub(crate) struct Lines<'s> {
    text: &'s str,
    starts: OnceCell<Vec<usize>>,
}

impl<'s> Lines<'s> {
    /// Lines of `text`.
    pub(crate) fn new(text: &'s str) -> Self {
        Self {
            text,
            starts: OnceCell::new(),
        }
    }

    /// The text itself.
    pub(crate) fn text(&self) -> &'s str {
        self.text
    }

    /// Line and column, from 1, of a byte offset; one inside a character means its start and
    /// one behind the end means the end.
    pub(crate) fn position(&self, offset: u32) -> (u32, u32) {
        let offset = self.text.floor_char_boundary(offset as usize);
        let starts = self.starts.get_or_init(|| line_starts(self.text));
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..offset).unwrap_or("").chars().count();
        (count(line), count(column + 1))
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Where each line begins. CRLF is one end of line.
pub(crate) fn line_starts(text: &str) -> Vec<usize> {
    let mut starts = vec![0];
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\r' && chars.peek().is_some_and(|(_, next)| *next == '\n') {
            continue;
        }
        if matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}') {
            starts.push(at + c.len_utf8());
        }
    }
    starts
}

/// The column (from 1, in scalar values) of a UTF-16 column (from 0) of a line (from 0), in a
/// text whose lines begin at `starts`.
pub(crate) fn scalar_column(text: &str, starts: &[usize], line: u32, utf16: u32) -> u32 {
    let start = starts.get(line as usize).copied().unwrap_or(text.len());
    let mut units: u32 = 0;
    let mut column: u32 = 1;
    for c in text.get(start..).unwrap_or("").chars() {
        if units >= utf16 {
            return column;
        }
        units += count(c.len_utf16());
        column += 1;
    }
    // Behind the text: the rest counts as written.
    column.saturating_add(utf16.saturating_sub(units))
}

#[cfg(test)]
mod tests {
    use super::{Lines, line_starts, scalar_column};

    #[test]
    fn lines_end_as_javascript_says() {
        let lines = Lines::new("a\r\nb\rc\nd\u{2028}e");
        let at = |needle: &str| lines.position(lines.text().find(needle).unwrap() as u32);
        assert_eq!(
            ["a", "b", "c", "d", "e"].map(at),
            [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]
        );
        assert_eq!(lines.position(9999), (5, 2));
    }

    #[test]
    fn columns_count_scalar_values() {
        let lines = Lines::new("😀\tx");
        assert_eq!(lines.position(5), (1, 3));
        let column = |utf16| scalar_column(lines.text(), &line_starts(lines.text()), 0, utf16);
        assert_eq!([0, 2, 3, 4, 9].map(column), [1, 2, 3, 4, 9]);
    }
}
