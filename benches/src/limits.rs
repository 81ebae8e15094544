//! Limits that are checked in the run that measures.

use std::fmt;

/// A figure and what it is held against.
#[derive(Clone, Debug)]
pub struct Limit {
    /// What is measured.
    pub what: String,
    /// The figure; nothing where this run does not measure it.
    pub figure: Option<f64>,
    /// Where it must stay.
    pub bound: Bound,
    /// What stands behind the numbers.
    pub unit: &'static str,
}

/// Where a figure must stay.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

/// How it came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The figure is within its bound.
    Holds,
    /// It is not.
    Missed,
    /// This run does not measure it.
    NotMeasured,
}

impl Limit {
    /// How it came out.
    pub fn state(&self) -> State {
        match (self.figure, self.bound) {
            (None, _) => State::NotMeasured,
            (Some(figure), Bound::AtLeast(bound)) if figure >= bound => State::Holds,
            (Some(figure), Bound::AtMost(bound)) if figure <= bound => State::Holds,
            (Some(_), _) => State::Missed,
        }
    }

    /// The cells of its row: what, figure, bound, state.
    pub fn row(&self) -> Vec<String> {
        let figure = |number: f64| format!("{}{}", number_text(number), self.unit);
        let bound = match self.bound {
            Bound::AtLeast(bound) => format!("at least {}", figure(bound)),
            Bound::AtMost(bound) => format!("at most {}", figure(bound)),
        };
        let measured = self.figure.map_or("–".to_owned(), figure);
        vec![self.what.clone(), measured, bound, self.state().to_string()]
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::Missed => "MISSED",
            Self::NotMeasured => "not measured",
        })
    }
}

/// A number with as many digits as say something.
pub fn number_text(number: f64) -> String {
    match number {
        n if n >= 1_000.0 => {
            let digits = format!("{n:.0}");
            let mut text = String::new();
            for (at, digit) in digits.chars().enumerate() {
                if at > 0 && (digits.len() - at) % 3 == 0 {
                    text.push(',');
                }
                text.push(digit);
            }
            text
        }
        n if n >= 100.0 || n.fract() == 0.0 => format!("{n:.0}"),
        n if n >= 10.0 => format!("{n:.1}"),
        n if n >= 0.01 => format!("{n:.2}"),
        n => format!("{n:.6}"),
    }
}
