//! A page of HTML, written so that nothing of foreign origin can become markup.
//!
//! Markup is `&'static str`: it stands in our source. Whatever was typed, read from a file or told by the network goes through
//! [`Html::text`] or an attribute's value, and is escaped there.

use std::fmt::Write as _;

use super::cell::printable;

/// A growing piece of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(String);

/// Colours of a page in light and in dark, by name. Text colours have a contrast of 4.5 or more on both backgrounds; a test counts it.
pub const COLOURS: [(&str, &str, &str); 11] = [
    ("bg", "#ffffff", "#14181d"),
    ("raised", "#f4f6f8", "#1d232a"),
    ("line", "#c9d0d7", "#3a444e"),
    ("text", "#1b2127", "#e7ebef"),
    ("soft", "#4d5863", "#b0bac4"),
    ("link", "#0b57a4", "#8ec2ff"),
    ("good", "#17653a", "#7fdca4"),
    ("wait", "#7a4a00", "#f2c46d"),
    ("bad", "#a3161f", "#ff9c9c"),
    ("still", "#4d5863", "#b0bac4"),
    ("mark", "#6b2fa0", "#d3b0ff"),
];

/// What all pages look like; colours come from [`COLOURS`].
const STYLE: &str = "
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
main{max-width:76rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem}
h2{font-size:1.25rem;margin:2.5rem 0 .75rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:1.75rem 0 .5rem}
p{margin:.5rem 0;max-width:48rem}
a{color:var(--link)}
code,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.875em;overflow-wrap:anywhere}
.soft{color:var(--soft)}
.note{border:1px solid var(--line);border-left:.4rem solid var(--still);background:var(--raised);border-radius:.35rem;padding:.75rem 1rem;margin:1.25rem 0}
.note p{margin:.15rem 0}
.note.good{border-left-color:var(--good)}.note.bad{border-left-color:var(--bad)}
.note strong{display:block}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.5rem;margin:.75rem 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
caption{text-align:left;color:var(--soft);padding:.2rem 0 .4rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .75rem .45rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
thead th{font-weight:600;color:var(--soft);border-bottom-width:2px;white-space:nowrap}
tbody th{font-weight:600;overflow-wrap:break-word}
td time{white-space:normal}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
time{white-space:nowrap;font-variant-numeric:tabular-nums}
.o{font-weight:600;white-space:nowrap}
.o.good{color:var(--good)}.o.wait{color:var(--wait)}.o.bad{color:var(--bad)}.o.still{color:var(--still)}.o.mark{color:var(--mark)}
ul{padding-left:1.25rem;max-width:60rem}
footer{margin-top:3rem;color:var(--soft);font-size:.875rem}
@media (max-width:40rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
";

/// On paper: the light colours, no wasted room, no row torn in two.
const PRINT: &str = "body{font-size:10pt}main{max-width:none;padding:0}.wide{overflow:visible}thead{display:table-header-group}\
tr,.note,dl{break-inside:avoid}h2,h3{break-after:avoid}a{color:inherit}@page{margin:16mm}";

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

    /// Adds another piece.
    pub fn add(&mut self, other: &Self) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// Makes a whole page of this body: one file that works without a network, in light, dark and on paper, and that runs no script.
    pub fn into_page(self, title: &str) -> String {
        let (light, dark) = (palette(|colour| colour.1), palette(|colour| colour.2));
        let mut page = Self::default();
        page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.raw(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
        );
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
        page.element("title", title).raw("\n<style>\n");
        write!(
            page.0,
            ":root{{color-scheme:light dark;{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
        )
        .expect("a String takes everything");
        page.raw(STYLE).raw("@media print{").raw(PRINT).raw("}\n</style>\n</head>\n<body>\n<main>\n");
        page.add(&self).raw("\n</main>\n</body>\n</html>\n");
        page.0
    }
}

fn palette(of: impl Fn(&(&'static str, &'static str, &'static str)) -> &'static str) -> String {
    COLOURS.iter().fold(String::new(), |mut out, colour| {
        write!(out, "--{}:{};", colour.0, of(colour)).expect("a String takes everything");
        out
    })
}

/// Escapes for text and for quoted attributes alike, and takes out what hides or reorders text.
fn escape(text: &str, out: &mut String) {
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

    #[test]
    fn on_paper_no_row_is_torn_and_what_can_be_longer_than_a_page_may_go_on() {
        let whole = PRINT.split('}').find_map(|rule| rule.strip_suffix("{break-inside:avoid")).unwrap();
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

    /// The contrast of two colours, as WCAG 2 counts it.
    fn contrast(one: &str, two: &str) -> f64 {
        let luminance = |colour: &str| {
            let part = |at: usize| {
                let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
        };
        let (a, b) = (luminance(one), luminance(two));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
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
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
    }
}
