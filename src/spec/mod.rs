//! Runs `test` blocks: a test is a story, and each statement acts on what the ones before have made.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, facts as report};
use crate::eval::{Context, Evaluator, Outcome, QueryError, Reasons};
use crate::literal::EntityName;
use crate::load;
use crate::policy::Policy;
use crate::source::Span;
use crate::syntax::ast::{self, ActionRef, Claim, Expectation, Item, Statement, Test};
use crate::world::{World, WorldBuilder};

/// When a test asks, unless an `expect` says `at`: 2000-01-01T00:00:00Z, in milliseconds.
pub const TEST_TIME: i64 = 946_684_800_000;

/// What came of a test.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// How many claims it makes.
    pub claims: usize,
    /// The claims that do not hold.
    pub failures: Vec<Failure>,
}

impl TestResult {
    /// Whether every claim holds.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// A claim that does not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The `expect`.
    pub span: Span,
    /// What was claimed and what came out, in one line.
    pub message: String,
    /// What decided; nothing where a fact was taken that should have been refused.
    pub reasons: Option<Reasons>,
}

/// Runs all tests of a policy, in the order of its files.
pub fn run(policy: &Policy) -> Vec<TestResult> {
    let blank = WorldBuilder::new(Arc::clone(policy.plan()));
    tests(policy)
        .map(|test| {
            let mut result = TestResult {
                name: test.name.value.clone(),
                span: test.span,
                claims: 0,
                failures: Vec::new(),
            };
            // Whatever a test cannot even ask was reported when the policy was compiled.
            tell(policy, &blank, test, &mut |step| match step {
                Step::Wrong(_) => {}
                Step::Tried { span, refused } => {
                    result.claims += 1;
                    if !refused {
                        result.failures.push(Failure {
                            span,
                            message: "expected that this is refused, and it was taken".into(),
                            reasons: None,
                        });
                    }
                }
                Step::Asked { expectation, world } => {
                    for claim in claims(expectation) {
                        result.claims += 1;
                        result
                            .failures
                            .extend(ask(world, expectation, &claim).ok().flatten());
                    }
                }
            });
            result
        })
        .collect()
}

/// Finds facts that do not fit the policy and questions that cannot be asked.
pub(crate) fn check(policy: &Policy) -> Vec<Diagnostic> {
    let blank = WorldBuilder::new(Arc::clone(policy.plan()));
    let mut diagnostics = Vec::new();
    let mut names: HashMap<&str, Span> = HashMap::new();
    for test in tests(policy) {
        let name = &test.name;
        if let Some(first) = names.insert(&name.value, name.span) {
            diagnostics.push(report::test_twice(name.span, &name.value, first));
        }
        tell(policy, &blank, test, &mut |step| match step {
            Step::Wrong(diagnostic) => diagnostics.push(diagnostic),
            Step::Tried { .. } => {}
            Step::Asked { expectation, world } => {
                for claim in claims(expectation) {
                    if let Err(diagnostic) = ask(world, expectation, &claim) {
                        diagnostics.push(diagnostic);
                    }
                }
            }
        });
    }
    diagnostics
}

fn tests(policy: &Policy) -> impl Iterator<Item = &Test> {
    let items = policy.files.iter().flat_map(|file| &file.items);
    items.filter_map(|item| match item {
        Item::Test(test) => Some(test),
        _ => None,
    })
}

/// What happens when a test is told from the top.
enum Step<'t> {
    /// A statement that does not fit.
    Wrong(Diagnostic),
    /// Facts that should be refused.
    Tried { span: Span, refused: bool },
    /// A claim, with the world as it is by then.
    Asked {
        expectation: &'t Expectation,
        world: &'t World,
    },
}

fn tell(policy: &Policy, blank: &WorldBuilder, test: &Test, listen: &mut dyn FnMut(Step<'_>)) {
    let mut builder = blank.clone();
    let mut world: Option<World> = None;
    for statement in &test.statements {
        let (fact, removes) = match statement {
            Statement::Fact(fact) => (fact, false),
            Statement::Remove(fact, _) => (fact, true),
            Statement::Refused(facts, span) => {
                // Whatever becomes of them, nothing of it stays.
                let taken = facts.iter().any(|fact| {
                    let named = load::fact(&policy.sources, fact);
                    named.is_ok_and(|named| builder.clone().add(&named).is_ok())
                });
                listen(Step::Tried {
                    span: *span,
                    refused: !taken,
                });
                continue;
            }
            Statement::Expect(expectation) => {
                let world = world.get_or_insert_with(|| builder.world());
                listen(Step::Asked { expectation, world });
                continue;
            }
        };
        world = None;
        let changed = load::fact(&policy.sources, fact).and_then(|named| {
            let changed = if removes {
                builder.remove(&named)
            } else {
                builder.add(&named)
            };
            changed.map_err(|refusal| report::refused(load::words(fact, &refusal.reason), &refusal))
        });
        if let Err(diagnostic) = changed {
            listen(Step::Wrong(diagnostic));
        }
    }
}

/// One claim of an `expect`.
enum OneClaim<'t> {
    /// About one resource, and one action if it is about any.
    Check {
        resource: &'t ast::Entity,
        action: Option<&'t ActionRef>,
        expected: Outcome,
    },
    /// About everything of one type that is seen.
    List {
        type_name: &'t str,
        span: Span,
        expected: Vec<EntityName>,
    },
}

