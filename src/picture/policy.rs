//! Pictures of policies.

use super::{Card, CardKind, LinkKind, Picture, Tone};
use crate::matrix::{RoleMatrix, RowKind, State};
use crate::plan::TypeKind;
use crate::policy::Policy;
use crate::source::Span;
use crate::syntax::ast::{
    Cardinality, Item, Member, RoleClause, RoleDecl, Rule, ShareDecl, TypeDecl,
};

impl From<TypeKind> for CardKind {
    fn from(kind: TypeKind) -> Self {
        match kind {
            TypeKind::Subject => Self::Subject,
            TypeKind::Scope => Self::Scope,
            TypeKind::Resource => Self::Resource,
        }
    }
}

/// A line that is drawn once all cards are there.
struct Wanted {
    from: usize,
    row: Option<usize>,
    to: String,
    kind: LinkKind,
}

struct Drawing<'p> {
    policy: &'p Policy,
    picture: Picture,
    names: Vec<String>,
    wanted: Vec<Wanted>,
}

impl Picture {
    /// A whole policy: its types with their roles, what these see and may do, shares, and the rules.
    pub fn of_policy(policy: &Policy) -> Self {
        let mut drawing = Drawing::new(policy, "The policy");
        let rules: Vec<&Rule> = drawing.rules();
        for ty in drawing.types() {
            let card = drawing.card(ty);
            drawing.roles(card, ty);
        }
        drawing.rule_card(&rules);
        drawing.finish()
    }

    /// What a policy says about one type: where it stands, what each role gives on it, and the rules;
    /// nothing where it has no such type.
    pub fn of_type(policy: &Policy, type_name: &str) -> Option<Self> {
        let plan = policy.plan();
        plan.find_type(type_name)?;
        let mut drawing = Drawing::new(policy, &format!("Who sees a {type_name}, and may do what"));
        let mut matrix = RoleMatrix::of(plan);
        matrix.tables.retain(|table| table.type_name == type_name);
        let table = matrix.tables.first();
        // Where it stands and where it may be seen from, to the top, and what those who hold roles are.
        let mut shown = vec![type_name.to_owned()];
        let types = drawing.types();
        let mut at = 0;
        while let Some(name) = shown.get(at).cloned() {
            at += 1;
            for ty in types.iter().filter(|ty| ty.name.name == name) {
                let containers = ty.containers.iter().map(|of| &of.type_name.name);
                let shares = shares(ty).map(|share| &share.with.name);
                for next in containers
                    .chain(shares)
                    .chain(ty.members.iter().map(|of| &of.name))
                {
                    if !shown.contains(next) {
                        shown.push(next.clone());
                    }
                }
            }
        }
        for ty in types.iter().filter(|ty| shown.contains(&ty.name.name)) {
            let card = drawing.card(ty);
            let here = table.into_iter().flat_map(|table| &table.rows);
            for row in here.filter(|row| row.kind == RowKind::Role) {
                let Some((role, _)) = row
                    .name
                    .rsplit_once(" of ")
                    .filter(|(_, of)| *of == ty.name.name)
                else {
                    continue;
                };
                drawing.row(card, Tone::Role, 0, format!("role {role}"));
                let cells = row
                    .cells
                    .iter()
                    .zip(table.into_iter().flat_map(|table| &table.actions));
                let conditions = match row.sees.conditions() {
                    none if none.is_empty() => "sees it".to_owned(),
                    some => format!("sees it {some}"),
                };
                if row.sees.state != State::Never {
                    drawing.row(card, Tone::Sight, 1, conditions);
                }
                let mut given: Vec<(State, String, Vec<&str>)> = Vec::new();
                for (cell, action) in cells.filter(|(cell, _)| cell.state != State::Never) {
                    let conditions = cell.conditions();
                    match given
                        .iter_mut()
                        .find(|(state, text, _)| *state == cell.state && *text == conditions)
                    {
                        Some((_, _, actions)) => actions.push(action),
                        None => given.push((cell.state, conditions, vec![action])),
                    }
                }
                for (state, conditions, actions) in given {
                    let (tone, word) = if state == State::Capped {
                        (Tone::Limit, "never")
                    } else {
                        (Tone::Power, "can")
                    };
                    let text = format!("{word} {} {conditions}", actions.join(", "));
                    drawing.row(card, tone, 1, text.trim_end());
                }
                for note in &row.notes {
                    drawing.row(card, Tone::Limit, 1, note);
                }
            }
        }
        let rules = drawing.rules();
        let ty = plan
            .find_type(type_name)
            .and_then(|of| plan.types.find(of))?;
        let clauses = ty.permits.iter().chain(&ty.forbids).map(|rule| rule.clause);
        let sights = ty.reveals.iter().chain(&ty.hides).map(|rule| rule.clause);
        let places: Vec<(&str, u32, u32)> = clauses
            .chain(sights)
            .filter_map(|clause| {
                let clause = plan.clauses.find(clause)?;
                Some((clause.file.as_str(), clause.line, clause.column))
            })
            .collect();
        let about = |rule: &&Rule| {
            let (file, at) = policy.sources().locate(rule.span);
            places.contains(&(file, at.line, at.column))
        };
        let rules: Vec<&Rule> = rules.into_iter().filter(about).collect();
        drawing.rule_card(&rules);
        Some(drawing.finish())
    }
}

