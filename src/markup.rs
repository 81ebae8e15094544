//! Text that goes into other forms, so that nothing in it means more than itself.

use std::fmt::Write;

/// Text for HTML and SVG, in elements and in attributes.
pub(crate) fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // XML has no way to say these.
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                safe.push('\u{fffd}');
            }
            other => safe.push(other),
        }
    }
    safe
}

/// A field of a CSV table. What a spreadsheet would take for a formula begins with an apostrophe.
pub(crate) fn csv(text: &str) -> String {
    let formula =
        text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r', '\n']);
    let guard = if formula { "'" } else { "" };
    if formula || text.contains([',', '"', '\n', '\r']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Text for a cell of a Markdown table.
pub(crate) fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '\n' | '\r' => safe.push(' '),
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '&' | '#' | '~' => {
                safe.push('\\');
                safe.push(sign);
            }
            other => safe.push(other),
        }
    }
    safe
}

/// A name for the `id` of an element, another one for each text.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' => slug.push(sign),
            other => {
                let _ = write!(slug, "_{:x}_", u32::from(other));
            }
        }
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_means_more_than_itself() {
        assert_eq!(
            html("<a b=\"c\">'&'\u{1}"),
            "&lt;a b=&quot;c&quot;&gt;&#39;&amp;&#39;\u{fffd}"
        );
        assert_eq!(csv("plain"), "plain");
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1"] {
            assert!(csv(formula).starts_with("\"'"), "{formula}");
        }
        assert_eq!(markdown("a|b\n`c`"), "a\\|b \\`c\\`");
        assert_ne!(slug("Doc:a_b"), slug("Doc:a:b"));
    }
}
