//! Changes after which everything is to be answered as before.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// A block of a policy: its head, what stands in it, its end.
struct Block {
    head: Vec<String>,
    inside: Vec<Block>,
    end: Option<String>,
}

/// The same items in another order, and the clauses inside of them too, in three files.
pub fn item_order(policy: &[String], seed: u64) -> [Vec<String>; 3] {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut lines = policy.iter().map(String::as_str);
    let mut blocks = blocks(&mut lines);
    blocks.shuffle(&mut rng);
    let mut files = [const { Vec::new() }; 3];
    for mut block in blocks {
        // The terms of a permission group stand before the groups inside of it.
        if !block.head[0].starts_with("permissions") {
            mix(&mut block, &mut rng);
        }
        write(block, &mut files[rng.random_range(0..3)]);
    }
    files
}

fn blocks<'l>(lines: &mut impl Iterator<Item = &'l str>) -> Vec<Block> {
    let (mut all, mut marks) = (Vec::new(), Vec::new());
    while let Some(line) = lines.next() {
        let text = line.trim();
        if text == "}" {
            break;
        }
        marks.push(line.to_owned());
        if text == "@administrative" {
            continue;
        }
        let opens = text.matches('{').count() > text.matches('}').count();
        all.push(Block {
            head: std::mem::take(&mut marks),
            inside: if opens { blocks(lines) } else { Vec::new() },
            end: opens.then(|| "}".to_owned()),
        });
    }
    all
}

fn mix(block: &mut Block, rng: &mut StdRng) {
    block.inside.shuffle(rng);
    block.inside.iter_mut().for_each(|inner| mix(inner, rng));
}

fn write(block: Block, into: &mut Vec<String>) {
    into.extend(block.head);
    block
        .inside
        .into_iter()
        .for_each(|inner| write(inner, into));
    into.extend(block.end);
}

/// Names that a policy and its world give, and others for them, none of which sorts alike.
const NAMES: [(&str, &str); 56] = [
    ("User", "Zebra"),
    ("Group", "Yak"),
    ("S0", "Wolf"),
    ("S1", "Vole"),
    ("S2", "Urchin"),
    ("R0", "Toad"),
    ("R1", "Swan"),
    ("R2", "Rat"),
    ("Key", "Quail"),
    ("Token", "Puma"),
    ("Reader", "Zinc"),
    ("Writer", "Mercury"),
    ("Boss", "Argon"),
    ("C0", "Xenon"),
    ("C1", "Boron"),
    ("u0", "w9"),
    ("u1", "m5"),
    ("u2", "a1"),
    ("g0", "w9"),
    ("g1", "k2"),
    ("g2", "b1"),
    ("x0", "w9"),
    ("x1", "i4"),
    ("x2", "c1"),
    ("ghost", "aaaa"),
    ("a", "z_last"),
    ("b", "m_middle"),
    ("c", "a_first"),
    ("create", "born"),
    ("g", "zoo"),
    ("some", "any_of_it"),
    ("read", "window"),
    ("write", "door"),
    ("n", "wine"),
    ("t", "vest"),
    ("d", "ugly"),
    ("dur", "tart"),
    ("owner", "sun"),
    ("tags", "rain"),
    ("nums", "quilt"),
    ("rec", "pear"),
    ("oo", "oak"),
    ("editors", "nuts"),
    ("parent", "moon"),
    ("home", "leaf"),
    ("admins", "kale"),
    ("scopes", "jar"),
    ("flag", "iron"),
    ("num", "hat"),
    ("who", "gold"),
    ("mfa", "fish"),
    ("lim", "egg"),
    ("u3", "l3"),
    ("x3", "j3"),
    ("u4", "b4"),
    ("x4", "d4"),
];

/// A text with other names. What stands in quotes is left, but for names of permissions.
pub fn other_names(text: &str) -> String {
    let names: BTreeMap<&str, &str> = NAMES.into_iter().collect();
    let mut renamed = String::new();
    for (index, part) in text.split('"').enumerate() {
        if index > 0 {
            renamed.push('"');
        }
        let permission = part == "g" || part.contains('.') && !part.contains([' ', '/', ':']);
        let address = part.starts_with(|c: char| c.is_ascii_digit());
        if index % 2 == 0 || permission && !address {
            rename(part, &names, &mut renamed);
        } else {
            renamed.push_str(part);
        }
    }
    renamed
}

fn rename(text: &str, names: &BTreeMap<&str, &str>, into: &mut String) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| is_word(c) != is_word(first));
        let (word, more) = rest.split_at(length.unwrap_or(rest.len()));
        into.push_str(names.get(word).copied().unwrap_or(word));
        rest = more;
    }
}

/// The same facts about other entities: those of another tenant.
pub fn other_tenant(line: &str) -> String {
    let mut told = line.to_owned();
    for (prefix, other) in [("u", "v"), ("g", "h"), ("x", "y")] {
        told = told.replace(&format!(":{prefix}"), &format!(":{other}"));
    }
    told
}
