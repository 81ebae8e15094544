//! Small policies on what random ones seldom say: each file in `tests/cases/` compiles, its plan
//! is read as it was written, and its tests pass.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use ward::{Plan, Sources};

#[test]
fn cases_come_out_as_they_say() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut wrong = Vec::new();
    let mut tests = 0;
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let policy = ward::compile(&Sources::new().with(name.as_str(), text))
            .unwrap_or_else(|errors| panic!("{errors}"));
        let written = serde_json::to_string(&**policy.plan()).unwrap();
        let read: Plan = serde_json::from_str(&written).unwrap();
        // Not `assert_eq`: two whole plans are no help to a reader.
        assert!(read == **policy.plan(), "{name}");
        for result in ward::spec::run(&policy) {
            tests += 1;
            for failure in result.failures {
                wrong.push(format!("{name}, {}: {}", result.name, failure.message));
            }
        }
    }
    assert!(tests > 0);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
