//! One function for each target: it takes any bytes, and panics where something that must hold does
//! not.

mod files;
mod random;
mod requests;
mod text;

pub use files::{batch, facts, snapshot, store};
pub use random::{conditions, grammar};
pub use requests::{literals, requests};
pub use text::{bytes, format, soup};

/// The policy that files of facts are read for: it has every form of fact.
pub const POLICY: &str = r#"
context { flag: Bool, num: Int = 3, who?: User, from?: IpAddr }
subject User { level: Int = 1  manager?: User }
subject Group of User | Group
subject Key in Org { scopes: Permissions = ["*"]  acts for owner: User within Org at most scopes }
scope Org {
    role Admin { sees * can * }
    role Guest { at most *.view }
    custom roles from Doc.*, Folder.view
}
scope Team in Org {
    overrides Org
    role Member { sees * also Org.Admin }
    role Banned { }
}
resource Folder in Team?, many Folder { actions view }
resource Doc in Team, many Folder {
    owner: User
    size: Decimal
    count: Int = 0
    tags: Set of String = []
    at: Datetime
    long: Duration = 1h
    from: IpAddr
    box: { a: Int, b?: User }
    relation editors: User | Group
    visible by view
    actions create in Team, view, edit
    role Reader { sees this can view }
    role Editor { also editors, owner can edit requires Org.Admin }
    share with Team { level read { view } level write includes read { edit } }
}
forbid Doc.edit when resource.size > 10.5 && context.num < 3 unless context.flag
"#;
