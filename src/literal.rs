//! How values are written: moments, lengths of time, decimals, addresses and entities.
//!
//! One reading for policy text, worlds, JSON and the command line.

use std::borrow::Cow;
use std::fmt;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// How many units a decimal has: four digits behind the point.
pub const DECIMAL_SCALE: i64 = 10_000;

/// Whether two texts are the same, without a call where they are as short as names mostly are.
#[inline]
pub(crate) fn is_same(a: &[u8], b: &[u8]) -> bool {
    fn ends<const N: usize>(text: &[u8]) -> Option<([u8; N], [u8; N])> {
        Some((*text.first_chunk()?, *text.last_chunk()?))
    }
    // Both ends may overlap.
    a.len() == b.len()
        && match a.len() {
            4..=8 => ends::<4>(a) == ends::<4>(b),
            9..=16 => ends::<8>(a) == ends::<8>(b),
            _ => a == b,
        }
}

/// Reads a moment: `2026-12-31T00:00:00Z`, an offset in place of `Z`, or a day, which begins at
/// midnight UTC. In milliseconds since 1970-01-01T00:00:00Z.
pub fn parse_datetime(text: &str) -> Option<i64> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    if text.contains(['Z', 'z', '[']) {
        return None;
    }
    let civil = match text.parse::<Date>() {
        Ok(day) if text.len() == 10 => day.to_datetime(jiff::civil::Time::midnight()),
        _ => text.parse::<DateTime>().ok()?,
    };
    let moment = TimeZone::UTC.to_timestamp(civil).ok()?;
    Some(moment.as_millisecond())
}

/// Writes a moment as RFC 3339 in UTC; one outside of what a calendar holds as its milliseconds.
pub fn format_datetime(millis: i64) -> String {
    Timestamp::from_millisecond(millis).map_or_else(|_| millis.to_string(), |t| t.to_string())
}

const UNITS: [(&str, i64); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("ms", 1),
    ("m", 60_000),
    ("s", 1_000),
];

/// Reads a length of time: a whole number and `ms`, `s`, `m`, `h`, `d` or `w`. In milliseconds.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let digits = text.len()
        - text
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == '_')
            .len();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let length = parse_int(number)?.checked_mul(*scale)?;
    Some(if negative { -length } else { length })
}

/// Writes a length of time in its largest unit that leaves no rest.
pub fn format_duration(millis: i64) -> String {
    let fitting = UNITS
        .iter()
        .filter(|(_, scale)| millis % scale == 0)
        .max_by_key(|(_, scale)| *scale);
    match fitting {
        Some((unit, scale)) if millis != 0 => format!("{}{unit}", millis / scale),
        _ => format!("{millis}ms"),
    }
}

/// Reads a whole number of 64 bits, with or without `_` between its digits.
pub fn parse_int(text: &str) -> Option<i64> {
    let digits: Cow<'_, str> = if text.contains('_') {
        text.replace('_', "").into()
    } else {
        text.into()
    };
    digits.parse().ok()
}

/// Reads a number with at most four digits behind the point, in ten-thousandths.
pub fn parse_decimal(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.')?;
    let fits = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if fraction.is_empty() || fraction.len() > 4 || !fits(whole) || !fits(fraction) {
        return None;
    }
    let scale = 10_i64.checked_pow(4 - u32::try_from(fraction.len()).ok()?)?;
    let value = parse_int(whole)?
        .checked_mul(DECIMAL_SCALE)?
        .checked_add(fraction.parse::<i64>().ok()?.checked_mul(scale)?)?;
    Some(if negative { -value } else { value })
}

/// Writes a number of ten-thousandths with at least one digit behind the point.
pub fn format_decimal(value: i64) -> String {
    let magnitude = value.unsigned_abs();
    let scale = DECIMAL_SCALE.unsigned_abs();
    let fraction = format!("{:04}", magnitude % scale);
    let kept = fraction.trim_end_matches('0');
    format!(
        "{}{}.{}",
        if value < 0 { "-" } else { "" },
        magnitude / scale,
        if kept.is_empty() { "0" } else { kept }
    )
}

