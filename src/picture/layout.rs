//! Where cards and lines go: columns from left to right, what stands in something right of it.

use unicode_width::UnicodeWidthStr;

use super::{Link, LinkKind, Picture, Row};

/// The width of a sign, of all signs alike, and the height of a line.
pub(super) const SIGN: f64 = 7.25;
pub(super) const LINE: f64 = 17.0;
/// The space inside of a card.
pub(super) const PAD: f64 = 12.0;
/// The height of a title.
pub(super) const HEAD: f64 = 30.0;
/// Columns are as wide as their widest card, within bounds that are in signs.
const NARROWEST: usize = 20;
const WIDEST: usize = 46;
/// What one step in takes, in signs.
pub(super) const INDENT: usize = 2;
/// Between cards of a column, and beside the lines between columns.
const GAP: f64 = 22.0;
const GUTTER: f64 = 26.0;
const TRACK: f64 = 11.0;
const MARGIN: f64 = 24.0;
/// How far apart lines of different kinds leave a card, and how little does not make a corner.
const BESIDE: f64 = 6.0;
const ROUGHLY: f64 = 4.0;
/// A column with more than this is put beside another.
const TALLEST: f64 = 2600.0;

/// A line of text with the row that it is of.
pub(super) struct Text {
    pub(super) row: usize,
    pub(super) depth: usize,
    pub(super) text: String,
}

/// A card in its place.
pub(super) struct Placed {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) lines: Vec<Text>,
}

impl Placed {
    /// Where a row stands, or the title.
    fn port(&self, row: Option<usize>) -> f64 {
        let line = row.and_then(|row| self.lines.iter().position(|line| line.row == row));
        match line {
            Some(line) => self.y + HEAD + PAD / 2.0 + (line as f64 + 0.5) * LINE,
            None => self.y + HEAD / 2.0,
        }
    }
}

/// A line as corners.
pub(super) struct Path {
    pub(super) kind: LinkKind,
    pub(super) points: Vec<(f64, f64)>,
}

/// A picture with everything in its place.
pub(super) struct Layout {
    pub(super) cards: Vec<Placed>,
    pub(super) paths: Vec<Path>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Breaks a text into lines of at most so many columns, at blanks where there are some.
pub(super) fn broken(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let mut word = word.to_owned();
        while let Some(line) = lines.last_mut() {
            if line.width() + word.trim_end().width() <= most {
                line.push_str(&word);
                break;
            }
            if !line.is_empty() {
                lines.push(String::new());
                continue;
            }
            // A word that is wider than a line is cut, a path behind a directory.
            let mut cut = 0;
            let mut directory = 0;
            let mut width = 0;
            for (at, sign) in word.char_indices() {
                width += sign.to_string().width();
                if width > most {
                    break;
                }
                cut = at + sign.len_utf8();
                if sign == '/' {
                    directory = cut;
                }
            }
            if directory > 1 {
                cut = directory;
            }
            let first = word.chars().next().map_or(1, char::len_utf8);
            let rest = word.split_off(cut.max(first).min(word.len()));
            line.push_str(&word);
            lines.push(String::new());
            word = rest;
            if word.is_empty() {
                break;
            }
        }
    }
    let trimmed = lines.iter().map(|line| line.trim_end().to_owned());
    let kept: Vec<String> = trimmed.filter(|line| !line.is_empty()).collect();
    if kept.is_empty() {
        vec![String::new()]
    } else {
        kept
    }
}

fn measured(rows: &[Row], most: usize) -> Vec<Text> {
    let mut lines = Vec::new();
    for (row, of) in rows.iter().enumerate() {
        let most = most.saturating_sub(of.depth * INDENT);
        // What is broken stands one step further in from its second line on.
        let most = if of.text.width() <= most {
            most
        } else {
            most.saturating_sub(INDENT)
        };
        for (index, text) in broken(&of.text, most).into_iter().enumerate() {
            let depth = of.depth + usize::from(index > 0);
            lines.push(Text { row, depth, text });
        }
    }
    lines
}

