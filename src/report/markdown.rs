//! Markdown as GitHub and GitLab render it, with whatever a text holds kept from meaning anything.

use std::fmt::Write as _;

/// A text of Markdown being written. Each of its lines can be the last one: cut off anywhere between
/// lines, it is still whole.
#[derive(Debug, Default)]
pub(super) struct Markdown {
    text: String,
}

impl Markdown {
    pub(super) fn heading(&mut self, level: usize, text: &str) {
        self.block(&format!("{} {}", "#".repeat(level), plain(text)));
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        self.block(&plain(text));
    }

    /// A list of texts that are Markdown already.
    pub(super) fn list(&mut self, items: impl IntoIterator<Item = String>) {
        let items: Vec<String> = items.into_iter().map(|item| format!("- {item}")).collect();
        if !items.is_empty() {
            self.block(&items.join("\n"));
        }
    }

    /// A table of cells that are Markdown already; the columns of these numbers are aligned to the
    /// right.
    pub(super) fn table(&mut self, header: &[&str], right: &[usize], rows: Vec<Vec<String>>) {
        if rows.is_empty() {
            return;
        }
        let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        let header_cells = header.iter().map(|cell| cell_of(&plain(cell))).collect();
        let rule = (0..header.len()).map(|column| {
            let side = if right.contains(&column) {
                "--:"
            } else {
                "---"
            };
            side.to_owned()
        });
        let mut lines = vec![line(header_cells), line(rule.collect())];
        let rows = rows.into_iter();
        lines.extend(rows.map(|row| line(row.iter().map(|cell| cell_of(cell)).collect())));
        self.block(&lines.join("\n"));
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    fn block(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        writeln!(self.text, "{text}").expect("a String takes all text");
    }
}

/// A bar within a cell would end it, within a code span too.
fn cell_of(markdown: &str) -> String {
    markdown.replace('|', "\\|")
}

/// Text that means nothing but itself.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '\\' | '`' | '*' | '[' | ']' | '~' | '#' => {
                plain.push('\\');
                plain.push(character);
            }
            '\n' | '\r' => plain.push(' '),
            other => plain.push(other),
        }
    }
    plain
}

/// Text as code.
pub(super) fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A blank parts backticks of the text from those of the fence; renderers take it away again.
    let blank = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{blank}{text}{blank}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_means_nothing_but_itself() {
        assert_eq!(
            plain("a <b> & *c* [d](e)\n# f"),
            "a &lt;b&gt; &amp; \\*c\\* \\[d\\](e) \\# f"
        );
        assert_eq!(plain("forced_logouts <= 3"), "forced_logouts &lt;= 3");
    }

    #[test]
    fn code_is_fenced_by_more_backticks_than_it_holds() {
        assert_eq!(code("lockouts == 0"), "`lockouts == 0`");
        assert_eq!(code("a ``b"), "```a ``b```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code("a\nb"), "`a b`");
    }

    #[test]
    fn a_bar_stays_within_its_cell() {
        let mut markdown = Markdown::default();
        let rows = vec![vec![code("a|b"), plain("c|d")]];
        markdown.table(&["x", "y"], &[1], rows);
        assert_eq!(
            markdown.finish(),
            "| x | y |\n| --- | --: |\n| `a\\|b` | c\\|d |\n"
        );
    }
}
