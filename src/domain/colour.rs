//! A colour, as an agency writes it, and how well it can be told from another.

use std::fmt;

/// A colour of red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour([u8; 3]);

impl Colour {
    /// The rule of [`Colour::parse`], for messages.
    pub const RULE: &'static str = "a colour is written \"#0b57a4\": `#` and six (or three) hexadecimal digits";

    /// Makes a colour.
    pub const fn of(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// Reads `#0b57a4`, or `#abc` for `#aabbcc`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let digit = |c: char| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let digits = digits.chars().map(digit).collect::<Option<Vec<u8>>>()?;
        match digits[..] {
            [red, green, blue] => Some(Self([red, green, blue].map(|digit| digit * 17))),
            [_, _, _, _, _, _] => Some(Self([0, 2, 4].map(|at| digits[at] * 16 + digits[at + 1]))),
            _ => None,
        }
    }

    /// Returns how much light it gives, from 0 to 1, as WCAG 2 counts it.
    pub fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let value = f64::from(part) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Returns the contrast with another colour, from 1 to 21, as WCAG 2 counts it. Text needs 4.5.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Returns the colour that lies so many of 255 parts of the way to another.
    #[must_use]
    pub fn toward(self, other: Self, parts: u8) -> Self {
        let mut mixed = self.0;
        for (part, goal) in mixed.iter_mut().zip(other.0) {
            let (from, to, parts) = (i32::from(*part), i32::from(goal), i32::from(parts));
            *part = u8::try_from(from + (to - from) * parts / 255).unwrap_or(goal);
        }
        Self(mixed)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_read_as_it_is_written_and_nothing_else_is() {
        assert_eq!(Colour::parse("#0B57a4").unwrap().to_string(), "#0b57a4");
        assert_eq!(Colour::parse("#fa0").unwrap().to_string(), "#ffaa00");
        for wrong in ["", "#", "0b57a4", "#0b57a", "#0b57a44", "blue", "#0b57g4", "#0b57a4;}", "#é57a4a", "rgb(1,2,3)"]
        {
            assert_eq!(Colour::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn contrast_is_counted_as_the_guideline_has_it() {
        let (black, white) = (Colour::of(0, 0, 0), Colour::of(255, 255, 255));
        assert!((black.contrast(white) - 21.0).abs() < 1e-9 && (white.contrast(white) - 1.0).abs() < 1e-9);
        assert!((Colour::parse("#767676").unwrap().contrast(white) - 4.54).abs() < 0.01);
        assert_eq!((black.toward(white, 0), black.toward(white, 255)), (black, white));
    }
}
