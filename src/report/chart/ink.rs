//! Colours by meaning: the drawing names them, the page's style sheet says what they look like.

use plotters::style::{Color as _, RGBColor, ShapeStyle};

/// What a colour stands for. Each has a class in the style sheet, for light, dark and paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::report) enum Ink {
    /// The legacy provider.
    Legacy,
    /// The new provider.
    Stytch,
    /// Neither.
    Nobody,
    /// What should not happen.
    Bad,
    /// What makes good for it.
    Good,
    /// Whatever else is compared: the first of them.
    First,
    /// The second.
    Second,
    /// The third.
    Third,
    /// The fourth.
    Fourth,
    /// The fifth.
    Fifth,
    /// The sixth.
    Sixth,
    /// A limit.
    Limit,
    /// A moment of the cutover.
    Mark,
    /// A stretch of time in which something is wrong.
    Fault,
    /// Lines behind the drawing.
    Grid,
    /// Axes.
    Axis,
    /// Words.
    Text,
}

/// Red and green parts of the colours that stand for inks while a chart is drawn; the blue part is the ink.
const RED: u8 = 0x1F;
const GREEN: u8 = 0xA7;

impl Ink {
    const ALL: [Self; 17] = [
        Self::Legacy,
        Self::Stytch,
        Self::Nobody,
        Self::Bad,
        Self::Good,
        Self::First,
        Self::Second,
        Self::Third,
        Self::Fourth,
        Self::Fifth,
        Self::Sixth,
        Self::Limit,
        Self::Mark,
        Self::Fault,
        Self::Grid,
        Self::Axis,
        Self::Text,
    ];

    /// Inks for lines that have no meaning of their own, in order.
    pub(in crate::report) const PLAIN: [Self; 6] = [
        Self::First,
        Self::Second,
        Self::Third,
        Self::Fourth,
        Self::Fifth,
        Self::Sixth,
    ];

    /// Its name, as in the classes `ink-legacy` (filled) and `line-legacy` (drawn).
    pub(in crate::report) const fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Stytch => "stytch",
            Self::Nobody => "nobody",
            Self::Bad => "bad",
            Self::Good => "good",
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
            Self::Fourth => "fourth",
            Self::Fifth => "fifth",
            Self::Sixth => "sixth",
            Self::Limit => "limit",
            Self::Mark => "mark",
            Self::Fault => "fault",
            Self::Grid => "grid",
            Self::Axis => "axis",
            Self::Text => "text",
        }
    }

    pub(super) const fn color(self) -> RGBColor {
        RGBColor(RED, GREEN, self as u8)
    }

    pub(super) fn fill(self) -> ShapeStyle {
        self.color().filled()
    }

    pub(super) fn stroke(self, width: u32) -> ShapeStyle {
        self.color().stroke_width(width)
    }
}

/// Puts the classes of the style sheet in the place of the colours of a drawing.
pub(super) fn dye(svg: &str) -> String {
    let mut dyed = svg.to_owned();
    for ink in Ink::ALL {
        let (name, code) = (ink.name(), ink as u8);
        for (attribute, class) in [("fill", "ink"), ("stroke", "line")] {
            dyed = dyed.replace(
                &format!("{attribute}=\"#{RED:02X}{GREEN:02X}{code:02X}\""),
                &format!("class=\"{class}-{name}\""),
            );
        }
    }
    dyed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ink_has_a_colour_of_its_own_and_gets_its_class() {
        for (place, ink) in Ink::ALL.into_iter().enumerate() {
            assert_eq!(ink as usize, place);
            let RGBColor(red, green, blue) = ink.color();
            let fill = dye(&format!("<rect fill=\"#{red:02X}{green:02X}{blue:02X}\"/>"));
            assert_eq!(fill, format!("<rect class=\"ink-{}\"/>", ink.name()));
        }
    }
}