fn name(entity: &ast::Entity) -> EntityName {
    EntityName::new(&*entity.type_name, &*entity.id)
}

/// Each action on each resource.
fn checks<'t>(
    resources: &'t [ast::Entity],
    actions: &'t [ActionRef],
    expected: Outcome,
) -> Vec<OneClaim<'t>> {
    let of_one = |resource| {
        actions.iter().map(move |action| OneClaim::Check {
            resource,
            action: Some(action),
            expected,
        })
    };
    resources.iter().flat_map(of_one).collect()
}

fn claims(expectation: &Expectation) -> Vec<OneClaim<'_>> {
    let resources = &expectation.resources;
    let sights = |expected| {
        let of_one = |resource| OneClaim::Check {
            resource,
            action: None,
            expected,
        };
        resources.iter().map(of_one).collect()
    };
    match &expectation.claim {
        Claim::Can(actions) => checks(resources, actions, Outcome::Allowed),
        Claim::Cannot(actions) => checks(resources, actions, Outcome::Forbidden),
        Claim::Sees => sights(Outcome::Allowed),
        Claim::CannotSee => sights(Outcome::Invisible),
        Claim::SeesNo(ty) => vec![OneClaim::List {
            type_name: &ty.name,
            span: ty.span,
            expected: Vec::new(),
        }],
        Claim::SeesOnly => {
            let mut lists: Vec<OneClaim<'_>> = Vec::new();
            for resource in resources {
                let list = lists.iter_mut().find_map(|list| match list {
                    OneClaim::List {
                        type_name,
                        expected,
                        ..
                    } if *type_name == resource.type_name => Some(expected),
                    _ => None,
                });
                match list {
                    Some(expected) => expected.push(name(resource)),
                    None => lists.push(OneClaim::List {
                        type_name: &resource.type_name,
                        span: resource.span,
                        expected: vec![name(resource)],
                    }),
                }
            }
            lists
        }
    }
}

/// Asks; nothing where the claim holds.
fn ask(
    world: &World,
    expectation: &Expectation,
    claim: &OneClaim<'_>,
) -> Result<Option<Failure>, Diagnostic> {
    let subject = name(&expectation.subject);
    let context = Context::from_iter(load::values(&expectation.context)?);
    let now = expectation.at.map_or(TEST_TIME, |moment| moment.millis);
    let ward = Evaluator::new(world, now);
    let failure = |message: String, reasons: Reasons| Failure {
        span: expectation.span,
        message,
        reasons: Some(reasons),
    };
    let (resource, action, expected) = match claim {
        OneClaim::List {
            type_name,
            span,
            expected,
        } => {
            let wrong = |error: QueryError| match error.code() {
                "E0601" if !error.names(&subject.type_name) => report::bad_question(*span, &error),
                _ => report::bad_question(expectation.subject.span, &error),
            };
            let seen = ward.visible(&subject, type_name, &context).map_err(wrong)?;
            let extra = seen.iter().find(|seen| !expected.contains(seen));
            let missing = expected.iter().find(|wanted| !seen.contains(wanted));
            let Some(other) = extra.or(missing) else {
                return Ok(None);
            };
            let what = if extra.is_some() {
                format!("{other} too")
            } else {
                format!("no {other}")
            };
            let reasons = ward
                .sight_reasons(&subject, other, &context)
                .map_err(wrong)?;
            let message = format!("{subject} sees {what}, against what is expected of {type_name}");
            return Ok(Some(failure(message, reasons)));
        }
        OneClaim::Check {
            resource,
            action,
            expected,
        } => (*resource, *action, *expected),
    };
    let resource_name = name(resource);
    let action_name = action.map(|action| match &action.type_name {
        Some(ty) => format!("{}.{}", ty.name, action.name.name),
        None => action.name.name.clone(),
    });
    let asked = match &action_name {
        Some(action) => ward.reasons(&subject, action, &resource_name, &context),
        None => ward.sight_reasons(&subject, &resource_name, &context),
    };
    let wrong = |error: QueryError| {
        let span = match error.code() {
            "E0601" | "E0602" if error.names(&subject.type_name) => expectation.subject.span,
            "E0603" | "E0604" => action.map_or(expectation.span, |action| action.name.span),
            "E0601" => resource.span,
            _ => expectation.span,
        };
        report::bad_question(span, &error)
    };
    let reasons = asked.map_err(wrong)?;
    if reasons.outcome == expected {
        return Ok(None);
    }
    let message = match (&action_name, expected) {
        (None, Outcome::Invisible) => format!("expected that {subject} cannot see {resource_name}"),
        (None, _) => format!("expected that {subject} sees {resource_name}"),
        (Some(action), expected) => format!(
            "expected {expected} for {subject} {action} {resource_name}, and it came out {}",
            reasons.outcome
        ),
    };
    Ok(Some(failure(message, reasons)))
}
