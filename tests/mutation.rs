//! Shipped policies say nothing idle: whatever is taken out of one, some test of it fails.
//!
//! Each directory below `policies/` is one policy with its tests. Every `expect` in it is turned
//! around and must fail then; every part that gives or takes something is blanked out of the text,
//! and then either the policy no longer compiles or one of its tests fails. A part that could go
//! unnoticed is listed: test it, or take it out.

#![cfg(feature = "compiler")]
#![allow(clippy::panic)]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ward::syntax::ast::{
    ActsFor, Also, AlsoTerm, Claim, Guard, Ident, Item, LevelDecl, Member, PermissionGroup,
    PermissionSet, PolicyFile, RoleClause, RoleDecl, Rule, RuleTarget, Statement, TypeSet,
    TypeTerm,
};
use ward::{Sources, Span};

// ---- the shipped policies -----------------------------------------------------------------------

/// The files of one policy: names relative to its directory, and texts.
#[derive(Clone)]
struct Files(Vec<(String, String)>);

impl Files {
    fn sources(&self) -> Sources {
        let files = self.0.iter();
        files.fold(Sources::new(), |sources, (name, text)| {
            sources.with(name.as_str(), text.as_str())
        })
    }

    fn trees(&self) -> Vec<PolicyFile> {
        let sources = self.sources();
        let trees = sources
            .iter()
            .map(|(id, source)| ward::syntax::parse(id, source.text()).tree);
        trees.collect()
    }

    fn text(&self, span: Span) -> &str {
        let file = self.0.get(span.file.0 as usize);
        file.and_then(|(_, text)| text.get(span.start as usize..span.end as usize))
            .unwrap_or_else(|| panic!("{span:?} lies in no file"))
    }

    /// The same files with other text in the place of a span.
    fn with(&self, span: Span, text: &str) -> Self {
        let mut changed = self.clone();
        if let Some((_, old)) = changed.0.get_mut(span.file.0 as usize) {
            old.replace_range(span.start as usize..span.end as usize, text);
        }
        changed
    }

    fn without(&self, span: Span) -> Self {
        self.with(span, &" ".repeat((span.end - span.start) as usize))
    }

    /// Whether these files compile and their tests pass; else the first reason why not.
    fn run(&self) -> Result<(), String> {
        let policy = ward::compile(&self.sources()).map_err(|errors| errors.to_string())?;
        let results = ward::spec::run(&policy);
        let failed = results
            .iter()
            .find_map(|result| result.failures.first().map(|why| (result, why)));
        failed.map_or(Ok(()), |(result, why)| {
            Err(format!("test \"{}\": {}", result.name, why.message))
        })
    }

    fn locate(&self, span: Span) -> String {
        let sources = self.sources();
        let (name, position) = sources.locate(span);
        format!("{name}:{position}")
    }
}

/// Every policy that is shipped, by the name of its directory.
fn shipped() -> Vec<(String, Files)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut policies = Vec::new();
    for directory in entries(&root) {
        let mut files = Vec::new();
        collect(&directory, &directory, &mut files);
        if !files.is_empty() {
            let name = directory.strip_prefix(&root).unwrap_or(&directory);
            policies.push((name.display().to_string(), Files(files)));
        }
    }
    assert!(!policies.is_empty(), "no policies in {}", root.display());
    policies
}

