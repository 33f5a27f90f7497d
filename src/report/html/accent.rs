//! The colour of whoever a page is from, made readable: whatever an agency chose, it serves as text in light and in dark.

use super::style::COLOURS;
use crate::domain::Colour;

/// The least contrast of text with what it stands on (WCAG 2, AA).
const READABLE: f64 = 4.5;

/// A colour for text, lines and charts, in light and in dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent {
    /// On light backgrounds.
    pub light: Colour,
    /// On dark backgrounds.
    pub dark: Colour,
}

impl Accent {
    /// Takes a colour and moves it, no further than needed, toward black for light pages and toward white for dark ones.
    pub fn of(colour: Colour) -> Self {
        let [light, dark] = backgrounds();
        Self {
            light: readable(colour, Colour::of(0, 0, 0), light),
            dark: readable(colour, Colour::of(255, 255, 255), dark),
        }
    }
}

impl Default for Accent {
    fn default() -> Self {
        Self::of(Colour::of(0x0b, 0x57, 0xa4))
    }
}

/// What text stands on: in light, then in dark.
fn backgrounds() -> [[Colour; 2]; 2] {
    let colour = |text| Colour::parse(text).expect("our palette is of colours");
    let [(_, bg_light, bg_dark), (_, raised_light, raised_dark)] = [COLOURS[0], COLOURS[1]];
    [[colour(bg_light), colour(raised_light)], [colour(bg_dark), colour(raised_dark)]]
}

fn readable(colour: Colour, toward: Colour, on: [Colour; 2]) -> Colour {
    let reads = |one: &Colour| on.iter().all(|background| one.contrast(*background) >= READABLE);
    (0..=u8::MAX).map(|parts| colour.toward(toward, parts)).find(reads).unwrap_or(toward)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_colour_that_can_be_read_stays_as_it_is_and_one_that_cannot_moves_no_further_than_needed() {
        let accent = Accent::of(Colour::parse("#0b57a4").unwrap());
        assert_eq!(accent.light.to_string(), "#0b57a4");
        assert_ne!(accent.dark, accent.light);
        assert!(accent.dark.contrast(Colour::parse("#1d232a").unwrap()) < 4.7, "{}", accent.dark);
    }

    proptest! {
        #[test]
        fn every_colour_can_be_read_in_light_and_in_dark(red: u8, green: u8, blue: u8) {
            let accent = Accent::of(Colour::of(red, green, blue));
            let [light, dark] = backgrounds();
            prop_assert!(light.iter().all(|on| accent.light.contrast(*on) >= READABLE), "{}", accent.light);
            prop_assert!(dark.iter().all(|on| accent.dark.contrast(*on) >= READABLE), "{}", accent.dark);
        }
    }
}
