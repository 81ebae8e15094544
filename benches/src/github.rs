//! The github application with as many users and repositories as one wants.

use serde_json::{Value as Json, json};
use ward::EntityName;

use crate::mix::Mix;
use crate::scenario::{Change, Entity, GITHUB, Request, Scenario};
use crate::size::Size;

/// How many requests there are.
const REQUESTS: usize = 2_000;

/// How many users are asked what they may read.
const LISTED: usize = 5;

/// How many users become members of a team.
const CHANGES: usize = 20;

fn name(ty: &str, prefix: &str, number: usize) -> EntityName {
    EntityName::new(ty, format!("{prefix}_{number}"))
}

fn uid(name: &EntityName) -> Json {
    json!({"__entity": {"type": name.type_name, "id": name.id}})
}

fn entity(name: EntityName, parents: Vec<EntityName>) -> Entity {
    Entity {
        name,
        attributes: json!({}),
        parents,
    }
}

/// An entity that has sets of its own, and these sets.
fn with_sets(owner: EntityName, ty: &str, sets: &[&str], more: Json) -> Vec<Entity> {
    let mut attributes = more;
    let mut entities = Vec::new();
    for set in sets {
        let name = EntityName::new(ty, format!("{}_{set}", owner.id));
        attributes[*set] = uid(&name);
        entities.push(entity(name, Vec::new()));
    }
    entities.push(Entity {
        name: owner,
        attributes,
        parents: Vec::new(),
    });
    entities
}

const OF_ORGANIZATION: &[&str] = &["readers", "writers", "admins"];
const OF_REPOSITORY: &[&str] = &["readers", "triagers", "writers", "maintainers", "admins"];

fn set_of(ty: &str, owner: &EntityName, set: &str) -> EntityName {
    EntityName::new(ty, format!("{}_{set}", owner.id))
}

/// A world of `size` users and as many repositories: a hundred of each to an organization, ten users
/// to a team, teams in teams. What somebody is in lies in their own organization, but for one
/// organization in ten, all of whose members read in another one.
pub fn grown(size: Size) -> Scenario {
    let n = size.0;
    let organizations = n.div_ceil(100);
    let teams = n.div_ceil(10);
    let mut random = Mix::new(7);
    // What has a number belongs to the organization that is left over when dividing by theirs.
    let near = |random: &mut Mix, of: usize, count: usize| {
        let organization = of % organizations;
        let here = (count - organization).div_ceil(organizations);
        organization + organizations * random.below(here)
    };
    let organization = |number: usize| name("Organization", "org", number % organizations);
    let repository = |number: usize| name("Repository", "repo", number);
    let team = |number: usize| name("Team", "team", number);

    let mut entities = Vec::new();
    for number in 0..organizations {
        entities.extend(with_sets(
            organization(number),
            "OrgPermission",
            OF_ORGANIZATION,
            json!({}),
        ));
        if number % 10 == 0 && organizations > 1 {
            let other = organization(number + 1 + random.below(organizations - 1));
            if let Some(entity) = entities.last_mut() {
                entity
                    .parents
                    .push(set_of("OrgPermission", &other, "readers"));
            }
        }
    }
    for number in 0..n {
        let owner = json!({"owner": uid(&organization(number))});
        entities.extend(with_sets(
            repository(number),
            "RepoPermission",
            OF_REPOSITORY,
            owner,
        ));
    }
    for number in 0..teams {
        // A team is in one that came before, every second time.
        let outer = near(&mut random, number, teams);
        let mut parents = Vec::new();
        if outer < number && random.once_in(2) {
            parents.push(team(outer));
        }
        for set in OF_REPOSITORY {
            let repository = repository(near(&mut random, number, n));
            parents.push(set_of("RepoPermission", &repository, set));
        }
        entities.push(entity(team(number), parents));
    }
    let mut users = Vec::with_capacity(n);
    for number in 0..n {
        let home = organization(number);
        let mut parents = vec![home.clone(), team(near(&mut random, number, teams))];
        if random.once_in(20) {
            let set = OF_ORGANIZATION[random.below(3)];
            parents.push(set_of("OrgPermission", &home, set));
        }
        for _ in 0..2 {
            let set = OF_REPOSITORY[random.below(5)];
            let repository = repository(near(&mut random, number, n));
            parents.push(set_of("RepoPermission", &repository, set));
        }
        parents.sort();
        parents.dedup();
        users.push(entity(name("User", "user", number), parents));
    }

    let requests = (0..REQUESTS).map(|_| {
        let user = random.below(n);
        // Three of four ask for something of their own organization.
        let of = if random.once_in(4) {
            random.below(n)
        } else {
            user
        };
        Request {
            principal: name("User", "user", user),
            action: ["read", "triage", "write", "maintain", "admin"][random.below(5)].to_owned(),
            resource: repository(near(&mut random, of, n)),
            allowed: false,
        }
    });
    let requests = requests.collect();
    let listed = (0..LISTED)
        .map(|_| name("User", "user", random.below(n)))
        .collect();
    let changes = changes(&mut random, &entities, &users);
    entities.extend(users);
    Scenario {
        name: format!("github, n = {size}"),
        application: GITHUB,
        entities,
        requests,
        listed,
        changes,
    }
}

/// Users who join a team of another organization, with a repository that the team reads.
fn changes(random: &mut Mix, entities: &[Entity], users: &[Entity]) -> Vec<Change> {
    let teams: Vec<&Entity> = entities
        .iter()
        .filter(|entity| entity.name.type_name == "Team")
        .collect();
    let change = |random: &mut Mix| {
        let (user, team) = (
            &users[random.below(users.len())],
            teams[random.below(teams.len())],
        );
        let set = team.parents.iter().find(|set| set.id.ends_with("_readers"));
        let id = set
            .and_then(|set| set.id.strip_suffix("_readers"))
            .expect("each team reads one");
        Change {
            user: user.name.clone(),
            parents: user.parents.clone(),
            team: team.name.clone(),
            resource: EntityName::new("Repository", id),
        }
    };
    (0..CHANGES).map(|_| change(random)).collect()
}