fn collect(root: &Path, at: &Path, files: &mut Vec<(String, String)>) {
    for path in entries(at) {
        if path.is_dir() {
            collect(root, &path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "policy")
        {
            let name = path.strip_prefix(root).unwrap_or(&path);
            let text = std::fs::read_to_string(&path);
            let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            files.push((name.display().to_string(), text));
        }
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let Ok(found) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = found.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

// ---- what can be taken out ----------------------------------------------------------------------

/// Something that gives or takes: it can be blanked out, and somebody must notice.
struct Part {
    what: &'static str,
    span: Span,
}

/// Collects the parts of a policy. A new construct of the language gets its arm here.
struct Parts<'f> {
    files: &'f Files,
    found: Vec<Part>,
}

impl Parts<'_> {
    fn add(&mut self, what: &'static str, span: Span) {
        self.found.push(Part { what, span });
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Type(decl) => {
                for member in &decl.body {
                    match member {
                        Member::Role(role) => self.role(role),
                        Member::Share(share) => {
                            self.add("share", share.span);
                            share.levels.iter().for_each(|level| self.level(level));
                        }
                        Member::VisibleBy(_, span) => self.add("`visible by`", *span),
                        Member::Overrides(_, span) => self.add("override", *span),
                        Member::CustomRoles(set, span) => {
                            self.add("custom roles", *span);
                            self.permission_set(set);
                        }
                        Member::ActsFor(acts_for) => self.acts_for(acts_for),
                        // These say what there is, and give nothing by themselves.
                        Member::Attribute(_) | Member::Relation(_) | Member::Actions(_) => {}
                    }
                }
            }
            Item::Permissions(group) => self.permissions(group),
            Item::Rule(rule) => self.rule(rule),
            Item::Use(_) | Item::Context(..) | Item::Test(_) => {}
            Item::Error(span) => panic!("{}", self.files.locate(*span)),
        }
    }

    fn role(&mut self, role: &RoleDecl) {
        self.add("role", role.span);
        for clause in &role.clauses {
            match clause {
                RoleClause::Sees { set, when, span } => {
                    self.add("`sees` clause", *span);
                    self.type_set(set);
                    if when.is_some() {
                        self.add("condition", behind(set.span, *span));
                    }
                }
                RoleClause::Can { set, when, span } => {
                    self.add("`can` clause", *span);
                    self.permission_set(set);
                    if when.is_some() {
                        self.add("condition", behind(set.span, *span));
                    }
                }
                RoleClause::Includes { roles, span } => {
                    self.add("`includes` clause", *span);
                    self.names("included role", roles);
                }
                RoleClause::AtMost { set, span } => {
                    self.add("ceiling", *span);
                    self.permission_set(set);
                }
                RoleClause::Also { who, span } => {
                    self.add("`also` clause", *span);
                    let spans: Vec<Span> = who.iter().map(also_span).collect();
                    self.list("source of holders", &spans);
                    who.iter().for_each(|also| self.also(also));
                }
                RoleClause::Requires { roles, span } => {
                    self.add("`requires` clause", *span);
                    let spans = roles.iter().map(|role| role.of.span.to(role.role.span));
                    self.list("required role", &spans.collect::<Vec<_>>());
                }
                RoleClause::For { types, span } => {
                    self.add("`for` clause", *span);
                    self.names("holder", types);
                }
            }
        }
    }

    /// What narrows a source of holders, term by term.
    fn also(&mut self, also: &Also) {
        let mut before = term_span(&also.first);
        if let AlsoTerm::Group(inner) = &also.first {
            self.also(inner);
        }
        for (_, term) in &also.rest {
            let span = term_span(term);
            self.add("term of `also`", behind(before, span));
            if let AlsoTerm::Group(inner) = term {
                self.also(inner);
            }
            before = span;
        }
    }

    fn acts_for(&mut self, acts_for: &ActsFor) {
        self.add("credential", acts_for.span);
        let last = acts_for.types.last();
        let mut before = last.map_or(acts_for.owner.span, |last| last.span);
        if let Some(within) = &acts_for.within {
            self.add("`within`", behind(before, within.span));
            before = within.span;
        }
        if let Some(at_most) = &acts_for.at_most {
            self.add("limit of a credential", behind(before, at_most.span));
        }
    }

    fn level(&mut self, level: &LevelDecl) {
        self.add("level", level.span);
        if let Some(last) = level.includes.last() {
            self.add("`includes` of a level", behind(level.name.span, last.span));
            self.names("included level", &level.includes);
        }
        if let Some(set) = &level.set {
            self.add("content of a level", set.span);
            self.permission_set(set);
        }
    }

    fn permissions(&mut self, group: &PermissionGroup) {
        self.add("permission group", group.span);
        if let Some(set) = &group.set {
            self.add("content of a permission group", set.span);
            self.permission_set(set);
        }
        group
            .groups
            .iter()
            .for_each(|group| self.permissions(group));
    }

    fn rule(&mut self, rule: &Rule) {
        self.add("rule", rule.span);
        let target = match &rule.target {
            RuleTarget::Actions(set) => {
                self.permission_set(set);
                set.span
            }
            RuleTarget::Types(set) => {
                self.type_set(set);
                set.span
            }
        };
        let mut head = target;
        if let Some(last) = rule.subjects.last() {
            self.add("`to` of a rule", behind(target, last.span));
            self.names("subject type of a rule", &rule.subjects);
            head = last.span;
        }
        self.guards(&rule.conditions, head, rule.span);
    }

    /// Each guard goes from its keyword to the next one's.
    fn guards(&mut self, guards: &[Guard], head: Span, whole: Span) {
        let mut before = head;
        let mut starts = Vec::new();
        for guard in guards {
            let gap = Span::new(before.file, before.end, guard.condition.span.start);
            let keyword = if guard.negated { "unless" } else { "when" };
            let at = self.files.text(gap).rfind(keyword);
            let at = at.unwrap_or_else(|| panic!("no `{keyword}` at {}", self.files.locate(gap)));
            starts.push(gap.start + u32::try_from(at).unwrap_or(0));
            before = guard.condition.span;
        }
        let ends = starts.iter().skip(1).copied().chain([whole.end]);
        for (start, end) in starts.iter().zip(ends) {
            self.add("condition", Span::new(whole.file, *start, end));
        }
    }

    fn type_set(&mut self, set: &TypeSet) {
        let span = |term: &TypeTerm| match term {
            TypeTerm::All(span) => *span,
            TypeTerm::Named(name) => name.span,
        };
        let terms: Vec<Span> = set.terms.iter().map(span).collect();
        let except: Vec<Span> = set.except.iter().map(span).collect();
        self.set("type", &terms, &except);
    }

    fn permission_set(&mut self, set: &PermissionSet) {
        let terms: Vec<Span> = set.terms.iter().map(|term| term.span).collect();
        let except: Vec<Span> = set.except.iter().map(|term| term.span).collect();
        self.set("permission", &terms, &except);
    }

    fn set(&mut self, what: &'static str, terms: &[Span], except: &[Span]) {
        self.list(what, terms);
        if let (Some(last), Some(end)) = (terms.last(), except.last()) {
            self.add("`except`", behind(*last, *end));
            self.list("exception", except);
        }
    }

    fn names(&mut self, what: &'static str, names: &[Ident]) {
        let spans: Vec<Span> = names.iter().map(|name| name.span).collect();
        self.list(what, &spans);
    }

    /// Each of several, with the comma beside it. One alone cannot go without the whole list.
    fn list(&mut self, what: &'static str, spans: &[Span]) {
        let mut before: Option<Span> = None;
        let mut rest = spans.iter().peekable();
        while let Some(span) = rest.next() {
            let with_comma = match (before, rest.peek()) {
                (Some(before), _) => behind(before, *span),
                (None, Some(next)) => Span::new(span.file, span.start, next.start),
                (None, None) => return,
            };
            self.add(what, with_comma);
            before = Some(*span);
        }
    }
}

