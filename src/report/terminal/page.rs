//! A page of text: headings, paragraphs and tables, at most 100 columns wide.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, presets};

pub(in crate::report) use crate::report::wording::Tone;

/// Columns of a line.
const WIDTH: usize = 100;
/// What stands before everything but headings and titles.
const INDENT: &str = "  ";

/// What a line's colour adds to its words.
const fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Bad => AnsiColor::Red.on_default(),
        Tone::Doubt => AnsiColor::Yellow.on_default(),
    }
}

/// A page being written.
#[derive(Debug, Default)]
pub(in crate::report) struct Page {
    text: String,
}

impl Page {
    pub(in crate::report) fn heading(&mut self, tone: Tone, text: &str) {
        self.styled(style(tone).bold(), text);
    }

    pub(in crate::report) fn title(&mut self, text: &str) {
        self.text.push('\n');
        self.styled(Style::new().bold(), text);
    }

    pub(in crate::report) fn gap(&mut self) {
        self.text.push('\n');
    }

    pub(in crate::report) fn line(&mut self, tone: Tone, text: &str) {
        self.styled(style(tone), &format!("{INDENT}{text}"));
    }

    pub(in crate::report) fn paragraph(&mut self, text: &str) {
        for line in wrap(text, WIDTH - INDENT.len()) {
            self.line(Tone::Plain, &line);
        }
    }

    /// A named paragraph, its lines hanging behind the name.
    pub(in crate::report) fn item(&mut self, name: &str, text: &str) {
        let hang = INDENT.len() + 7;
        for (index, line) in wrap(text, WIDTH - INDENT.len() - hang).iter().enumerate() {
            let name = if index == 0 {
                format!("{name}:")
            } else {
                String::new()
            };
            self.line(Tone::Plain, &format!("{INDENT}{name:<7}{line}"));
        }
    }

    /// A paragraph behind a mark, its lines hanging.
    pub(in crate::report) fn hanging(&mut self, mark: &str, text: &str) {
        self.toned(Tone::Plain, mark, text);
    }

    /// The same in a tone.
    pub(in crate::report) fn toned(&mut self, tone: Tone, mark: &str, text: &str) {
        let hang = INDENT.len();
        for (index, line) in wrap(text, WIDTH - INDENT.len() - hang).iter().enumerate() {
            let mark = if index == 0 { mark } else { " " };
            self.line(tone, &format!("{mark} {line}"));
        }
    }

    /// A table with its title; the columns of these numbers are aligned to the right.
    pub(in crate::report) fn table(
        &mut self,
        title: &str,
        header: &[&str],
        right: &[usize],
        rows: Vec<Vec<String>>,
    ) {
        self.title(title);
        let mut table = Table::new();
        table
            .load_style(
                presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─')),
            )
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width((WIDTH - INDENT.len()) as u16)
            .set_header(header.iter().copied())
            .add_rows(rows);
        for &column in right {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        // Every column starts with a blank of its own: one less before the first.
        let before = &INDENT[1..];
        for line in table.lines() {
            let tone = match line.trim_start().chars().next() {
                Some('✗') => Tone::Bad,
                Some('?') => Tone::Doubt,
                _ => Tone::Plain,
            };
            self.styled(style(tone), &format!("{before}{}", line.trim_end()));
        }
    }

    pub(in crate::report) fn finish(self) -> String {
        self.text
    }

    fn styled(&mut self, style: Style, text: &str) {
        writeln!(self.text, "{style}{text}{style:#}").expect("a String takes all text");
    }
}

/// Lines of whole words, at most this wide but for words that are wider.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if used + 1 + length <= width => {
                line.push(' ');
                line.push_str(word);
                used += 1 + length;
            }
            _ => {
                lines.push(word.to_owned());
                used = length;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn words_stay_whole_and_lines_within_their_width() {
        assert_eq!(wrap("aa bb  cc\ndddddd", 5), ["aa bb", "cc", "dddddd"]);
        assert_eq!(wrap("", 5), Vec::<String>::new());
    }
}