/// Columns of cards: what something stands in is left of it. Lines that would lead in a circle do not count.
fn columns(picture: &Picture) -> Vec<usize> {
    let count = picture.cards.len();
    let leads = |link: &&Link| {
        link.kind != LinkKind::Share && link.kind != LinkKind::Override && link.from != link.to
    };
    let mut column = vec![0_usize; count];
    let mut known: Vec<(usize, usize)> = Vec::new();
    // Each line is taken unless the ones before lead back.
    for link in picture.links.iter().filter(leads) {
        let mut open = vec![link.to];
        let mut seen = vec![false; count];
        let mut circle = false;
        while let Some(next) = open.pop() {
            circle |= next == link.from;
            if let Some(flag) = seen.get_mut(next)
                && !std::mem::replace(flag, true)
            {
                open.extend(
                    known
                        .iter()
                        .filter(|(from, _)| *from == next)
                        .map(|(_, to)| *to),
                );
            }
        }
        if !circle {
            known.push((link.from, link.to));
        }
    }
    for _ in 0..count {
        let mut moved = false;
        for (from, to) in &known {
            let least = column.get(*to).copied().unwrap_or(0) + 1;
            if let Some(of) = column.get_mut(*from)
                && *of < least
            {
                *of = least;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    column
}

/// Lays a picture out.
pub(super) fn layout(picture: &Picture) -> Layout {
    let mut column = columns(picture);
    let mut cards: Vec<Placed> = picture
        .cards
        .iter()
        .map(|card| {
            let widest = card
                .rows
                .iter()
                .map(|row| row.text.width() + row.depth * INDENT);
            let own = widest.chain([card.title.width() + 12]).max().unwrap_or(0);
            let signs = own.clamp(NARROWEST, WIDEST);
            let lines = measured(&card.rows, signs);
            let below = if lines.is_empty() {
                0.0
            } else {
                PAD + lines.len() as f64 * LINE
            };
            Placed {
                x: 0.0,
                y: 0.0,
                width: signs as f64 * SIGN + 2.0 * PAD,
                height: HEAD + below,
                lines,
            }
        })
        .collect();
    spread(picture, &cards, &mut column);
    let last = column.iter().copied().max().unwrap_or(0);
    let mut order: Vec<Vec<usize>> = vec![Vec::new(); last + 1];
    for (card, column) in column.iter().enumerate() {
        if let Some(of) = order.get_mut(*column) {
            of.push(card);
        }
    }
    arrange(picture, &mut cards, &mut order);
    let tracks = tracks(picture, &cards, &column, last);
    let mut x = MARGIN;
    let mut left = Vec::new();
    for (index, of) in order.iter().enumerate() {
        left.push(x);
        let widest = of
            .iter()
            .filter_map(|card| cards.get(*card))
            .map(|card| card.width)
            .fold(0.0, f64::max);
        for card in of {
            if let Some(card) = cards.get_mut(*card) {
                card.x = x;
                card.width = widest;
            }
        }
        let lanes = tracks
            .iter()
            .filter(|track| track.gutter == index)
            .map(|track| track.lane + 1)
            .max()
            .unwrap_or(0);
        x += widest + 2.0 * GUTTER + lanes as f64 * TRACK;
    }
    let right = cards
        .iter()
        .map(|card| card.x + card.width)
        .fold(0.0, f64::max);
    let paths = paths(picture, &cards, &column, &tracks);
    let drawn = paths.iter().flat_map(|path| &path.points);
    let (far, low) = drawn.fold((right, 0.0_f64), |(far, low), (x, y)| {
        (far.max(*x), low.max(*y))
    });
    let bottom = cards
        .iter()
        .map(|card| card.y + card.height)
        .fold(low, f64::max);
    Layout {
        cards,
        paths,
        width: far + MARGIN,
        height: bottom + MARGIN,
    }
}

/// Cards without lines go where there is room, so that no column is much longer than the others.
fn spread(picture: &Picture, cards: &[Placed], column: &mut [usize]) {
    let tied = |card: usize| {
        picture
            .links
            .iter()
            .any(|link| link.from == card || link.to == card)
    };
    let last = column
        .iter()
        .enumerate()
        .filter(|(card, _)| tied(*card))
        .map(|(_, column)| *column)
        .max();
    let mut heights = vec![0.0_f64; last.map_or(3, |last| last + 1).max(2)];
    for (card, placed) in cards.iter().enumerate().filter(|(card, _)| tied(*card)) {
        if let Some(height) = column.get(card).and_then(|column| heights.get_mut(*column)) {
            *height += placed.height + GAP;
        }
    }
    for (card, placed) in cards.iter().enumerate().filter(|(card, _)| !tied(*card)) {
        let lowest = heights
            .iter()
            .copied()
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let Some((at, height)) = lowest else {
            continue;
        };
        let at = if height + placed.height > TALLEST {
            heights.len()
        } else {
            at
        };
        if at == heights.len() {
            heights.push(0.0);
        }
        if let Some(height) = heights.get_mut(at) {
            *height += placed.height + GAP;
        }
        if let Some(column) = column.get_mut(card) {
            *column = at;
        }
    }
}

/// Orders the cards of each column so that lines cross little, and puts each as near as can be to what it is
/// tied to.
fn arrange(picture: &Picture, cards: &mut [Placed], order: &mut [Vec<usize>]) {
    for of in order.iter_mut() {
        stack(cards, of);
    }
    for round in 0..8 {
        let forward = round % 2 == 0;
        let count = order.len();
        for step in 0..count {
            let index = if forward { step } else { count - 1 - step };
            let Some(of) = order.get_mut(index) else {
                continue;
            };
            let mut wanted: Vec<(f64, usize, usize)> = of
                .iter()
                .enumerate()
                .map(|(at, card)| {
                    (
                        wish(picture, cards, *card, forward).unwrap_or(f64::MAX),
                        at,
                        *card,
                    )
                })
                .collect();
            // What nothing ties goes to the end.
            wanted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            *of = wanted.iter().map(|(_, _, card)| *card).collect();
            let tops: Vec<f64> = wanted
                .iter()
                .map(|(wish, _, card)| {
                    let height = cards.get(*card).map_or(0.0, |card| card.height);
                    if *wish == f64::MAX {
                        0.0
                    } else {
                        wish - height.min(2.0 * HEAD) / 2.0
                    }
                })
                .collect();
            settle(cards, of, &tops);
        }
    }
    let top = cards.iter().map(|card| card.y).fold(f64::MAX, f64::min);
    for card in cards.iter_mut() {
        card.y += MARGIN - top;
    }
}

fn stack(cards: &mut [Placed], of: &[usize]) {
    let mut y = 0.0;
    for card in of {
        if let Some(card) = cards.get_mut(*card) {
            card.y = y;
            y += card.height + GAP;
        }
    }
}

/// The height at which the cards lie to which a card is tied, on the one side.
fn wish(picture: &Picture, cards: &[Placed], card: usize, to_left: bool) -> Option<f64> {
    let ports = picture.links.iter().filter_map(|link| {
        let (own, other, row) = if to_left {
            (link.from, link.to, None)
        } else {
            (link.to, link.from, link.row)
        };
        if own != card || other == card {
            return None;
        }
        cards.get(other).map(|card| card.port(row))
    });
    let ports: Vec<f64> = ports.collect();
    (!ports.is_empty()).then(|| ports.iter().sum::<f64>() / ports.len() as f64)
}

/// Puts cards below one another, together as near to their wishes as can be: blocks that press on each
/// other are moved as one.
fn settle(cards: &mut [Placed], of: &[usize], tops: &[f64]) {
    // A block: how far down it begins, how high it is, how many there are in it, what they wish in sum.
    let mut blocks: Vec<(f64, f64, Vec<usize>)> = Vec::new();
    for (card, top) in of.iter().zip(tops) {
        let height = cards.get(*card).map_or(0.0, |card| card.height) + GAP;
        blocks.push((*top, height, vec![*card]));
        while let [.., (above, high, _), (below, ..)] = blocks.as_slice() {
            if above + high <= *below {
                break;
            }
            let (Some(lower), Some(upper)) = (blocks.pop(), blocks.last_mut()) else {
                break;
            };
            let (own, others) = (upper.2.len() as f64, lower.2.len() as f64);
            upper.0 = (upper.0 * own + (lower.0 - upper.1) * others) / (own + others);
            upper.1 += lower.1;
            upper.2.extend(lower.2);
        }
    }
    for (top, _, of) in blocks {
        let mut y = top;
        for card in of {
            if let Some(card) = cards.get_mut(card) {
                card.y = y;
                y += card.height + GAP;
            }
        }
    }
}

/// Where lines of one kind to one card run down between two columns.
struct Track {
    /// Right of this column.
    gutter: usize,
    kind: LinkKind,
    to: usize,
    lane: usize,
    from: f64,
    until: f64,
}

/// The column right of which a line runs down: that of the card to which it leads, or left of the one from which
/// it leads where that is nearer to the left.
fn gutter(from: usize, to: usize) -> usize {
    if from > to { from - 1 } else { to }
}

fn tracks(picture: &Picture, cards: &[Placed], column: &[usize], last: usize) -> Vec<Track> {
    let mut tracks: Vec<Track> = Vec::new();
    for link in &picture.links {
        let (Some(from), Some(to)) = (cards.get(link.from), cards.get(link.to)) else {
            continue;
        };
        let (start, end) = (from.port(link.row), to.port(None));
        let (of, at) = (
            column.get(link.from).copied().unwrap_or(0),
            column.get(link.to).copied().unwrap_or(0),
        );
        let gutter = gutter(of, at).min(last);
        let (from, until) = (start.min(end), start.max(end));
        let same = tracks
            .iter_mut()
            .find(|track| track.gutter == gutter && track.kind == link.kind && track.to == link.to);
        match same {
            Some(track) => {
                track.from = track.from.min(from);
                track.until = track.until.max(until);
            }
            None => tracks.push(Track {
                gutter,
                kind: link.kind,
                to: link.to,
                lane: 0,
                from,
                until,
            }),
        }
    }
    tracks.sort_by(|a, b| {
        (a.gutter, a.kind)
            .cmp(&(b.gutter, b.kind))
            .then(a.from.total_cmp(&b.from))
            .then(a.to.cmp(&b.to))
    });
    for index in 0..tracks.len() {
        let (before, rest) = tracks.split_at_mut(index);
        let Some(track) = rest.first_mut() else {
            continue;
        };
        let taken = |lane: usize| {
            before.iter().any(|other| {
                other.gutter == track.gutter
                    && other.lane == lane
                    && other.from - 6.0 < track.until
                    && track.from < other.until + 6.0
            })
        };
        track.lane = (0..).find(|lane| !taken(*lane)).unwrap_or(0);
    }
    tracks
}

/// The height at which a line passes a column between cards, nearest to where it wants to be; the
/// more kinds of lines pass there before it, the farther from the cards.
fn passage(cards: &[Placed], column: &[usize], index: usize, wanted: f64, before: usize) -> f64 {
    let apart = 7.0 + before as f64 * 4.0;
    let mut spans: Vec<(f64, f64)> = cards
        .iter()
        .zip(column)
        .filter(|(_, of)| **of == index)
        .map(|(card, _)| (card.y - apart, card.y + card.height + apart))
        .collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let free = |y: f64| !spans.iter().any(|(top, bottom)| *top < y && y < *bottom);
    if free(wanted) {
        return wanted;
    }
    let edges = spans
        .iter()
        .flat_map(|(top, bottom)| [*top, *bottom])
        .filter(|y| free(*y));
    edges
        .min_by(|a, b| (a - wanted).abs().total_cmp(&(b - wanted).abs()))
        .unwrap_or(wanted)
}

/// Whether a line of that kind passes a column.
fn passes(picture: &Picture, column: &[usize], kind: LinkKind, index: usize) -> bool {
    let of = |card: usize| column.get(card).copied().unwrap_or(0);
    let mut links = picture.links.iter().filter(|link| link.kind == kind);
    links.any(|link| of(link.to) < index && index < of(link.from))
}

fn paths(picture: &Picture, cards: &[Placed], column: &[usize], tracks: &[Track]) -> Vec<Path> {
    let mut paths = Vec::new();
    for link in &picture.links {
        let (Some(from), Some(to)) = (cards.get(link.from), cards.get(link.to)) else {
            continue;
        };
        let (of, at) = (
            column.get(link.from).copied().unwrap_or(0),
            column.get(link.to).copied().unwrap_or(0),
        );
        let gutter = gutter(of, at);
        let track = tracks
            .iter()
            .find(|track| track.gutter == gutter && track.kind == link.kind && track.to == link.to);
        let right_of = |index: usize| {
            let in_column = cards.iter().zip(column).filter(|(_, of)| **of == index);
            in_column
                .map(|(card, _)| card.x + card.width)
                .fold(0.0, f64::max)
        };
        let lane = track.map_or(0, |track| track.lane) as f64;
        let down = right_of(gutter) + GUTTER + lane * TRACK;
        let offset = match link.kind {
            LinkKind::In | LinkKind::Member | LinkKind::Holds | LinkKind::Decided => 0.0,
            LinkKind::Share => 8.0,
            LinkKind::Override => -8.0,
            LinkKind::Missing => 4.0,
        };
        // Lines of other kinds that leave here leave beside each other.
        let kinds = LinkKind::ALL.into_iter().filter(|kind| *kind < link.kind);
        let beside = kinds.filter(|kind| {
            picture
                .links
                .iter()
                .any(|other| (other.from, other.row, other.kind) == (link.from, link.row, *kind))
        });
        let start = from.port(link.row) + beside.count() as f64 * BESIDE;
        let mut end = (to.x + to.width, to.port(None) + offset);
        // What is all but straight is straight.
        if (start - end.1).abs() < ROUGHLY {
            end.1 = start;
        }
        let mut points = Vec::new();
        if of > at {
            points.push((from.x, start));
            points.push((down, start));
            // Other columns are passed between their cards.
            let mut x = down;
            for index in (at + 1..of).rev() {
                let others = LinkKind::ALL
                    .into_iter()
                    .filter(|kind| *kind < link.kind && passes(picture, column, *kind, index));
                let y = passage(cards, column, index, end.1, others.count());
                let before = right_of(index - 1) + GUTTER / 2.0;
                points.push((x, y));
                points.push((before, y));
                x = before;
            }
            points.push((x, end.1));
        } else {
            // To a card of the same column, or further right: around the right side.
            points.push((from.x + from.width, start));
            points.push((down, start));
            points.push((down, end.1));
        }
        points.push(end);
        points.dedup();
        paths.push(Path {
            kind: link.kind,
            points,
        });
    }
    paths
}