fn term_span(term: &AlsoTerm) -> Span {
    match term {
        AlsoTerm::Name(name) => name.span,
        AlsoTerm::Role { base, role } => base.span.to(role.span),
        AlsoTerm::Group(also) => {
            // With its parentheses.
            let inner = also_span(also);
            Span::new(inner.file, inner.start.saturating_sub(1), inner.end + 1)
        }
    }
}

fn also_span(also: &Also) -> Span {
    let first = term_span(&also.first);
    also.rest
        .last()
        .map_or(first, |(_, last)| first.to(term_span(last)))
}

/// From the end of one span to the end of another.
fn behind(before: Span, whole: Span) -> Span {
    Span::new(whole.file, before.end, whole.end)
}

/// The parts that can be taken out of a policy without anything coming out differently.
fn survivors(files: &Files) -> Vec<String> {
    let mut parts = Parts {
        files,
        found: Vec::new(),
    };
    for tree in &files.trees() {
        tree.items.iter().for_each(|item| parts.item(item));
    }
    let found = parts.found;
    assert!(!found.is_empty(), "nothing to take out");
    // Each is a compilation of its own: let all cores work.
    let survived = in_parallel(&found, |part| files.without(part.span).run().is_ok());
    let survivors = found.iter().zip(survived).filter(|(_, survived)| *survived);
    survivors
        .map(|(part, _)| {
            let words: Vec<&str> = files.text(part.span).split_whitespace().collect();
            let place = files.locate(part.span);
            format!("{place}: {} `{}`", part.what, words.join(" "))
        })
        .collect()
}

// ---- claims turned around -----------------------------------------------------------------------

/// The keyword of each `expect`, and the opposite to put in its place.
fn flips(files: &Files) -> Vec<(Span, String)> {
    let mut flips = Vec::new();
    for tree in &files.trees() {
        for item in &tree.items {
            let Item::Test(test) = item else { continue };
            for statement in &test.statements {
                // `expect refused FACT` turned around is the fact alone, and that is refused.
                let Statement::Expect(expectation) = statement else {
                    continue;
                };
                let subject = expectation.subject.span;
                let rest = behind(subject, expectation.span);
                let (keyword, opposite) = match &expectation.claim {
                    Claim::Can(_) => ("can", "cannot"),
                    Claim::Cannot(_) => ("cannot", "can"),
                    Claim::Sees => ("sees", "cannot see"),
                    Claim::CannotSee => ("cannot see", "sees"),
                    Claim::SeesOnly => ("sees only", "cannot see"),
                    Claim::SeesNo(ty) => {
                        let claim = keyword_span(files, rest, "sees no").to(ty.span);
                        flips.push((claim, format!("sees only {}:nothing", ty.name)));
                        continue;
                    }
                };
                flips.push((keyword_span(files, rest, keyword), opposite.to_owned()));
            }
        }
    }
    flips
}

