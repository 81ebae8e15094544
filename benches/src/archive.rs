//! Documents in folders in projects in teams in organizations, as many as one wants.
//!
//! Everything about the world follows from numbers, so that nothing of it must be kept to ask about
//! it: what has the number `n` lies in what has the number `n` modulo how many of those there are.

use std::io::{self, Write};

use ward::{EntityName, Fact};

use crate::engines::ward::member;
use crate::mix::{Mix, mix};
use crate::size::Size;

/// How many there are of each.
#[derive(Clone, Copy, Debug)]
pub struct Archive {
    organizations: usize,
    teams: usize,
    projects: usize,
    folders: usize,
    documents: usize,
    users: usize,
    groups: usize,
}

/// A question: whether this user may do that with this document.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The number of the user.
    pub user: usize,
    /// The number of the document.
    pub document: usize,
    /// The action.
    pub action: &'static str,
}

/// A name that is written again and again into the same memory.
pub fn rename(name: &mut EntityName, number: usize) {
    use std::fmt::Write as _;
    name.id.truncate(1);
    let _ = write!(name.id, "{number}");
}

/// `User:u7`
pub fn user(number: usize) -> EntityName {
    EntityName::new("User", format!("u{number}"))
}

/// `Document:d7`
pub fn document(number: usize) -> EntityName {
    EntityName::new("Document", format!("d{number}"))
}

impl Archive {
    /// A world of about this many facts: an organization for each ten thousand, or one.
    pub fn of(facts: Size) -> Self {
        let organizations = (facts.0 / 10_000).max(1);
        let each = facts.0 / organizations;
        let teams = organizations * (each / 1_000).max(1);
        let projects = teams * 5;
        let documents = facts.0 * 100 / 193;
        let users = documents / 5;
        Self {
            organizations,
            teams,
            projects,
            folders: projects * 10,
            documents,
            users,
            groups: organizations * (users / organizations / 20).max(1),
        }
    }

    /// One of `count` that lies in the organization of another number.
    fn near(self, number: usize, count: usize, random: &mut Mix) -> usize {
        let organization = number % self.organizations;
        let here = (count - organization).div_ceil(self.organizations);
        organization + self.organizations * random.below(here)
    }

