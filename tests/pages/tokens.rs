//! A reader of pages, stricter than any browser: whatever is not plainly a tag of ours or text is an error.

use std::collections::BTreeMap;

/// A piece of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// An opening tag with its attributes; whether each was quoted or bare makes no difference once it was read.
    Open {
        /// The name.
        name: String,
        /// The attributes.
        attributes: BTreeMap<String, String>,
        /// Whether it closes itself.
        closed: bool,
    },
    /// A closing tag.
    Close(String),
    /// Text, not unescaped.
    Text(String),
}

/// Reads a page.
pub(crate) fn read(page: &str) -> Result<Vec<Token>, String> {
    let mut rest = page.strip_prefix("<!doctype html>\n").ok_or("it does not begin as a page")?;
    let mut tokens = Vec::new();
    while !rest.is_empty() {
        let Some(inner) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or(rest.len());
            let in_style = matches!(tokens.last(), Some(Token::Open { name, .. }) if name == "style");
            if rest[..end].contains('>') && !in_style {
                return Err(format!("a stray > in {:?}", &rest[..end]));
            }
            tokens.push(Token::Text(rest[..end].to_owned()));
            rest = &rest[end..];
            continue;
        };
        let end = inner.find('>').ok_or_else(|| format!("a tag that never ends: {inner:.60}"))?;
        tokens.push(tag(&inner[..end])?);
        rest = &inner[end + 1..];
    }
    Ok(tokens)
}

fn tag(inner: &str) -> Result<Token, String> {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if let Some(name) = inner.strip_prefix('/') {
        return if is_name(name) {
            Ok(Token::Close(name.to_owned()))
        } else {
            Err(format!("no closing tag: {name:?}"))
        };
    }
    let (inner, closed) = inner.strip_suffix('/').map_or((inner, false), |inner| (inner, true));
    let (name, mut rest) = inner.split_at(inner.find(' ').unwrap_or(inner.len()));
    if !is_name(name) {
        return Err(format!("no tag: {inner:?}"));
    }
    let mut attributes = BTreeMap::new();
    while let Some(more) = rest.strip_prefix(' ') {
        let end = more.find(['=', ' ']).unwrap_or(more.len());
        let (attribute, value) = more.split_at(end);
        let fits = |b: u8| b.is_ascii_alphabetic() || b == b'-';
        if attribute.is_empty() || !attribute.bytes().all(fits) {
            return Err(format!("no attribute: {more:?}"));
        }
        let (value, left) = match value.strip_prefix('=') {
            None => ("", value),
            Some(value) => match value.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or_else(|| format!("a quote that never ends: {value:?}"))?,
                None => value.split_at(value.find(' ').unwrap_or(value.len())),
            },
        };
        let bare = !more[end..].starts_with("=\"");
        if bare && !value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(format!("a bare value of more than letters: {more:?}"));
        }
        if attributes.insert(attribute.to_owned(), value.to_owned()).is_some() {
            return Err(format!("an attribute twice: {more:?}"));
        }
        rest = left;
    }
    if !rest.is_empty() {
        return Err(format!("what stands after a quote is no attribute: {rest:?}"));
    }
    Ok(Token::Open { name: name.to_owned(), attributes, closed })
}

/// Returns the text of a page as a person reads it, the style sheet left out.
pub(crate) fn text(tokens: &[Token]) -> String {
    let mut out = String::new();
    let mut style = false;
    for token in tokens {
        match token {
            Token::Open { name, .. } => style = name == "style",
            Token::Close(_) => style = false,
            Token::Text(text) if !style => {
                out.push_str(text);
                out.push(' ');
            }
            Token::Text(_) => {}
        }
    }
    let out = out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    out.replace("&amp;", "&").split_whitespace().collect::<Vec<_>>().join(" ")
}
