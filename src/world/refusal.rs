//! Facts that do not fit the policy, and what to do about each.

use std::fmt;

use super::fact::{Fact, Place};
use crate::literal::a;

/// A fact that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where it was stated, if in a file.
    pub place: Option<Place>,
    /// The fact as text, or the line that is none.
    pub fact: String,
    /// Why.
    pub reason: Reason,
}

impl Refusal {
    pub(super) fn new(fact: &Fact, reason: Reason) -> Self {
        Self {
            place: fact.place.clone(),
            fact: fact.to_string(),
            reason,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "error[{}]: {}", self.reason.code(), self.reason)?;
        write!(f, " ({})", self.reason.help())
    }
}

impl std::error::Error for Refusal {}

/// Why a fact does not fit. Types, roles and levels are given by name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The line is no fact.
    Malformed(String),
    /// The policy has no such type.
    UnknownType {
        /// The type.
        name: String,
        /// A near name.
        near: Option<String>,
    },
    /// The type has no such role.
    UnknownRole {
        /// The role.
        role: String,
        /// The type on which it would be held.
        of: String,
        /// A near name.
        near: Option<String>,
        /// The types that have a role of this name.
        elsewhere: Vec<String>,
        /// The roles that the type has, and those that were made on this entity.
        known: Vec<String>,
        /// Whether customers can make roles on it.
        custom: bool,
        /// The types on which customers can, if they cannot on it.
        custom_on: Vec<String>,
        /// Whether it is an action or a permission group instead.
        permission: bool,
    },
    /// Only subjects hold roles.
    HolderIsNoSubject {
        /// The type of the holder.
        holder: String,
    },
    /// The entity cannot stand in such a container.
    WrongContainer {
        /// The type of the entity.
        entity: String,
        /// The type of the container.
        container: String,
        /// What it may stand in.
        allowed: Vec<String>,
    },
    /// The group does not take such members.
    WrongMember {
        /// The type of the member.
        member: String,
        /// The type of the group.
        group: String,
        /// What may be a member.
        allowed: Vec<String>,
    },
    /// It already stands in another container of this type.
    SecondContainer {
        /// The type of the container.
        container: String,
        /// The one that it stands in.
        first: String,
    },
    /// It would stand inside of itself.
    ContainerCycle {
        /// The entity.
        entity: String,
    },
    /// Only memberships, holdings and shares end.
    UntilOnContainment,
    /// The policy does not let it be shared so.
    NotShareable {
        /// The type of the entity.
        entity: String,
        /// The type of the scope.
        with: String,
        /// The scopes that it may be shared with.
        allowed: Vec<String>,
        /// The types around it that may be shared with this scope, or the scope itself to hold a role on.
        instead: Vec<String>,
        /// The types around it on which a role can be held.
        around: Vec<String>,
    },
    /// The share has no such level.
    UnknownLevel {
        /// The level.
        level: String,
        /// A near name.
        near: Option<String>,
        /// The levels that there are.
        known: Vec<String>,
    },
    /// The type has no such relation.
    UnknownRelation {
        /// The relation.
        relation: String,
        /// The type.
        of: String,
        /// A near name.
        near: Option<String>,
        /// Whether it is an attribute instead.
        attribute: bool,
    },
    /// The relation does not point to such entities.
    WrongTarget {
        /// The relation.
        relation: String,
        /// The type of the target.
        target: String,
        /// What it may point to.
        allowed: Vec<String>,
    },
    /// The type has no such attribute.
    UnknownAttribute {
        /// The attribute.
        attribute: String,
        /// The type.
        of: String,
        /// A near name.
        near: Option<String>,
    },
    /// The value does not have the attribute's type.
    WrongValue {
        /// The attribute, with the path within it.
        attribute: String,
        /// The type that it must have.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The attribute already has another value.
    SecondValue {
        /// The attribute.
        attribute: String,
        /// The entity.
        entity: String,
    },
    /// What should be removed is not there.
    NotThere,
    /// Only some subject types may hold the role.
    WrongHolder {
        /// The type of the holder.
        holder: String,
        /// The role.
        role: String,
        /// Who may hold it.
        allowed: Vec<String>,
    },
    /// A credential has what its owner has, and holds nothing itself.
    CredentialHolds {
        /// The type of the credential.
        credential: String,
    },
    /// Who is in the set depends on who does not hold the role.
    SetOutOfOrder {
        /// The role.
        role: String,
    },
    /// Customers cannot make roles there.
    NoCustomRoles {
        /// The type.
        of: String,
        /// The types on which they can.
        instead: Vec<String>,
    },
    /// A role cannot be called so: it is no name, or one that the policy has given.
    RoleName {
        /// The role.
        role: String,
        /// The type.
        of: String,
        /// Whether the policy declares a role of that name.
        taken: bool,
    },
    /// A custom role was made under the name of a role of the policy, and was refused: its holders
    /// do not get the one by a fact about the other.
    NameOfBoth {
        /// The role.
        role: String,
        /// Where it would be held.
        of: String,
    },
    /// The policy has no such permission.
    UnknownPermission {
        /// The name.
        permission: String,
        /// A near name.
        near: Option<String>,
        /// Those of the same type or group.
        known: Vec<String>,
    },
    /// The policy keeps the permission out of custom roles.
    OutsideOfCustomRoles {
        /// The name.
        permission: String,
        /// The type on which the role would be made.
        of: String,
        /// The clause that says what custom roles are made of.
        universe: String,
    },
    /// There are more entities or facts than ids.
    TooMany,
}

