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
    /// What decided.
    pub reasons: Reasons,
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
            tell(policy, &blank, test, &mut |step| {
                if let Step::Asked { expectation, world } = step {
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
            changed.map_err(|refusal| report::refused(fact.span, &refusal))
        });
        if let Err(diagnostic) = changed {
            listen(Step::Wrong(diagnostic));
        }
    }
}

/// One claim of an `expect`: about one resource, and one action if it is about any.
struct OneClaim<'t> {
    resource: &'t ast::Entity,
    action: Option<&'t ActionRef>,
    expected: Outcome,
}

fn claims(expectation: &Expectation) -> Vec<OneClaim<'_>> {
    let mut all = Vec::new();
    for resource in &expectation.resources {
        let (actions, expected) = match &expectation.claim {
            Claim::Can(actions) => (actions.as_slice(), Outcome::Allowed),
            Claim::Cannot(actions) => (actions.as_slice(), Outcome::Forbidden),
            Claim::Sees => (&[][..], Outcome::Allowed),
            Claim::CannotSee => (&[][..], Outcome::Invisible),
            Claim::SeesOnly | Claim::SeesNo(_) => todo!(),
        };
        if actions.is_empty() {
            all.push(OneClaim {
                resource,
                action: None,
                expected,
            });
        }
        all.extend(actions.iter().map(|action| OneClaim {
            resource,
            action: Some(action),
            expected,
        }));
    }
    all
}

/// Asks; nothing where the claim holds.
fn ask(
    world: &World,
    expectation: &Expectation,
    claim: &OneClaim<'_>,
) -> Result<Option<Failure>, Diagnostic> {
    let name = |entity: &ast::Entity| EntityName::new(&*entity.type_name, &*entity.id);
    let (subject, resource) = (name(&expectation.subject), name(claim.resource));
    let context = Context::from_iter(load::values(&expectation.context)?);
    let now = expectation.at.map_or(TEST_TIME, |moment| moment.millis);
    let ward = Evaluator::new(world, now);
    let action = claim.action.map(|action| match &action.type_name {
        Some(ty) => format!("{}.{}", ty.name, action.name.name),
        None => action.name.name.clone(),
    });
    let asked = match &action {
        Some(action) => ward.reasons(&subject, action, &resource, &context),
        None => ward.sight_reasons(&subject, &resource, &context),
    };
    let wrong = |error: QueryError| {
        let span = match error.code() {
            "E0601" | "E0602" if error.names(&subject.type_name) => expectation.subject.span,
            "E0603" | "E0604" => claim
                .action
                .map_or(expectation.span, |action| action.name.span),
            "E0601" => claim.resource.span,
            _ => expectation.span,
        };
        report::bad_question(span, &error)
    };
    let reasons = asked.map_err(wrong)?;
    if reasons.outcome == claim.expected {
        return Ok(None);
    }
    let message = match (&action, claim.expected) {
        (None, Outcome::Invisible) => format!("expected that {subject} cannot see {resource}"),
        (None, _) => format!("expected that {subject} sees {resource}"),
        (Some(action), expected) => format!(
            "expected {expected} for {subject} {action} {resource}, and it came out {}",
            reasons.outcome
        ),
    };
    Ok(Some(Failure {
        span: expectation.span,
        message,
        reasons,
    }))
}
