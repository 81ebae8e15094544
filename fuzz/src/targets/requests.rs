//! What comes with a request: names, moments, tokens and values as text, and questions made of them.

use std::fmt::{Debug, Display};

use ward::{
    Context, EntityKey, EntityName, Evaluator, Holder, Outcome, PageToken, Value, format_datetime,
    parse_datetime,
};

use super::files::WORLD;

/// Names, tokens and moments: what is read is written so that it is read as the same.
pub fn literals(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    same(&text, |text| text.parse::<EntityName>().ok());
    same(&text, |text| text.parse::<Holder>().ok());
    same(&text, |text| text.parse::<PageToken>().ok());
    if let Some(moment) = parse_datetime(&text) {
        let written = format_datetime(moment);
        assert_eq!(parse_datetime(&written), Some(moment), "{written}");
    }
}

fn same<T: PartialEq + Display + Debug>(text: &str, read: impl Fn(&str) -> Option<T>) {
    if let Some(value) = read(text) {
        let written = value.to_string();
        assert_eq!(read(&written), Some(value), "{written}");
    }
}

const SUBJECTS: [&str; 7] = [
    "User:ann",
    "User:bob",
    "User:zoe",
    "User:nobody",
    "Group:eng",
    "Group:staff",
    "Key:k",
];
const RESOURCES: [&str; 7] = [
    "Doc:plan",
    "Doc:\"a b\"",
    "Doc:nowhere",
    "Folder:f",
    "Team:red",
    "Team:blue",
    "Org:o",
];
const ACTIONS: [&str; 5] = ["view", "edit", "create", "Doc.edit", "Folder.view"];
/// Before, at and behind the moments at which something in the world ends.
const MOMENTS: [&str; 4] = [
    "2029-05-05T05:05:04Z",
    "2029-05-05T05:05:05Z",
    "2030-01-01",
    "2031-01-01",
];

/// One question, asked in every form: the forms agree. Four bytes choose subject, action, resource,
/// and moment and context; where they choose none, lines of text behind them are taken.
pub fn requests(data: &[u8]) {
    let Some(([who, what, which, when], text)) = data.split_first_chunk() else {
        return;
    };
    let text = String::from_utf8_lossy(text);
    let mut lines = text.split('\n');
    let mut chosen = |byte: &u8, from: &[&'static str]| {
        let known = from.get(usize::from(*byte) % (from.len() + 1));
        let taken = known.map(|text| (*text).to_owned());
        taken.unwrap_or_else(|| lines.next().unwrap_or("").to_owned())
    };
    let subject = chosen(who, &SUBJECTS).parse::<EntityName>();
    let action = chosen(what, &ACTIONS);
    let resource = chosen(which, &RESOURCES).parse::<EntityName>();
    let (Ok(subject), Ok(resource)) = (subject, resource) else {
        return;
    };
    let now = parse_datetime(MOMENTS[usize::from(*when) % MOMENTS.len()]).expect("a moment");
    let said = [
        ("flag", Value::Bool(when & 8 != 0)),
        ("num", Value::Int(i64::from(*what))),
        ("who", Value::String(lines.next().unwrap_or("").to_owned())),
        ("from", Value::String(lines.next().unwrap_or("").to_owned())),
    ];
    let bits = [16, 32, 64, 128];
    let said = said.into_iter().zip(bits);
    let said = said.filter(|(_, bit)| when & bit != 0);
    let context = Context::from_iter(said.map(|((name, value), _)| (name.to_owned(), value)));
    let ward = Evaluator::new(&WORLD, now);

    let decided = ward.check(&subject, &action, &resource, &context);
    let reasons = ward.reasons(&subject, &action, &resource, &context);
    let Ok(decided) = decided else {
        assert!(reasons.is_err(), "reasons for a question that is none");
        return;
    };
    let allowed = decided.outcome == Outcome::Allowed;
    let sees = decided.outcome != Outcome::Invisible;
    assert_eq!(reasons.expect("as the check").outcome, decided.outcome);
    let all = ward
        .actions(&subject, &resource, &context)
        .expect("as the check");
    assert_eq!(all.sees, sees, "{subject} {resource}");
    let bare = action.rsplit('.').next().unwrap_or("");
    let listed = |name: &String| *name == action || name.rsplit('.').next() == Some(bare);
    assert_eq!(all.actions.iter().any(listed), allowed, "{:?}", all.actions);

    let ty = resource.type_name.as_str();
    let list = |action| {
        ward.list(&subject, action, ty, &context)
            .expect("as the check")
    };
    let (may, seen): (Vec<_>, Vec<_>) = (list(Some(&action)).collect(), list(None).collect());
    assert!(may.iter().all(|key| seen.contains(key)), "who may, sees");
    if let Some(key) = ward.entity_key(&resource).expect("a type") {
        assert_eq!((may.contains(&key), seen.contains(&key)), (allowed, sees));
    }
    // Cut behind the first, and where a stranger says.
    let mut list = ward.list(&subject, None, ty, &context).expect("as before");
    let first: Vec<EntityKey> = list.by_ref().take(1).collect();
    let rest = ward.list(&subject, None, ty, &context).expect("as before");
    let rest: Vec<EntityKey> = rest.after(list.token()).expect("its own token").collect();
    assert_eq!(first.len() + rest.len(), seen.len());
    assert!(
        rest.iter()
            .all(|key| seen.contains(key) && !first.contains(key))
    );
    if let Ok(token) = lines.next().unwrap_or("").parse() {
        let list = ward.list(&subject, None, ty, &context).expect("as before");
        if let Ok(mut list) = list.after(token) {
            assert!(list.all(|key| seen.contains(&key)));
        }
    }
    let holders = ward
        .who(&action, &resource, &context)
        .expect("as the check");
    if ward.entity_key(&subject).expect("a type").is_some() {
        assert_eq!(holders.subjects.contains(&subject), allowed, "{subject}");
    }
}