/// Reads an address or a network: `10.0.0.1`, `10.0.0.0/8`, `::1`.
pub fn parse_ip(text: &str) -> Option<IpNet> {
    match text.parse::<IpNet>() {
        Ok(network) => Some(network),
        Err(_) => text.parse::<std::net::IpAddr>().ok().map(IpNet::from),
    }
}

/// Writes an address, or a network where it holds more than one.
pub fn format_ip(network: IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

/// Reads the escapes of a text between quotes: `\"`, `\\`, `\n`, `\r`, `\t`, `\u{…}`.
///
/// # Errors
///
/// The byte range, from the text's beginning, of the first escape that does not exist.
pub fn unescape(text: &str) -> Result<String, (usize, usize)> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some((next_at, next)) = rest.next() else {
            return Err((at, text.len()));
        };
        match next {
            '"' | '\\' => out.push(next),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let tail = text.get(next_at + 1..).unwrap_or("");
                let digits = tail.strip_prefix('{').and_then(|t| t.split_once('}'));
                let decoded = digits
                    .and_then(|(hex, _)| u32::from_str_radix(hex, 16).ok())
                    .and_then(char::from_u32);
                let (Some((hex, _)), Some(decoded)) = (digits, decoded) else {
                    return Err((at, next_at + 1));
                };
                out.push(decoded);
                for _ in 0..hex.chars().count() + 2 {
                    rest.next();
                }
            }
            _ => return Err((at, next_at + next.len_utf8())),
        }
    }
    Ok(out)
}

/// Writes a text in quotes.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The name of an entity: its type and its id.
///
/// In text an id that is no plain word stands in quotes: `User:"a b"`.
///
/// ```
/// let data: ward::EntityName = "Volume:data".parse().unwrap();
/// assert_eq!((data.type_name.as_str(), data.id.as_str()), ("Volume", "data"));
/// assert_eq!(ward::EntityName::new("User", "a b").to_string(), r#"User:"a b""#);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityName {
    /// The name of its type.
    pub type_name: String,
    /// Its id within the type.
    pub id: String,
}

impl EntityName {
    /// The entity `id` of the type `type_name`.
    pub fn new(type_name: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            type_name: type_name.into(),
            id: id.into(),
        }
    }
}

/// A text that names no entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityNameError(String);

