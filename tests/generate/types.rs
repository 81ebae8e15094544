//! Random types with their roles and shares.

use rand::RngExt;

use super::{Conditions, Generator, TypeShape};

impl Generator {
    pub(super) fn write_type(&mut self, ty: &TypeShape, groups: bool) {
        let containers: Vec<String> = ty
            .containers
            .iter()
            .map(|(of, how)| {
                if *how == "?" {
                    format!("{of}?")
                } else {
                    format!("{how}{of}")
                }
            })
            .collect();
        let inside = if containers.is_empty() {
            String::new()
        } else {
            format!(" in {}", containers.join(", "))
        };
        if inside.contains("many ") {
            self.count("in many");
        }
        let kind = match (&ty.credential, ty.scope) {
            (Some(_), _) => "subject",
            (None, true) => "scope",
            (None, false) => "resource",
        };
        self.line(format!("{kind} {}{inside} {{", ty.name));
        let mut attributes = ty.attributes.clone();
        if let Some(credential) = &ty.credential {
            attributes.remove(credential.owner);
        }
        self.write_attributes(&attributes);
        self.write_members(ty);
        for action in &ty.actions {
            let marks = self.action_marks(ty, &ty.attributes);
            self.line(format!("  actions {marks}{action}"));
        }
        if let (Some((container, _)), None, true) =
            (ty.containers.first(), &ty.credential, self.chance(50))
        {
            let asked = self.type_shape(container).attributes.clone();
            let marks = self.action_marks(ty, &asked);
            self.line(format!("  actions {marks}create in {container}"));
        }
        let below: Vec<String> = self.below(&ty.name).into_iter().collect();
        for (index, role) in ty.roles.iter().enumerate() {
            if self.marks.random_bool(0.2) {
                self.count("marks on roles");
                self.line("  @administrative");
            }
            self.line(format!("  role {role} {{"));
            for _ in 0..self.rng.random_range(0..4) {
                self.write_clause(&below, groups);
            }
            let ranks = &self.shape.ranks;
            let earlier = ty.roles[..index].iter().copied();
            // Who holds the earlier one depends on who holds this one.
            let earlier: Vec<&str> = earlier
                .filter(|earlier| ranks[role] <= ranks[earlier])
                .collect();
            if !earlier.is_empty() && self.chance(50) {
                let earlier = *self.pick(&earlier);
                self.line(format!("    includes {earlier}"));
            }
            if self.chance_deep(20) {
                self.write_ceiling(&below, groups);
            }
            self.write_holders(ty, role);
            self.line("  }");
        }
        for (with, levels) in &ty.shares {
            self.line(format!("  share with {with} {{"));
            for level in levels {
                let includes = if level == "write" && self.chance(50) {
                    " includes read"
                } else {
                    ""
                };
                let mut sets = vec![String::new(), "*".into(), format!("{}.*", ty.name)];
                if ty.actions.iter().any(|action| action != "a") && self.has_action("a") {
                    sets.push("* except *.a".into());
                }
                sets.extend(ty.actions.iter().cloned());
                let set = self.pick(&sets).clone();
                self.line(format!("    level {level}{includes} {{ {set} }}"));
            }
            self.line("  }");
        }
        self.line("}");
    }

    /// What a type says beside its attributes, actions, roles and shares.
    fn write_members(&mut self, ty: &TypeShape) {
        if let Some(credential) = &ty.credential {
            let mut clause = match credential.owner {
                "owner" => "acts for owner: User".to_owned(),
                _ => "acts for by: User | Group".to_owned(),
            };
            self.count("acts for");
            if let Some(within) = &credential.within {
                clause.push_str(&format!(" within {within}"));
                self.count("within");
                if ty.containers.iter().any(|(_, how)| *how == "many ") {
                    self.count("many homes of a credential");
                }
            }
            if credential.at_most {
                let default = *self.pick(&["", "", " = [\"*\"]", " = []"]);
                self.line(format!("  scopes: Permissions{default}"));
                clause.push_str(" at most scopes");
                self.count("at most scopes");
            }
            self.line(format!("  {clause}"));
        }
        if let (Some(action), true) = (ty.actions.first(), self.chance(25)) {
            self.line(format!("  visible by {action}"));
            self.count("visible by");
        }
        let above: Vec<String> = self.above(&ty.name).into_iter().collect();
        if ty.scope && !above.is_empty() && self.chance_deep(50) {
            let first = self.pick(&above).clone();
            self.line(format!("  overrides {first}"));
            self.count("overrides");
            let second = self.pick(&above).clone();
            if second != first && self.chance(40) {
                self.line(format!("  overrides {second}"));
                self.count("overrides of two");
            }
        }
        if ty.credential.is_none() && self.chance(35) {
            self.write_custom_roles(ty);
        }
    }