/// `` `a`, `b` or `c` ``
fn one_of(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "nothing".into(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} or {last}", init.join(", ")),
    }
}

/// `` `a`, `b` and `c` ``
fn all_of(names: &[String]) -> String {
    match names {
        [init @ .., last] if !init.is_empty() => {
            let init: Vec<String> = init.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", init.join(", "))
        }
        names => one_of(names),
    }
}

fn did_you_mean(near: Option<&String>, otherwise: String) -> String {
    near.map_or(otherwise, |near| format!("did you mean `{near}`?"))
}

impl Reason {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "E0501",
            Self::UnknownType { .. } => "E0502",
            Self::UnknownRole { .. } => "E0503",
            Self::HolderIsNoSubject { .. } => "E0504",
            Self::WrongContainer { .. } => "E0505",
            Self::WrongMember { .. } => "E0506",
            Self::SecondContainer { .. } => "E0507",
            Self::ContainerCycle { .. } => "E0508",
            Self::UntilOnContainment => "E0509",
            Self::NotShareable { .. } => "E0510",
            Self::UnknownLevel { .. } => "E0511",
            Self::UnknownRelation { .. } => "E0512",
            Self::WrongTarget { .. } => "E0513",
            Self::UnknownAttribute { .. } => "E0514",
            Self::WrongValue { .. } => "E0515",
            Self::SecondValue { .. } => "E0516",
            Self::NotThere => "E0517",
            Self::TooMany => "E0518",
            Self::WrongHolder { .. } => "E0519",
            Self::CredentialHolds { .. } => "E0520",
            Self::SetOutOfOrder { .. } => "E0521",
            Self::NoCustomRoles { .. } => "E0522",
            Self::RoleName { .. } => "E0523",
            Self::UnknownPermission { .. } => "E0524",
            Self::OutsideOfCustomRoles { .. } => "E0525",
            Self::NameOfBoth { .. } => "E0526",
        }
    }

    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Malformed(_) => "docs/facts.md shows the form of each fact".into(),
            Self::UnknownType { near, .. } => did_you_mean(
                near.as_ref(),
                "declare it in the policy, or correct the name".into(),
            ),
            Self::UnknownRole {
                near,
                elsewhere,
                known,
                of,
                role,
                custom,
                custom_on,
                permission,
            } => match (near, elsewhere.as_slice(), known.as_slice()) {
                (_, _, [_, ..]) if *permission => format!(
                    "that is a permission, and no role: the roles of `{of}` are {}",
                    all_of(known)
                ),
                (None, [], _) if *custom => {
                    format!("make it first: `role {role} of {of}:… can …`")
                }
                (Some(near), _, _) => format!("did you mean `{near}`?"),
                (None, [], []) => {
                    format!("`{of}` has no roles at all; hold one on what it stands in")
                }
                (None, [], known) if custom_on.is_empty() => {
                    format!("the roles of `{of}` are {}", all_of(known))
                }
                (None, [], known) => format!(
                    "the roles of `{of}` are {}; those that customers make are held on {}",
                    all_of(known),
                    one_of(custom_on)
                ),
                (None, elsewhere, _) => {
                    format!("that is a role of {}: hold it there", one_of(elsewhere))
                }
            },
            Self::HolderIsNoSubject { .. } => {
                "roles are held by subjects, groups or `anyone`".into()
            }
            Self::WrongContainer {
                entity, allowed, ..
            } => match allowed.as_slice() {
                [] => format!("`{entity}` stands in nothing: take the `in` out"),
                allowed => format!("`{entity}` stands in {}", one_of(allowed)),
            },
            Self::WrongMember { group, allowed, .. } => {
                format!("members of `{group}` are of {}", one_of(allowed))
            }
            Self::SecondContainer { container, first } => {
                format!("remove it from `{first}` first, or declare `in many {container}`")
            }
            Self::ContainerCycle { .. } => "take one of the steps out".into(),
            Self::UntilOnContainment => {
                "`until` goes with memberships, holdings and shares; take it out".into()
            }
            Self::NotShareable {
                entity,
                with,
                allowed,
                instead,
                around,
            } => match (allowed.as_slice(), instead.as_slice()) {
                ([], []) if around.is_empty() => {
                    format!("declare `share with {with}` in `{entity}`")
                }
                ([], []) => format!(
                    "give a role on the {} that it stands in, or declare `share with {with}` in `{entity}`",
                    one_of(around)
                ),
                ([], instead) => format!(
                    "share the {} around it, or declare `share with {with}` in `{entity}`",
                    one_of(instead)
                ),
                (allowed, _) => format!("{} can be shared with {}", a(entity), one_of(allowed)),
            },
            Self::UnknownLevel { near, known, .. } => {
                did_you_mean(near.as_ref(), format!("the levels are {}", one_of(known)))
            }
            Self::UnknownRelation {
                near,
                attribute,
                relation,
                ..
            } => {
                if *attribute {
                    format!("that is an attribute: write `{{ {relation}: … }}`")
                } else {
                    did_you_mean(
                        near.as_ref(),
                        "declare it in the policy, or correct the name".into(),
                    )
                }
            }
            Self::WrongTarget {
                relation, allowed, ..
            } => {
                format!("`{relation}` points to {}", one_of(allowed))
            }
            Self::UnknownAttribute { near, .. } => did_you_mean(
                near.as_ref(),
                "declare it in the policy, or take it out".into(),
            ),
            Self::WrongValue { expected, .. } => format!("write a value of type `{expected}`"),
            Self::SecondValue { .. } => "keep one of the two values".into(),
            Self::NotThere => {
                "only what was stated before can be removed; `remove` wants the same words".into()
            }
            Self::TooMany => "split the world".into(),
            Self::WrongHolder { role, allowed, .. } => {
                format!("`{role}` is for {}", one_of(allowed))
            }
            Self::CredentialHolds { .. } => {
                "give the role to its owner: a credential may do what its owner may".into()
            }
            Self::SetOutOfOrder { .. } => {
                "give the role to the members themselves, or to a group of them".into()
            }
            Self::NoCustomRoles { of, instead } => match instead.as_slice() {
                [] => {
                    format!("declare `custom roles from …` in `{of}`, or use a role of the policy")
                }
                instead => format!("make it on {}", one_of(instead)),
            },
            Self::NameOfBoth { .. } => {
                "rename the custom role, or take it out: then this means the role of the policy"
                    .into()
            }
            Self::RoleName { taken: true, .. } => "choose another name".into(),
            Self::RoleName { taken: false, .. } => {
                "a role's name has letters, digits and `_`; the `description` is for people".into()
            }
            Self::UnknownPermission {
                near,
                known,
                permission,
            } => {
                let of = permission.rsplit_once('.').map_or("", |(of, _)| of);
                let otherwise = match known.as_slice() {
                    _ if permission.contains('*') => {
                        "name each action as `Type.action`, or a permission group by its path".into()
                    }
                    [] => "name an action as `Type.action` or a permission group; one that the policy no longer has must be taken out".into(),
                    known => format!("`{of}` has {}; take it out, or name one of them", all_of(known)),
                };
                did_you_mean(near.as_ref(), otherwise)
            }
            Self::OutsideOfCustomRoles { of, .. } => {
                format!("take it out: who needs it gets a role that the policy declares on `{of}`")
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "this is no fact: {what}"),
            Self::UnknownType { name, .. } => write!(f, "unknown type `{name}`"),
            Self::UnknownRole { role, of, .. } => write!(f, "`{of}` has no role `{role}`"),
            Self::HolderIsNoSubject { holder } => write!(f, "{} cannot hold a role", a(holder)),
            Self::WrongContainer {
                entity, container, ..
            } => write!(f, "{} cannot stand in {}", a(entity), a(container)),
            Self::WrongMember { member, group, .. } => {
                write!(f, "{} cannot be a member of {}", a(member), a(group))
            }
            Self::SecondContainer { first, .. } => write!(f, "it already stands in `{first}`"),
            Self::ContainerCycle { entity } => write!(f, "`{entity}` would stand inside of itself"),
            Self::UntilOnContainment => f.write_str("containment does not end by itself"),
            Self::NotShareable { entity, with, .. } => {
                write!(f, "{} cannot be shared with {}", a(entity), a(with))
            }
            Self::UnknownLevel { level, .. } => write!(f, "unknown level `{level}`"),
            Self::UnknownRelation { relation, of, .. } => {
                write!(f, "`{of}` has no relation `{relation}`")
            }
            Self::WrongTarget {
                relation, target, ..
            } => write!(f, "`{relation}` cannot point to {}", a(target)),
            Self::UnknownAttribute { attribute, of, .. } => {
                write!(f, "`{of}` has no attribute `{attribute}`")
            }
            Self::WrongValue {
                attribute,
                expected,
                found,
            } => write!(f, "`{attribute}` is of type `{expected}`, not {found}"),
            Self::SecondValue { attribute, entity } => {
                write!(f, "`{attribute}` of `{entity}` already has another value")
            }
            Self::NotThere => f.write_str("there is no such fact to remove"),
            Self::WrongHolder { holder, role, .. } => {
                write!(f, "{} cannot hold `{role}`", a(holder))
            }
            Self::CredentialHolds { credential } => {
                write!(
                    f,
                    "{} is a credential and holds no roles itself",
                    a(credential)
                )
            }
            Self::SetOutOfOrder { role } => write!(
                f,
                "this set depends on who does not hold `{role}`, so it cannot hold it"
            ),
            Self::NoCustomRoles { of, .. } => write!(f, "{} has no custom roles", a(of)),
            Self::RoleName {
                role,
                of,
                taken: true,
            } => {
                write!(f, "`{role}` is a role of every `{of}` already")
            }
            Self::RoleName { role, .. } => write!(f, "`{role}` is no name for a role"),
            Self::NameOfBoth { role, of } => write!(
                f,
                "`{role}` of `{of}` is made as a custom role too, so it is not clear which is meant"
            ),
            Self::UnknownPermission { permission, .. } => {
                write!(f, "unknown permission `{permission}`")
            }
            Self::OutsideOfCustomRoles {
                permission,
                universe,
                ..
            } => write!(
                f,
                "`{permission}` cannot be put into a custom role: the policy says `{universe}`"
            ),
            Self::TooMany => f.write_str("more entities or facts than a world can hold"),
        }
    }
}
