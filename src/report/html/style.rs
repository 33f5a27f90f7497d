//! What pages look like: colours in light and dark, the style sheet, and what changes on paper.

use std::fmt::Write as _;

use super::accent::Accent;

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
pub(super) const STYLE: &str = "
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
pub(super) const PRINT: &str = "body{font-size:10pt}main{max-width:none;padding:0}.wide{overflow:visible}thead{display:table-header-group}\
tr,.note,dl{break-inside:avoid}h2,h3{break-after:avoid}a{color:inherit}@page{margin:16mm}";

/// Writes the colours as properties of the page's root, in light and, on a screen that asks for it, in dark.
pub(super) fn palette(accent: Accent) -> String {
    let all = |of: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
        COLOURS.iter().fold(String::new(), |mut out, colour| {
            write!(out, "--{}:{};", colour.0, of(colour)).expect("a String takes everything");
            out
        })
    };
    let (light, dark) = (all(|colour| colour.1), all(|colour| colour.2));
    let Accent { light: on_light, dark: on_dark } = accent;
    format!(
        ":root{{color-scheme:light dark;{light}--accent:{on_light};}}\n\
         @media screen and (prefers-color-scheme:dark){{:root{{{dark}--accent:{on_dark};}}}}"
    )
}
