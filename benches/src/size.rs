//! Sizes as people write them: `50`, `1k`, `10M`.

use std::fmt;
use std::str::FromStr;

/// How large a world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub usize);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, unit) = match text.strip_suffix(['k', 'M']) {
            Some(digits) if text.ends_with('k') => (digits, 1_000),
            Some(digits) => (digits, 1_000_000),
            None => (text, 1),
        };
        let number: usize = digits
            .parse()
            .map_err(|_| format!("`{text}` is no size; write `50`, `1k` or `10M`"))?;
        match number.checked_mul(unit) {
            Some(size) if size > 0 => Ok(Self(size)),
            _ => Err(format!("`{text}` is no size that a world can have")),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n % 1_000_000 == 0 => write!(f, "{}M", n / 1_000_000),
            n if n % 1_000 == 0 => write!(f, "{}k", n / 1_000),
            n => write!(f, "{n}"),
        }
    }
}