fn shares(ty: &TypeDecl) -> impl Iterator<Item = &ShareDecl> {
    ty.body.iter().filter_map(|member| match member {
        Member::Share(share) => Some(share),
        _ => None,
    })
}

impl<'p> Drawing<'p> {
    fn new(policy: &'p Policy, title: &str) -> Self {
        Self {
            policy,
            picture: Picture {
                title: title.to_owned(),
                ..Picture::default()
            },
            names: Vec::new(),
            wanted: Vec::new(),
        }
    }

    fn items(&self) -> impl Iterator<Item = &'p Item> + use<'p> {
        self.policy.files.iter().flat_map(|file| &file.items)
    }

    fn types(&self) -> Vec<&'p TypeDecl> {
        let types = self.items().filter_map(|item| match item {
            Item::Type(ty) => Some(ty),
            _ => None,
        });
        types.collect()
    }

    fn rules(&self) -> Vec<&'p Rule> {
        let rules = self.items().filter_map(|item| match item {
            Item::Rule(rule) => Some(rule),
            _ => None,
        });
        rules.collect()
    }

    fn text(&self, span: Span) -> String {
        let words = self.policy.sources().text(span).split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    }

    fn row(
        &mut self,
        card: usize,
        tone: Tone,
        depth: usize,
        text: impl Into<String>,
    ) -> Option<usize> {
        Some(self.picture.cards.get_mut(card)?.row(tone, depth, text))
    }

    fn want(&mut self, from: usize, row: Option<usize>, to: &str, kind: LinkKind) {
        let to = to.to_owned();
        self.wanted.push(Wanted {
            from,
            row,
            to,
            kind,
        });
    }

    /// The card of a type with all but its roles.
    fn card(&mut self, ty: &TypeDecl) -> usize {
        let name = &ty.name.name;
        let card = self.picture.add(Card::new(ty.kind.into(), name));
        self.names.push(name.clone());
        if !ty.members.is_empty() {
            let members: Vec<&str> = ty.members.iter().map(|of| of.name.as_str()).collect();
            self.row(card, Tone::Plain, 0, format!("of {}", members.join(" | ")));
        }
        if !ty.containers.is_empty() {
            let containers = ty.containers.iter().map(|of| {
                let name = &of.type_name.name;
                match of.cardinality {
                    Cardinality::One => name.clone(),
                    Cardinality::Optional => format!("{name}?"),
                    Cardinality::Many => format!("many {name}"),
                }
            });
            let text = containers.collect::<Vec<_>>().join(", ");
            self.row(card, Tone::Plain, 0, format!("in {text}"));
        }
        for of in ty.containers.iter().filter(|of| of.type_name.name != *name) {
            self.want(card, None, &of.type_name.name, LinkKind::In);
        }
        let mut actions: Vec<String> = Vec::new();
        for member in &ty.body {
            if let Member::Actions(declared) = member {
                actions.extend(declared.iter().map(|action| {
                    let dangerous = action
                        .marks
                        .iter()
                        .any(|mark| mark.name.name == "dangerous");
                    format!(
                        "{}{}",
                        action.name.name,
                        if dangerous { " (!)" } else { "" }
                    )
                }));
            }
        }
        if !actions.is_empty() {
            self.row(
                card,
                Tone::Plain,
                0,
                format!("actions {}", actions.join(", ")),
            );
        }
        for member in &ty.body {
            match member {
                Member::VisibleBy(_, span) => {
                    self.row(card, Tone::Sight, 0, self.text(*span));
                }
                Member::Overrides(of, span) => {
                    let row = self.row(card, Tone::Limit, 0, self.text(*span));
                    self.want(card, row, &of.name, LinkKind::Override);
                }
                Member::CustomRoles(_, span) => {
                    self.row(card, Tone::Role, 0, self.text(*span));
                }
                Member::ActsFor(acts) => {
                    self.row(card, Tone::Limit, 0, self.text(acts.span));
                }
                Member::Share(share) => {
                    let row = self.row(
                        card,
                        Tone::Share,
                        0,
                        format!("share with {}", share.with.name),
                    );
                    self.want(card, row, &share.with.name, LinkKind::Share);
                    for level in &share.levels {
                        self.row(card, Tone::Share, 1, self.text(level.span));
                    }
                }
                Member::Attribute(_)
                | Member::Relation(_)
                | Member::Actions(_)
                | Member::Role(_) => {}
            }
        }
        for of in ty.members.iter().filter(|of| of.name != *name) {
            let kind = LinkKind::Member;
            self.wanted.push(Wanted {
                from: usize::MAX,
                row: None,
                to: format!("{}\n{name}", of.name),
                kind,
            });
        }
        card
    }

    fn roles(&mut self, card: usize, ty: &TypeDecl) {
        for member in &ty.body {
            if let Member::Role(role) = member {
                self.role(card, role);
            }
        }
    }

    fn role(&mut self, card: usize, role: &RoleDecl) {
        let marks: Vec<String> = role
            .marks
            .iter()
            .map(|mark| format!(" @{}", mark.name.name))
            .collect();
        self.row(
            card,
            Tone::Role,
            0,
            format!("role {}{}", role.name.name, marks.join("")),
        );
        for clause in &role.clauses {
            let (tone, span) = match clause {
                RoleClause::Sees { span, .. } => (Tone::Sight, span),
                RoleClause::Can { span, .. } => (Tone::Power, span),
                RoleClause::Includes { span, .. } | RoleClause::Also { span, .. } => {
                    (Tone::Plain, span)
                }
                RoleClause::AtMost { span, .. }
                | RoleClause::Requires { span, .. }
                | RoleClause::For { span, .. } => (Tone::Limit, span),
            };
            self.row(card, tone, 1, self.text(*span));
        }
    }

    fn rule_card(&mut self, rules: &[&Rule]) {
        if rules.is_empty() {
            return;
        }
        let card = self.picture.add(Card::new(CardKind::Rules, "Rules"));
        self.names.push(String::new());
        for rule in rules {
            use crate::syntax::ast::RuleKind;
            let tone = match rule.kind {
                RuleKind::Permit => Tone::Power,
                RuleKind::Reveal => Tone::Sight,
                RuleKind::Forbid | RuleKind::Hide => Tone::Denial,
            };
            self.row(card, tone, 0, self.text(rule.span));
        }
    }

    fn finish(mut self) -> Picture {
        let find = |name: &str| self.names.iter().position(|known| known == name);
        for wanted in &self.wanted {
            let (from, to) = match wanted.to.split_once('\n') {
                Some((member, group)) => (find(member), find(group)),
                None => (Some(wanted.from), find(&wanted.to)),
            };
            if let (Some(from), Some(to)) = (from, to) {
                self.picture.link(from, wanted.row, to, wanted.kind);
            }
        }
        self.picture
    }
}