    /// Writes all facts as JSON Lines, the same ones in every run, and tells how many.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write(self, out: &mut impl Write) -> io::Result<usize> {
        let mut lines = Lines { out, facts: 0 };
        self.containers(&mut lines)?;
        self.groups(&mut lines)?;
        self.users(&mut lines)?;
        self.documents(&mut lines)?;
        Ok(lines.facts)
    }

    fn containers(self, lines: &mut Lines<impl Write>) -> io::Result<()> {
        let levels = [
            (
                "Team",
                't',
                self.teams,
                "Organization:o",
                self.organizations,
            ),
            ("Project", 'p', self.projects, "Team:t", self.teams),
            ("Folder", 'f', self.folders, "Project:p", self.projects),
        ];
        for (ty, letter, count, container, containers) in levels {
            for number in 0..count {
                let of = number % containers;
                lines.fact(format_args!(
                    r#"{{"entity":"{ty}:{letter}{number}","in":["{container}{of}"]}}"#
                ))?;
            }
        }
        Ok(())
    }

    /// Groups in groups of the same organization; each works on one project and reads one folder.
    fn groups(self, lines: &mut Lines<impl Write>) -> io::Result<()> {
        for number in 0..self.groups {
            let mut random = Mix::new(mix(number as u64));
            let rank = number / self.organizations;
            if rank > 0 {
                let outer = (rank - 1) / 3 * self.organizations + number % self.organizations;
                lines.fact(format_args!(
                    r#"{{"entity":"Group:g{number}","in":["Group:g{outer}"]}}"#
                ))?;
            }
            let project = self.project_of(number);
            lines.fact(format_args!(
                r#"{{"subject":"Group:g{number}","role":"Contributor","of":"Project:p{project}"}}"#
            ))?;
            let folder = self.near(number, self.folders, &mut random);
            lines.fact(format_args!(
                r#"{{"subject":"Group:g{number}","role":"Viewer","of":"Folder:f{folder}"}}"#
            ))?;
        }
        Ok(())
    }

    /// The project that a group works on.
    fn project_of(self, group: usize) -> usize {
        self.near(group, self.projects, &mut Mix::new(mix(!(group as u64))))
    }

    fn users(self, lines: &mut Lines<impl Write>) -> io::Result<()> {
        let mut random = Mix::new(3);
        for number in 0..self.users {
            let home = number % self.organizations;
            let group = self.near(number, self.groups, &mut random);
            lines.fact(format_args!(
                r#"{{"entity":"User:u{number}","in":["Group:g{group}"]}}"#
            ))?;
            let role = match random.below(16) {
                0 => "Auditor",
                1 => "Guest",
                _ => "Member",
            };
            lines.holds(number, role, "Organization:o", home)?;
            let role = if random.once_in(10) { "Lead" } else { "Member" };
            lines.holds(
                number,
                role,
                "Team:t",
                self.near(number, self.teams, &mut random),
            )?;
            let (role, place, count) = match random.below(6) {
                0 => ("Contributor", "Project:p", self.projects),
                1 => ("Editor", "Folder:f", self.folders),
                2 => ("Reviewer", "Document:d", self.documents),
                _ => continue,
            };
            lines.holds(number, role, place, self.near(number, count, &mut random))?;
        }
        Ok(())
    }

    fn documents(self, lines: &mut Lines<impl Write>) -> io::Result<()> {
        let mut random = Mix::new(5);
        for number in 0..self.documents {
            let folder = number % self.folders;
            let owner = self.near(number, self.users, &mut random);
            let sealed = if random.once_in(16) {
                r#","sealed":true"#
            } else {
                ""
            };
            lines.fact(format_args!(
                r#"{{"entity":"Document:d{number}","in":["Folder:f{folder}"],"attributes":{{"owner":"User:u{owner}"{sealed}}}}}"#
            ))?;
            if random.once_in(12) {
                // Every second share leaves its organization.
                let team = match random.once_in(2) {
                    true => random.below(self.teams),
                    false => self.near(number, self.teams, &mut random),
                };
                let level = if random.once_in(4) { "write" } else { "read" };
                lines.fact(format_args!(
                    r#"{{"share":"Document:d{number}","with":"Team:t{team}","at":"{level}"}}"#
                ))?;
            }
        }
        Ok(())
    }

    /// A question: every second one about a document of the user's own organization.
    pub fn pair(self, random: &mut Mix) -> Pair {
        let user = random.below(self.users);
        let of = if random.once_in(2) {
            user
        } else {
            random.below(self.organizations)
        };
        Pair {
            user,
            document: self.near(of, self.documents, random),
            action: ["view", "view", "edit", "delete"][random.below(4)],
        }
    }

    /// How many users there are.
    pub fn count_of_users(self) -> usize {
        self.users
    }

    /// How many documents there are.
    pub fn count_of_documents(self) -> usize {
        self.documents
    }

    /// The number of some user.
    pub fn user(self, random: &mut Mix) -> usize {
        random.below(self.users)
    }

    /// The number of some document.
    pub fn document(self, random: &mut Mix) -> usize {
        random.below(self.documents)
    }

    /// A user who becomes a member of a group, and a document on which the group works then.
    pub fn membership(self, random: &mut Mix) -> (Fact, Pair) {
        let group = random.below(self.groups);
        let user = random.below(self.users);
        let folder = self.project_of(group) + self.projects * random.below(10);
        let document = if folder < self.documents { folder } else { 0 };
        let fact = member(
            &self::user(user),
            &EntityName::new("Group", format!("g{group}")),
        );
        (
            fact,
            Pair {
                user,
                document,
                action: "comment",
            },
        )
    }
}

struct Lines<'o, W> {
    out: &'o mut W,
    facts: usize,
}

impl<W: Write> Lines<'_, W> {
    fn fact(&mut self, line: std::fmt::Arguments<'_>) -> io::Result<()> {
        self.facts += 1;
        writeln!(self.out, "{line}")
    }

    fn holds(&mut self, user: usize, role: &str, place: &str, number: usize) -> io::Result<()> {
        self.fact(format_args!(
            r#"{{"subject":"User:u{user}","role":"{role}","of":"{place}{number}"}}"#
        ))
    }
}
