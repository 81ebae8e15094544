//! Random rules.

use rand::RngExt;

use super::{Conditions, Generator, conditions};

impl Generator {
    pub(super) fn write_rule(&mut self, groups: bool) {
        let to = *self.pick(&["", "", " to User | Group"]);
        let types = self.named_types();
        let ty = self.pick(&types).clone();
        let sure = |generator: &mut Self| Conditions::new(generator).sure();
        let guards = match self.rng.random_range(0..5) {
            0 => String::new(),
            1 => format!(" unless {}", sure(self)),
            2 => {
                let (when, mut unless) = (sure(self), sure(self));
                while conditions::narrows(&when, &unless) {
                    unless = sure(self);
                }
                format!(" when {when} unless {unless}")
            }
            _ => format!(" when {}", sure(self)),
        };
        let lenient = format!(" when {}", Conditions::new(self).lenient(&ty));
        let action = self.action();
        let acting = self.acting(&types);
        // With `to User` nothing can be asked about groups.
        let to = match [&guards, &lenient]
            .iter()
            .any(|text| text.contains("Group"))
        {
            false if self.chance(40) => " to User",
            _ => to,
        };
        if let (Some(action), true) = (self.action_with_mfa(&types), self.chance(20)) {
            let when = self.of_some_actions();
            let (ty, _) = action.split_once('.').expect("a dot in an action");
            let rule = match self.rng.random_range(0..3) {
                0 => format!("forbid {action}"),
                1 => format!("permit {action}"),
                _ => format!("permit {ty}.*, *"),
            };
            self.line(format!("{rule} when {when}"));
            return;
        }
        let rule = match (self.rng.random_range(0..9), action) {
            (0, _) => match acting {
                Some(ty) => {
                    let when = Conditions::new(self).lenient(&ty);
                    format!("permit {ty}.*, * when {when}")
                }
                None => format!("permit *{to}{guards}"),
            },
            (8, _) => format!("permit {}{to}{guards}", self.wild_set(groups, false, &[])),
            (1, Some(action)) => format!("permit {action}{to}{guards}"),
            (2, _) => format!("forbid {}{to}{guards}", self.wild_set(groups, false, &[])),
            (3, Some(action)) => format!("@id(\"f\") @reason(\"no\") forbid {action}{to}{guards}"),
            (4, _) => format!("reveal {ty}{to}{guards}"),
            (5, _) => format!("reveal *{to}{lenient}"),
            (6, _) => format!("hide {ty}{to}{guards}"),
            _ if types.len() > 1 => format!("hide * except {ty}{to}{guards}"),
            _ => format!("hide *{to}{guards}"),
        };
        self.line(rule);
    }
}
