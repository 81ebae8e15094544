//! Slips in clauses: a misspelt keyword, a word left out, a word in the wrong place.

use super::expected::Expected;
use crate::literal;
use crate::syntax::token::Token;

/// The words that begin a member of a type, or go on with `acts for`. A wrong one is first read as
/// the name of an attribute.
const MEMBERS: &[&str] = &[
    "actions",
    "relation",
    "role",
    "share",
    "visible",
    "overrides",
    "custom",
    "acts",
    "within",
    "at most",
];

/// What the tokens before a mistake tell of it.
pub(super) enum Slip {
    /// The word before is misspelt.
    Before(&'static str),
    /// What to do, in a line.
    Help(String),
}

/// Looks at the tokens around: those before the one that was not expected, and that one.
pub(super) fn find(
    before: &[Token<'_>],
    found: Option<&Token<'_>>,
    next: Option<&Token<'_>>,
    expected: &Expected,
) -> Option<Slip> {
    let last = before.last();
    let help = |text: &str| Some(Slip::Help(text.to_owned()));
    if let (Some(Token::Identifier(word)), true) = (last, expected.is(&[":", "?"])) {
        // `action a: T` is an attribute; only a word that nothing stands behind as a type is misspelt.
        if let Some(near) = literal::nearest(word, MEMBERS.iter().copied()) {
            return Some(Slip::Before(near));
        }
    }
    let clause = clause(before);
    if expected.takes("at most") && !matches!(clause, Some(Token::Acts)) {
        match (found, next) {
            (Some(Token::Identifier("most")), _) => return help("did you mean `at most`?"),
            (Some(Token::At), Some(Token::Identifier(word)))
                if literal::nearest(word, ["most"]).is_some() =>
            {
                return help("did you mean `at most`?");
            }
            _ => {}
        }
    }
    if let (Some(Token::Identifier(word)), true) = (found, expected.takes("entity"))
        && word.starts_with(|first: char| first.is_ascii_uppercase())
    {
        return Some(Slip::Help(format!("an entity is written `{word}:id`")));
    }
    match (clause?, found) {
        (Token::Custom, Some(Token::Role)) if expected.takes("entity") => {
            help("take the `custom` out: `role Developer of Org:acme can Doc.view`")
        }
        (Token::Expect, Some(Token::Entity(name))) if matches!(last, Some(Token::No)) => {
            let (ty, _) = name.split_once(':')?;
            Some(Slip::Help(format!(
                "behind `no` stands a type: `sees no {ty}`"
            )))
        }
        (Token::Also, Some(Token::Identifier("or") | Token::Or | Token::Pipe)) => {
            help("put a `,` between those who hold it: `also owner, Org.Admin`")
        }
        (Token::Also, Some(Token::And)) => help("write `and`"),
        (Token::Also, Some(Token::Not)) => help("write `except`: `also Member except Guest`"),
        (Token::Also, Some(Token::When | Token::Identifier("if" | "unless"))) => {
            help("`also` takes no condition: put the `when` behind `sees` and `can`")
        }
        (Token::Acts, Some(Token::Within)) => help("`within` stands before `at most`"),
        (Token::Acts, Some(Token::In)) => help("write `within`"),
        (Token::Role, Some(Token::Until)) => help(
            "a role does not end: put the `until` behind who holds it, `User:alice is Developer of Org:acme until …`",
        ),
        (Token::Hash, Some(Token::Dot)) => {
            help("behind `#` stands a role of that entity alone: `Team:ml#Member`")
        }
        (Token::Hash, Some(Token::In)) => {
            help("a set holds roles, and stands in nothing: `Team:ml#Member is Viewer of …`")
        }
        (Token::Context, Some(Token::Dot)) => {
            help("for some actions alone write `context Doc.delete { name: Type }`")
        }
        (clause, found) => {
            // A near keyword, or what is wrong with the word itself, tells more.
            if found.is_some_and(|found| expected.help(found).is_some()) {
                return None;
            }
            form_of(clause, before).map(|form| Slip::Help(form.to_owned()))
        }
    }
}

/// The keyword of the clause that a mistake is in.
fn clause<'t, 's>(before: &'t [Token<'s>]) -> Option<&'t Token<'s>> {
    let mut tokens = before.iter().enumerate().rev();
    let (at, keyword) = tokens.find(|(_, token)| {
        matches!(
            token,
            Token::OpenBrace
                | Token::CloseBrace
                | Token::Sees
                | Token::Can
                | Token::Cannot
                | Token::Includes
                | Token::Also
                | Token::Requires
                | Token::For
                | Token::AtMost
                | Token::Visible
                | Token::Overrides
                | Token::Custom
                | Token::Acts
                | Token::Actions
                | Token::Role
                | Token::Relation
                | Token::Share
                | Token::Level
                | Token::Expect
                | Token::Remove
                | Token::Hash
                | Token::Context
                | Token::When
                | Token::Unless
                | Token::Is
        )
    })?;
    let earlier = |back: usize| at.checked_sub(back).and_then(|at| before.get(at));
    match keyword {
        // `acts for owner: User at most scopes`
        Token::For if matches!(earlier(1), Some(Token::Acts | Token::Context)) => earlier(1),
        Token::AtMost => {
            let above = before.get(..at).unwrap_or(&[]);
            let acts = above.iter().rev().take(8);
            let mut acts = acts.take_while(|token| !matches!(token, Token::OpenBrace));
            acts.find(|token| matches!(token, Token::Acts))
                .or(Some(keyword))
        }
        Token::OpenBrace if matches!(earlier(1), Some(Token::Context)) => earlier(1),
        // `role Developer of Account:acme can …`
        Token::Can => {
            let above = before.get(..at).unwrap_or(&[]);
            let mut role = above.iter().rev().take(4);
            match (role.next(), role.next(), role.next(), role.next()) {
                (Some(Token::Entity(_)), Some(Token::Of), _, role @ Some(Token::Role)) => role,
                _ => None,
            }
        }
        Token::Sees => earlier(2).filter(|token| matches!(token, Token::Expect)),
        Token::OpenBrace | Token::CloseBrace => None,
        _ => Some(keyword),
    }
}

/// What to do with a line that breaks off behind these tokens.
pub(super) fn broken_off(before: &[Token<'_>]) -> Option<Slip> {
    let help = match before.last()? {
        Token::Comma => "take the `,` out, or name another one behind it",
        Token::Of | Token::In | Token::With | Token::On if in_fact(before) => {
            "name an entity: `Team:ml`"
        }
        _ => form_of(clause(before)?, before)?,
    };
    Some(Slip::Help(help.to_owned()))
}

/// Whether the statement that is last begins with an entity.
fn in_fact(before: &[Token<'_>]) -> bool {
    let mut begins = before.iter().rev().skip(1);
    let begin = begins.find(|token| {
        matches!(
            token,
            Token::Entity(_) | Token::OpenBrace | Token::CloseBrace
        )
    });
    matches!(begin, Some(Token::Entity(_)))
}

/// How a clause is written.
fn form_of(clause: &Token<'_>, before: &[Token<'_>]) -> Option<&'static str> {
    Some(match clause {
        Token::Also => {
            "say who else holds it: `also owner`, `also Org.Admin`, `also parent.Viewer`, joined by `and`, `except` or `,`"
        }
        Token::Requires => "name a role and the type above that has it: `requires Org.Member`",
        Token::For => "name types of subjects, joined by `|`: `for User | Group`",
        Token::AtMost => "say what its holders may do at most: `at most Doc.view, Doc.edit`",
        Token::Visible => "name one action of this type: `visible by view`",
        Token::Overrides => "name a scope that this one stands in: `overrides Org`",
        Token::Custom => {
            "say what customers may put into a role: `custom roles from Doc.view, jobs`"
        }
        Token::Acts => {
            "write it as `acts for owner: User within Org at most scopes`, the last two where wanted"
        }
        Token::Context => {
            "write `context { name: Type }`, or `context Doc.edit, Doc.delete { name: Type }` for these actions alone"
        }
        Token::Expect if matches!(before.last(), Some(Token::Sees | Token::Only | Token::No)) => {
            "write `sees Doc:plan`, `sees only Doc:plan, Doc:memo` or `sees no Doc`"
        }
        Token::Expect => {
            "write `can view on Doc:plan`, `cannot view on …`, `sees Doc:plan`, `cannot see …`, `sees only …` or `sees no Doc`"
        }
        Token::Role if before.iter().any(|token| matches!(token, Token::Entity(_))) => {
            "a role that customers make is written `role Developer of Org:acme can Doc.view`"
        }
        _ => return None,
    })
}
