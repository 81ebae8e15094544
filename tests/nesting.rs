//! How deep types and values nest: what compiles is read again, and what is too deep is refused before
//! it costs a stack.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde::de::DeserializeOwned;
use serde_json::Value;
use ward::{Plan, Sources};

fn object(key: &str, value: Value) -> Value {
    Value::Object([(key.to_owned(), value)].into_iter().collect())
}

/// `{"set": inner}`
fn set_of(inner: Value) -> Value {
    object("set", inner)
}

/// `{"record": [{"name": "a", "type": inner, "optional": false}]}`
fn record_of(inner: Value) -> Value {
    let mut field = object("type", inner);
    field["name"] = "a".into();
    field["optional"] = false.into();
    object("record", vec![field].into())
}

/// Runs it with half the stack that a thread has where nobody chose one.
fn on_a_small_stack(run: fn()) {
    let small = std::thread::Builder::new().stack_size(1 << 20);
    small.spawn(run).unwrap().join().unwrap();
}

/// What is said of a tree in memory, which may nest as deep as it likes.
fn read<T: DeserializeOwned>(tree: Value) -> Result<T, String> {
    let read = T::deserialize(&tree).map_err(|error| error.to_string());
    // To drop it, serde_json would walk down to its end.
    std::mem::forget(tree);
    read
}

#[test]
fn types_of_a_plan_nest_no_deeper_than_can_be_read() {
    on_a_small_stack(|| {
        let policy = ward::compile(&Sources::new().with("a.policy", "context { a: Int }"));
        let whole = serde_json::to_value(&**policy.unwrap().plan()).unwrap();
        let nested = |times: usize, outer: fn(Value) -> Value| {
            let mut plan = whole.clone();
            let text = Value::from("string");
            plan["context"][0]["type"] = (0..times).fold(text, |inner, _| outer(inner));
            read::<Plan>(plan)
        };
        for outer in [set_of, record_of] {
            // What was refused leaves nothing behind.
            for _ in 0..2 {
                assert!(nested(32, outer).is_ok());
                for deep in [33, 20_000] {
                    let refused = nested(deep, outer).unwrap_err();
                    assert_eq!(refused, "nested deeper than 32 levels");
                }
            }
        }
    });
}

#[test]
fn values_nest_no_deeper_than_can_be_read() {
    on_a_small_stack(|| {
        let nested = |times: usize, outer: fn(Value) -> Value| {
            read::<ward::Value>((0..times).fold(Value::from(1), |inner, _| outer(inner)))
        };
        let list = |inner| Value::from(vec![inner]);
        let record = |inner| object("a", inner);
        for outer in [list, record] {
            assert!(nested(63, outer).is_ok());
            for deep in [64, 20_000] {
                let refused = nested(deep, outer).unwrap_err();
                assert_eq!(refused, "nested deeper than 64 levels");
            }
        }
    });
}

#[test]
fn the_deepest_types_that_compile_are_read_again_as_text() {
    let declared = |open: &str, close: &str, times: usize| {
        let ty = format!("{}Int{}", open.repeat(times), close.repeat(times));
        let text = format!("subject User {{ a?: {ty} }}\nscope Team {{ actions view }}");
        ward::compile(&Sources::new().with("deep.policy", text))
    };
    for (open, close, most) in [
        ("Set of ", "", 32),
        ("{ a: ", " }", 32),
        ("Set of { a: ", " }", 16),
    ] {
        let policy = declared(open, close, most).unwrap();
        let text = serde_json::to_string(&**policy.plan()).unwrap();
        assert_eq!(
            serde_json::from_str::<Plan>(&text).unwrap(),
            **policy.plan()
        );
        let errors = declared(open, close, most + 1).unwrap_err();
        let codes: Vec<&str> = errors.iter().map(|error| error.code.0).collect();
        assert_eq!(codes, ["E0107"]);
    }
}

#[test]
fn what_is_no_value_is_told_what_would_be_one() {
    let error = serde_json::from_str::<ward::Value>("null").unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid type: null, expected a boolean, a whole number, a string, a list or an object \
         at line 1 column 4"
    );
}
