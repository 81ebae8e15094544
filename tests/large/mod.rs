//! Policies as long as one likes, for tests and benchmarks.

use std::fmt::Write;

/// A policy of about so many lines: departments, each with teams, resources, groups, rules, a test.
pub fn policy(lines: usize) -> String {
    let mut text = String::from(
        "subject User { disabled: Bool = false }\nsubject Group of User | Group { disabled: Bool = false }\n\
         context { mfa: Bool = false }\nscope Company { role Auditor { sees Company } }\n",
    );
    let mut index = 0;
    while index * 41 + 4 < lines {
        let _ = write!(
            text,
            r#"
/// Department {index}.
scope Dept{index} in Company {{
    actions view, manage
    role Head {{
        includes Member
        can *
    }}
    role Member {{ sees * }}
}}
scope Team{index} in Dept{index} {{
    actions view, @assigns(Member, Editor) invite, @revokes(Member) kick
    role Member {{ sees * }}
    role Editor {{
        can Doc{index}.*, Page{index}.* when resource.owner == principal
        can docs{index}.read
    }}
    role Viewer {{ can *.view }}
}}
resource Doc{index} in Team{index} {{
    owner: User
    public: Bool = false
    due?: Datetime
    actions create in Team{index}, view, @edits(resource.public) edit, @shares(read) pass, @dangerous delete
    share with Team{index} {{
        level read {{ view }}
        level write includes read {{ edit }}
    }}
}}
resource Page{index} in Doc{index} {{
    owner: User
    actions view, edit
}}
permissions docs{index} {{
    read {{ Doc{index}.view, Page{index}.view }}
    write {{ Doc{index}.*, Page{index}.* except Doc{index}.delete }}
}}
@reason("overdue")
forbid Doc{index}.edit when resource has due && resource.due < now
reveal Doc{index} when resource.public
test "department {index}" {{ User:a is Member of Team{index}:x expect User:a cannot see Doc{index}:y }}
"#
        );
        index += 1;
    }
    text
}
