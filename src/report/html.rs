//! A page of HTML, written so that nothing of foreign origin can become markup.
//!
//! Markup is `&'static str`: it stands in our source. Whatever was typed, read from a file or told by the network goes through
//! [`Html::text`] or an attribute's value, and is escaped there.

use std::fmt::Write as _;

pub use accent::Accent;
pub use style::COLOURS;

use super::cell::printable;

mod accent;
mod style;

/// How a page looks beyond what all pages do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// The colour of whoever the page is from.
    pub accent: Accent,
    /// More of a style sheet.
    pub style: &'static str,
    /// And of what changes on paper.
    pub print: &'static str,
}

/// A growing piece of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Adds markup of ours.
    pub fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds a text of any origin.
    pub fn text(&mut self, text: &str) -> &mut Self {
        escape(text, &mut self.0);
        self
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        write!(self.0, "{number}").expect("a String takes everything");
        self
    }

    /// Adds an element that holds a text: `open` is its tag with attributes of ours, such as `td class=mono`.
    pub fn element(&mut self, open: &'static str, text: &str) -> &mut Self {
        let name = open.split(' ').next().unwrap_or(open);
        self.raw("<").raw(open).raw(">").text(text).raw("</").raw(name).raw(">")
    }

    /// Adds an element with one attribute of any origin.
    pub fn with(&mut self, name: &'static str, attribute: &'static str, value: &str, text: &str) -> &mut Self {
        self.raw("<").raw(name).raw(" ").raw(attribute).raw("=\"").text(value).raw("\">");
        self.text(text).raw("</").raw(name).raw(">")
    }

    /// Adds an attribute of any origin to the tag that is open.
    pub fn attribute(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.raw(" ").raw(name).raw("=\"").text(value).raw("\"")
    }

    /// Adds another piece, which is gone then: a page over ten thousand workspaces has megabytes.
    pub fn add(&mut self, other: Self) -> &mut Self {
        let Self(piece) = other;
        self.0.reserve_exact(piece.len());
        self.0.push_str(&piece);
        self
    }

    /// Makes a whole page of this body: one file that works without a network, in light, dark and on paper, and that runs no script.
    pub fn into_page(self, title: &str) -> String {
        self.into_page_as(title, &Look::default())
    }

    /// Makes a whole page that looks in its own way.
    pub fn into_page_as(self, title: &str, look: &Look) -> String {
        let mut page = Self::default();
        page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.raw(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
        );
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
        page.element("title", title).raw("\n<style>\n");
        page.0.push_str(&style::palette(look.accent));
        page.raw(style::STYLE)
            .raw(look.style)
            .raw("@media print{")
            .raw(style::PRINT)
            .raw(look.print)
            .raw("}\n</style>\n</head>\n<body>\n<main>\n");
        page.add(self).raw("\n</main>\n</body>\n</html>\n");
        page.0
    }
}

/// Escapes for text and for quoted attributes alike, and takes out what hides or reorders text.
fn escape(text: &str, out: &mut String) {
    // Nearly every text is an address, a name or a number.
    let is_odd = |byte: u8| !matches!(byte, b' '..=b'~') || matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'');
    if !text.bytes().fold(false, |odd, byte| odd | is_odd(byte)) {
        return out.push_str(text);
    }
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Colour;

    #[test]
    fn on_paper_no_row_is_torn_and_what_can_be_longer_than_a_page_may_go_on() {
        let whole = style::PRINT.split('}').find_map(|rule| rule.strip_suffix("{break-inside:avoid")).unwrap();
        assert!(whole.split(',').any(|what| what == "tr"), "{whole}");
        assert!(whole.split(',').all(|what| ["tr", ".note", "dl"].contains(&what)), "{whole}");
    }

    #[test]
    fn nothing_foreign_becomes_markup() {
        let mut html = Html::default();
        html.element("td class=mono", "<script>alert(\"1\")</script> & 'x'\u{202e}\u{1b}");
        html.with("a", "href", "\"><img src=x onerror=alert(1)>", "there");
        assert_eq!(
            html.0,
            "<td class=mono>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;</td>\
             <a href=\"&quot;&gt;&lt;img src=x onerror=alert(1)&gt;\">there</a>"
        );
        assert!(Html::default().into_page("</title><script>").contains("<title>&lt;/title&gt;&lt;script&gt;</title>"));
    }

    fn contrast(one: &str, two: &str) -> f64 {
        Colour::parse(one).unwrap().contrast(Colour::parse(two).unwrap())
    }

    #[test]
    fn every_text_colour_can_be_read_on_both_backgrounds_in_light_and_dark() {
        let backgrounds = &COLOURS[..2];
        for (name, light, dark) in COLOURS.iter().filter(|(name, _, _)| !["bg", "raised", "line"].contains(name)) {
            for (_, on_light, on_dark) in backgrounds {
                assert!(contrast(light, on_light) >= 4.5, "{name} on {on_light}: {}", contrast(light, on_light));
                assert!(contrast(dark, on_dark) >= 4.5, "{name} on {on_dark}: {}", contrast(dark, on_dark));
            }
        }
    }
}
