//! `// ward: allow(rule) because …`: what its author says is meant so.

use super::rules::{INVALID_ALLOW, UNUSED_ALLOW};
use super::{Finding, RULES, Subject};
use crate::literal::nearest;
use crate::source::Span;
use crate::syntax::ast::Comment;

/// One such comment.
struct Allow {
    /// The whole comment.
    span: Span,
    /// Whether nothing else stands on its line.
    alone: bool,
    /// The first and the last line that it is about.
    lines: (u32, u32),
    /// The rules, where each is named, and whether it took something.
    rules: Vec<(&'static str, Span, bool)>,
}

/// Takes out of the findings what comments allow, and tells what is wrong with the comments.
pub(super) fn settle(subject: &Subject<'_>, found: &mut Vec<Finding>) -> Vec<Finding> {
    let mut said = Vec::new();
    let mut allows = Vec::new();
    for comment in &subject.comments {
        allows.extend(read(subject, comment, &mut said));
    }
    found.retain(|finding| {
        let span = finding.diagnostic.span();
        let (_, at) = subject.sources.locate(span);
        let mut kept = true;
        for allow in allows.iter_mut().filter(|allow| {
            allow.span.file == span.file && (allow.lines.0..=allow.lines.1).contains(&at.line)
        }) {
            for (rule, _, used) in &mut allow.rules {
                if *rule == finding.rule.name {
                    *used = true;
                    kept = false;
                }
            }
        }
        kept
    });
    for allow in &allows {
        for (name, span, used) in &allow.rules {
            let (file, _) = subject.sources.locate(*span);
            let ran = super::rule(name).is_some_and(|rule| {
                subject.config.level(rule, file) != super::Level::Allow
                    && subject.has_what_it_needs(rule)
            });
            if !used && ran {
                said.push(unneeded(subject, allow, name, *span));
            }
        }
    }
    said
}

fn unneeded(subject: &Subject<'_>, allow: &Allow, name: &str, span: Span) -> Finding {
    let message = format!("nothing here has to be allowed for `{name}`");
    let mut finding = Finding::new(&UNUSED_ALLOW, span, message);
    finding.help("remove it: the next finding of this rule should be seen");
    if let ([_], Some(source)) = (allow.rules.as_slice(), subject.sources.get(allow.span.file)) {
        let before = source.text().get(..allow.span.start as usize).unwrap_or("");
        let blank = before.len() - before.trim_end_matches([' ', '\t']).len();
        let mut whole = allow.span;
        whole.start -= u32::try_from(blank).unwrap_or(0);
        let rest = source.text().get(allow.span.end as usize..).unwrap_or("");
        if allow.alone {
            // Its line goes with it.
            let line = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
            whole.end +=
                u32::try_from(line.min(if rest.starts_with('\r') { 2 } else { 1 })).unwrap_or(0);
        }
        finding.safe_fix("remove the comment", vec![(whole, String::new())]);
    }
    finding
}

/// Reads a comment that begins with `ward:`.
fn read(subject: &Subject<'_>, comment: &Comment, said: &mut Vec<Finding>) -> Option<Allow> {
    let body = comment.text.strip_prefix("//")?;
    let text = body.trim_start().strip_prefix("ward:")?;
    let wrong = |span: Span, message: String, help: &str| {
        let mut finding = Finding::new(&INVALID_ALLOW, span, message);
        finding.help(help);
        finding
    };
    let form = "write `// ward: allow(rule-name) because` and why it is meant so";
    let listed = text.trim_start().strip_prefix("allow(");
    let Some((names, rest)) = listed.and_then(|listed| listed.split_once(')')) else {
        let message = "cannot read what this comment allows".to_owned();
        said.push(wrong(comment.span, message, form));
        return None;
    };
    let reason = rest.trim_start().strip_prefix("because");
    if reason.is_none_or(|reason| reason.trim().is_empty()) {
        let message = "this comment does not say why it allows".to_owned();
        said.push(wrong(comment.span, message, form));
        return None;
    }
    let mut rules = Vec::new();
    let mut offset = comment.text.len() - rest.len() - 1 - names.len();
    for part in names.split(',') {
        let name = part.trim();
        let start = comment.span.start as usize + offset + part.len() - part.trim_start().len();
        let at = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let span = Span::new(comment.span.file, at(start), at(start + name.len()));
        offset += part.len() + 1;
        match super::rule(name) {
            Some(rule) => rules.push((rule.name, span, false)),
            None => {
                let near = nearest(name, RULES.iter().map(|rule| rule.name));
                let help = near.map_or_else(
                    || "`ward rules` lists the rules".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                said.push(wrong(span, format!("there is no rule `{name}`"), &help));
            }
        }
    }
    let (alone, lines) = lines(subject, comment.span);
    Some(Allow {
        span: comment.span,
        alone,
        lines,
        rules,
    })
}

/// Whether a comment stands alone on its line, and the lines that it is about: its own, or the next
/// one with something on it, with the annotations before a rule counted to the rule.
fn lines(subject: &Subject<'_>, span: Span) -> (bool, (u32, u32)) {
    let (_, at) = subject.sources.locate(span);
    let text = subject
        .sources
        .get(span.file)
        .map_or("", |source| source.text());
    let before = text.get(..span.start as usize).unwrap_or("");
    let alone = before
        .chars()
        .rev()
        .take_while(|c| *c != '\n')
        .all(char::is_whitespace);
    if !alone {
        return (false, (at.line, at.line));
    }
    let below = text.get(span.end as usize..).unwrap_or("").lines().skip(1);
    let mut first = None;
    for (line, content) in (at.line + 1..).zip(below) {
        let content = content.trim_start();
        if content.is_empty() || content.starts_with("//") {
            continue;
        }
        let first = *first.get_or_insert(line);
        if !content.starts_with('@') {
            return (true, (first, line));
        }
    }
    (true, (at.line, at.line))
}
