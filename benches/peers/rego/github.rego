package bench

import rego.v1

of_repository := {
	"read": ["readers", "triagers", "writers", "maintainers", "admins"],
	"triage": ["triagers", "writers", "maintainers", "admins"],
	"write": ["writers", "maintainers", "admins"],
	"maintain": ["maintainers", "admins"],
	"admin": ["admins"],
}

of_organization := {
	"read": ["readers", "writers", "admins"],
	"triage": ["writers", "admins"],
	"write": ["writers", "admins"],
	"maintain": ["admins"],
	"admin": ["admins"],
}

within := graph.reachable(data.parents, {input.principal})

default allow := false

allow if {
	some set in of_repository[input.action]
	data.entities.Repository[input.resource][set] in within
}

allow if {
	owner := data.entities.Repository[input.resource].owner
	some set in of_organization[input.action]
	data.entities.Organization[owner][set] in within
}

readable contains name if {
	some name, repository in data.entities.Repository
	some set in of_repository.read
	repository[set] in within
}

readable contains name if {
	some name, repository in data.entities.Repository
	some set in of_organization.read
	data.entities.Organization[repository.owner][set] in within
}
