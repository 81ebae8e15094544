//! Pictures as SVG.

use std::fmt::Write;

use super::layout::{HEAD, INDENT, LINE, PAD, Path, Placed, SIGN, broken, layout};
use super::{Card, LinkKind, Picture};
use crate::markup::html;

/// Colours for both kinds of screens: the second half is for dark ones.
const STYLE: &str = include_str!("picture.css");
const DARK: &str = include_str!("dark.css");

/// For which surroundings a picture is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    /// Light or dark, as the reader has it.
    Readers,
    /// Light.
    #[cfg(feature = "png")]
    Light,
}

impl Picture {
    /// The picture as SVG, which needs nothing beside itself. The same picture gives the same text.
    pub fn to_svg(&self) -> String {
        self.drawn(Screen::Readers)
    }

    pub(super) fn drawn(&self, screen: Screen) -> String {
        let laid = layout(self);
        let foot = self.foot(laid.width);
        let (width, height) = (laid.width.max(360.0), laid.height + foot.0);
        let mut out = String::new();
        let title = html(&self.title);
        let _ = writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ward\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>"
        );
        let dark = match screen {
            Screen::Readers => format!("@media (prefers-color-scheme: dark) {{\n{DARK}}}\n"),
            #[cfg(feature = "png")]
            Screen::Light => String::new(),
        };
        let _ = writeln!(out, "<style>\n{STYLE}{dark}</style>");
        let _ = writeln!(
            out,
            "<rect class=\"ground\" width=\"{width:.0}\" height=\"{height:.0}\"/>"
        );
        for path in &laid.paths {
            line(&mut out, path);
        }
        for (card, placed) in self.cards.iter().zip(&laid.cards) {
            draw(&mut out, card, placed);
        }
        let _ = write!(
            out,
            "<g transform=\"translate(0 {:.0})\">{}</g>\n</svg>\n",
            laid.height, foot.1
        );
        out
    }

    /// What the lines stand for, and the notes: its height, and how it is drawn.
    fn foot(&self, width: f64) -> (f64, String) {
        let mut out = String::new();
        let mut x = 24.0;
        let mut y = 4.0;
        for kind in self.kinds() {
            let long = 44.0 + kind.word().len() as f64 * SIGN + 24.0;
            if x + long > width.max(360.0) && x > 24.0 {
                x = 24.0;
                y += LINE;
            }
            let _ = write!(
                out,
                "<path class=\"line {}\" d=\"M{x:.0} {y:.0}h34\"/><text class=\"note\" x=\"{:.0}\" y=\"{:.0}\">{}</text>",
                class(kind),
                x + 42.0,
                y + 4.0,
                kind.word()
            );
            x += long;
        }
        if x > 24.0 {
            y += LINE + 4.0;
        }
        let most = ((width.max(360.0) - 48.0) / SIGN).max(20.0) as usize;
        for note in self.notes.iter().flat_map(|note| broken(note, most)) {
            let _ = write!(
                out,
                "<text class=\"note\" x=\"24\" y=\"{:.0}\">{}</text>",
                y + 4.0,
                html(&note)
            );
            y += LINE;
        }
        (y + 12.0, out)
    }
}

fn class(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::In => "in",
        LinkKind::Member => "member",
        LinkKind::Holds => "holds",
        LinkKind::Share => "share",
        LinkKind::Override => "override",
        LinkKind::Decided => "decided",
        LinkKind::Missing => "missing",
    }
}

/// A line with round corners, and a tip where it ends.
fn line(out: &mut String, path: &Path) {
    let Some(first) = path.points.first() else {
        return;
    };
    let mut d = format!("M{:.1} {:.1}", first.0, first.1);
    for around in path.points.windows(3) {
        let [before, at, after] = around else {
            continue;
        };
        let toward = |to: &(f64, f64)| {
            let (dx, dy) = (to.0 - at.0, to.1 - at.1);
            let long = dx.hypot(dy);
            let step = if long > 0.0 {
                (long / 2.0).min(6.0) / long
            } else {
                0.0
            };
            (at.0 + dx * step, at.1 + dy * step)
        };
        let (near, far) = (toward(before), toward(after));
        let _ = write!(
            d,
            "L{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}",
            near.0, near.1, at.0, at.1, far.0, far.1
        );
    }
    if let Some(last) = path.points.last() {
        let _ = write!(d, "L{:.1} {:.1}", last.0, last.1);
        let _ = writeln!(out, "<path class=\"line {}\" d=\"{d}\"/>", class(path.kind));
        // All lines end at a right side.
        let _ = writeln!(
            out,
            "<path class=\"tip {}\" d=\"M{:.1} {:.1}l7 -4v8z\"/>",
            class(path.kind),
            last.0,
            last.1
        );
    }
}

fn draw(out: &mut String, card: &Card, placed: &Placed) {
    let Placed {
        x,
        y,
        width,
        height,
        ..
    } = placed;
    let kind = card.kind.word();
    let head = match placed.lines.is_empty() {
        true => format!(
            "<rect class=\"head\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"7\"/>"
        ),
        false => format!(
            "<path class=\"head\" d=\"M{x:.1} {:.1}v{:.1}a7 7 0 0 1 7 -7h{:.1}a7 7 0 0 1 7 7v{:.1}z\"/>",
            y + HEAD,
            7.0 - HEAD,
            width - 14.0,
            HEAD - 7.0
        ),
    };
    let _ = writeln!(
        out,
        "<g class=\"card {kind}\"><rect class=\"back\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"7\"/>{head}<rect class=\"box\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"7\"/>"
    );
    // The kind gives way to a long title.
    let room = (width - 2.0 * PAD) / SIGN;
    let title = broken(&card.title, room as usize);
    let shown = match title.as_slice() {
        [only] => only.clone(),
        [first, ..] => format!(
            "{}…",
            first.chars().take(room as usize - 1).collect::<String>()
        ),
        [] => String::new(),
    };
    let taken = shown.chars().count() + kind.len() + 2;
    let _ = write!(
        out,
        "<text class=\"title\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        x + PAD,
        y + 20.0,
        html(&shown)
    );
    if (taken as f64) < room {
        let _ = write!(
            out,
            "<text class=\"kind\" x=\"{:.1}\" y=\"{:.1}\">{kind}</text>",
            x + width - PAD,
            y + 20.0
        );
    }
    let mut at = y + HEAD + PAD / 2.0;
    for line in &placed.lines {
        let tone = card
            .rows
            .get(line.row)
            .map_or("plain", |row| tone(row.tone));
        let _ = write!(
            out,
            "<text class=\"{tone}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + PAD + (line.depth * INDENT) as f64 * SIGN,
            at + 12.5,
            html(&line.text)
        );
        at += LINE;
    }
    out.push_str("</g>\n");
}

fn tone(tone: super::Tone) -> &'static str {
    use super::Tone;
    match tone {
        Tone::Plain => "plain",
        Tone::Role => "role",
        Tone::Sight => "sight",
        Tone::Power => "power",
        Tone::Share => "sharing",
        Tone::Limit => "limit",
        Tone::Denial => "denial",
        Tone::Decided => "decision",
    }
}