impl EntityNameError {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for EntityNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` names no entity", self.0)
    }
}

impl std::error::Error for EntityNameError {}

impl std::str::FromStr for EntityName {
    type Err = EntityNameError;

    /// Reads `Type:id`. The id may stand in quotes; without them it goes to the end of the text.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (type_name, id) = split_entity(text).ok_or_else(|| EntityNameError::new(text))?;
        Ok(Self::new(type_name, id))
    }
}

/// Which bytes are letters of the names of types.
const LETTERS: [bool; 256] = {
    let mut letters = [false; 256];
    let mut rest = letters.as_mut_slice();
    let mut byte = 0u8;
    while let Some((letter, others)) = rest.split_first_mut() {
        *letter = byte.is_ascii_alphanumeric() || byte == b'_';
        rest = others;
        byte = byte.wrapping_add(1);
    }
    letters
};

/// Splits `Type:id` or `Type:"id"`.
pub(crate) fn split_entity(text: &str) -> Option<(&str, Cow<'_, str>)> {
    // Every name of every fact comes by here, and most are short: one look at each letter.
    let is_letter = |b: u8| LETTERS.get(usize::from(b)) == Some(&true);
    let end = text.bytes().position(|b| !is_letter(b))?;
    let (type_name, rest) = text.split_at_checked(end)?;
    let id = rest.strip_prefix(':')?;
    let first = type_name.as_bytes().first();
    if !first.is_some_and(u8::is_ascii_uppercase) || id.is_empty() {
        return None;
    }
    let quoted = id.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Some((
        type_name,
        match quoted {
            Some(inner) => unescape(inner).ok()?.into(),
            None => id.into(),
        },
    ))
}

/// Whether a text is a name as policies write it: letters, digits and `_`.
pub(crate) fn is_identifier(text: &str) -> bool {
    let letter = |b: &u8| b.is_ascii_alphabetic() || *b == b'_';
    text.as_bytes().first().is_some_and(letter)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether an id can stand without quotes.
fn is_plain_id(id: &str) -> bool {
    let bytes = id.as_bytes();
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    bytes.first().is_some_and(word)
        && bytes
            .iter()
            .all(|b| word(b) || matches!(b, b'.' | b'@' | b'+' | b'-' | b'/'))
        && !id.contains("//")
        && !id
            .split('/')
            .skip(1)
            .any(|part| !part.as_bytes().first().is_some_and(word))
}

impl fmt::Display for EntityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain_id(&self.id) {
            write!(f, "{}:{}", self.type_name, self.id)
        } else {
            write!(f, "{}:{}", self.type_name, quote(&self.id))
        }
    }
}

/// The name among `known` that is nearest to `name`, if one is near enough to be meant.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let limit = match name.len() {
        0..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    let lower = name.to_ascii_lowercase();
    known
        .into_iter()
        .filter(|candidate| !candidate.is_empty() && *candidate != name)
        .map(|candidate| {
            let candidate_lower = candidate.to_ascii_lowercase();
            (strsim::osa_distance(&lower, &candidate_lower), candidate)
        })
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// A name with its article: `` a `User` ``, `` an `ApiKey` ``.
pub(crate) fn a(name: &str) -> String {
    let vowel = name.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']);
    format!("{} `{name}`", if vowel { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datetimes_are_read_and_written() {
        assert_eq!(parse_datetime("1970-01-02"), Some(86_400_000));
        assert_eq!(parse_datetime("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(parse_datetime("1970-01-01T00:00:00.5Z"), Some(500));
        assert_eq!(parse_datetime("2026-02-30"), None);
        assert_eq!(parse_datetime("2026-13-01T00:00:00Z"), None);
        assert_eq!(format_datetime(0), "1970-01-01T00:00:00Z");
        assert_eq!(format_datetime(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn durations_are_read_and_written() {
        assert_eq!(parse_duration("72h"), Some(259_200_000));
        assert_eq!(parse_duration("-5ms"), Some(-5));
        assert_eq!(parse_duration("9223372036854775807w"), None);
        assert_eq!(parse_duration("7"), None);
        assert_eq!(format_duration(259_200_000), "3d");
        assert_eq!(format_duration(0), "0ms");
    }

    #[test]
    fn decimals_keep_four_digits() {
        assert_eq!(parse_decimal("1.25"), Some(12_500));
        assert_eq!(parse_decimal("-0.0001"), Some(-1));
        assert_eq!(parse_decimal("1.00001"), None);
        assert_eq!(format_decimal(-12_500), "-1.25");
        assert_eq!(format_decimal(20_000), "2.0");
    }

    #[test]
    fn entities_round_trip() {
        for id in [
            "alice",
            "a b",
            "a@b.example",
            "x/y",
            "a//b",
            "quo\"te",
            "-",
            "a/",
            "ü",
        ] {
            let name = EntityName::new("User", id);
            assert_eq!(name.to_string().parse(), Ok(name), "{id}");
        }
        assert!("User:".parse::<EntityName>().is_err());
        assert!("user:x".parse::<EntityName>().is_err());
    }

    #[test]
    fn a_near_name_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("Tema", ["Team", "User"]), Some("Team"));
        assert_eq!(nearest("Volume", ["Team", "User"]), None);
    }
}