/// Where words stand that open a stretch of text, whatever the white space between them.
fn keyword_span(files: &Files, rest: Span, keyword: &str) -> Span {
    let text = files.text(rest);
    let mut at = text.len() - text.trim_start().len();
    let start = at;
    let words = keyword.split(' ').try_for_each(|word| {
        let left = text.get(at..).unwrap_or("");
        let trimmed = left.trim_start();
        at += left.len() - trimmed.len();
        if !trimmed.starts_with(word) {
            return ControlFlow::Break(());
        }
        at += word.len();
        ControlFlow::Continue(())
    });
    assert!(
        words.is_continue(),
        "no `{keyword}` at {}",
        files.locate(rest)
    );
    let offset = |at: usize| rest.start + u32::try_from(at).unwrap_or(0);
    Span::new(rest.file, offset(start), offset(at))
}

/// The claims that hold just as well when they are turned around.
fn unheard(files: &Files) -> Vec<String> {
    let flips = flips(files);
    assert!(!flips.is_empty(), "no `expect` in any file");
    let unheard = in_parallel(&flips, |(keyword, opposite)| {
        let changed = files.with(*keyword, opposite);
        let policy = ward::compile(&changed.sources());
        let policy = policy.unwrap_or_else(|errors| panic!("{errors}"));
        let results = ward::spec::run(&policy);
        let mut failures = results.iter().flat_map(|result| &result.failures);
        // The very claim fails, which is the one that the keyword stands in.
        !failures.any(|failure| {
            failure.span.file == keyword.file
                && (failure.span.start..failure.span.end).contains(&keyword.start)
        })
    });
    let unheard = flips.iter().zip(unheard).filter(|(_, unheard)| *unheard);
    unheard
        .map(|((keyword, opposite), _)| format!("{}: `{opposite}`", files.locate(*keyword)))
        .collect()
}

/// What a question comes to for each of many, on all cores, in order.
fn in_parallel<T: Sync>(all: &[T], ask: impl Fn(&T) -> bool + Sync) -> Vec<bool> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = all.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let parts = all.chunks(share);
        let running: Vec<_> = parts
            .map(|part| scope.spawn(|| part.iter().map(&ask).collect::<Vec<bool>>()))
            .collect();
        let done = running.into_iter().map(|thread| thread.join());
        done.flat_map(|answers| answers.unwrap_or_else(|_| panic!("a thread panicked")))
            .collect()
    })
}

// ---- tests --------------------------------------------------------------------------------------

#[test]
fn shipped_policies_pass_their_tests() {
    for (name, files) in shipped() {
        if let Err(why) = files.run() {
            panic!("{name}: {why}");
        }
    }
}

#[test]
fn every_claim_fails_when_turned_around() {
    for (name, files) in shipped() {
        let unheard = unheard(&files);
        assert!(unheard.is_empty(), "{name}:\n{}", unheard.join("\n"));
    }
}

#[test]
fn every_part_is_needed_by_some_test() {
    for (name, files) in shipped() {
        let survivors = survivors(&files);
        assert!(survivors.is_empty(), "{name}:\n{}", survivors.join("\n"));
    }
}

/// A policy in which each part is idle that is named on the right.
const IDLE: &str = r#"
subject User
scope Team {
    role Member { sees * }
    role Editor { can Doc.edit, Doc.view }                  // Doc.view
    role Chief { includes Editor can Doc.close }            // includes Editor
}
resource Doc in Team {
    open: Bool = true
    actions view, edit, close
    share with Team { level edit { edit, view } }           // view
}
forbid Doc.close, Doc.view when (resource.open)             // Doc.view
    unless principal == User:root                           // the exception
hide Doc when resource.open && principal == User:nobody     // all of it

test "an editor edits" {
    Doc:plan in Team:red
    User:ann is Member of Team:red, Editor of Team:red
    expect User:ann can edit on Doc:plan
    User:eve is Member of Team:blue, Editor of Team:blue
    share Doc:plan with Team:blue at edit
    expect User:eve can edit on Doc:plan
    User:cid is Member of Team:red, Chief of Team:red
    expect User:cid cannot close on Doc:plan
    Doc:note in Team:red { open: false }
    expect User:cid can close on Doc:note
    expect User:ann cannot close on Doc:note
}
"#;

#[test]
fn idle_parts_are_found() {
    let files = Files(vec![("idle.policy".into(), IDLE.into())]);
    assert_eq!(files.run(), Ok(()));
    assert_eq!(unheard(&files), Vec::<String>::new());
    assert_eq!(
        survivors(&files),
        [
            "idle.policy:5:31: permission `, Doc.view`",
            "idle.policy:6:18: `includes` clause `includes Editor`",
            "idle.policy:11:40: permission `, view`",
            "idle.policy:13:17: permission `, Doc.view`",
            "idle.policy:14:5: condition `unless principal == User:root`",
            "idle.policy:15:1: rule `hide Doc when resource.open && principal == User:nobody`",
        ]
    );
}