    fn write_custom_roles(&mut self, ty: &TypeShape) {
        let mut inside: Vec<(String, Vec<String>)> = Vec::new();
        for below in self.below(&ty.name) {
            let actions = &self.type_shape(&below).actions;
            if !actions.is_empty() {
                inside.push((below, actions.clone()));
            }
        }
        if inside.is_empty() {
            return;
        }
        let (first, actions) = self.pick(&inside).clone();
        let full = |of: &str, actions: &[String]| {
            let actions = actions.iter();
            actions
                .map(|action| format!("{of}.{action}"))
                .collect::<Vec<_>>()
        };
        let (set, custom) = match self.rng.random_range(0..4) {
            0 => {
                let all = inside.iter();
                let all = all.flat_map(|(of, actions)| full(of, actions));
                ("*".to_owned(), all.collect())
            }
            1 => {
                let one = format!("{first}.{}", self.pick(&actions));
                (one.clone(), vec![one])
            }
            2 if actions.len() > 1 => {
                let out = actions[0].clone();
                let left = full(&first, &actions[1..]);
                (format!("{first}.* except {first}.{out}"), left)
            }
            _ => (format!("{first}.*"), full(&first, &actions)),
        };
        self.line(format!("  custom roles from {set}"));
        self.count("custom roles");
        let types = self.shape.types.iter_mut();
        for known in types.filter(|known| known.name == ty.name) {
            known.custom = custom.clone();
        }
    }

    /// A ceiling that leaves something more often than not.
    fn write_ceiling(&mut self, below: &[String], groups: bool) {
        let acting = self.acting(below);
        let set = match acting {
            Some(ty) if self.chance(65) => {
                let actions = self.type_shape(&ty).actions.clone();
                match self.rng.random_range(0..4) {
                    0 => format!("{ty}.{}", self.pick(&actions)),
                    1 => format!("{ty}.*"),
                    2 => format!("*.{}", self.pick(&actions)),
                    _ if actions.len() > 1 => format!("* except {ty}.{}", self.pick(&actions)),
                    _ => format!("{ty}.{}, {ty}.*", self.pick(&actions)),
                }
            }
            _ => self.wild_set(groups, true, below),
        };
        self.line(format!("    at most {set}"));
        self.count("at most");
    }

    /// An action that can be asked inside and has `mfa` in its context.
    pub(super) fn action_with_mfa(&mut self, inside: &[String]) -> Option<String> {
        let mut all = self.shape.mfa.clone();
        all.retain(|action| {
            let (ty, _) = action.split_once('.').expect("a dot in an action");
            inside.iter().any(|inside| inside == ty)
        });
        if all.is_empty() {
            return None;
        }
        Some(self.pick(&all).clone())
    }

    /// What a condition asks of the context that only some actions have.
    pub(super) fn of_some_actions(&mut self) -> &'static str {
        match self.rng.random_range(0..4) {
            0 => "context.mfa",
            1 => "!context.mfa",
            2 => "context.lim < 2",
            _ => "context.lim > 1 && context.mfa",
        }
    }

    fn write_clause(&mut self, below: &[String], groups: bool) {
        let inner = self.pick(below).clone();
        let sure = if self.chance(45) {
            format!(" when {}", Conditions::new(self).sure())
        } else {
            String::new()
        };
        let acting = self.acting(below);
        if let (Some(action), true) = (self.action_with_mfa(below), self.chance(25)) {
            let when = self.of_some_actions();
            let (ty, _) = action.split_once('.').expect("a dot in an action");
            let set = match self.rng.random_range(0..3) {
                0 => action.clone(),
                1 => format!("{ty}.*"),
                _ => format!("*, {action}"),
            };
            self.line(format!("    can {set} when {when}"));
            return;
        }
        let clause = match (self.rng.random_range(0..10), acting) {
            (0, _) => "sees *".into(),
            (1 | 2, _) => format!("sees * when {}", Conditions::new(self).lenient(&inner)),
            (3, _) if below.len() > 1 => format!("sees * except {inner}{sure}"),
            (4, _) => format!("sees {inner}{sure}"),
            (5, _) => format!("sees this{sure}"),
            (6, Some(ty)) => {
                let named = self.shape.types.iter().find(|known| known.name == ty);
                let action = named.and_then(|named| named.actions.first()).cloned();
                format!("can {ty}.{}{sure}", action.unwrap_or_default())
            }
            (7 | 8, Some(ty)) => {
                let more = if groups { ", g.*" } else { "" };
                let sets = ["", ", *", ", *.a", more];
                let set = *self.pick(&sets);
                let set = if set == ", *.a" && !self.has_action("a") {
                    ", *"
                } else {
                    set
                };
                let when = Conditions::new(self).lenient(&ty);
                format!("can {ty}.*{set} when {when}")
            }
            _ => format!("can {}{sure}", self.wild_set(groups, true, below)),
        };
        self.line(format!("    {clause}"));
    }
}
