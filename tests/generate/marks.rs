//! Random marks on actions: they decide nothing.

use std::collections::BTreeSet;

use rand::RngExt;
use rand::seq::IndexedRandom;

use super::{Generator, TypeShape};

impl Generator {
    /// Some marks, with a space behind each. `asked` are the attributes of what the action is asked of.
    pub(super) fn action_marks(
        &mut self,
        ty: &TypeShape,
        asked: &BTreeSet<&'static str>,
    ) -> String {
        let types = self.shape.types.iter();
        let mut roles: Vec<String> = types
            .flat_map(|of| {
                of.roles
                    .iter()
                    .map(move |role| format!("{}.{role}", of.name))
            })
            .collect();
        roles.extend(ty.roles.iter().map(ToString::to_string));
        let levels = ty.shares.iter().flat_map(|(_, levels)| levels);
        let levels: Vec<String> = levels.cloned().collect();
        let edited = asked.iter().map(|name| format!("resource.{name}"));
        let edited: Vec<String> = edited.collect();
        let mut marks = String::new();
        for (mark, from) in [
            ("assigns", &roles),
            ("revokes", &roles),
            ("shares", &levels),
            ("edits", &edited),
        ] {
            if from.is_empty() || self.marks.random_bool(0.85) {
                continue;
            }
            let count = self.marks.random_range(1..=from.len().min(2));
            let chosen: Vec<&str> = from
                .sample(&mut self.marks, count)
                .map(String::as_str)
                .collect();
            marks.push_str(&format!("@{mark}({}) ", chosen.join(", ")));
        }
        if self.marks.random_bool(0.1) {
            marks.push_str("@dangerous ");
        }
        if !marks.is_empty() {
            self.count("marks on actions");
        }
        marks
    }
}
