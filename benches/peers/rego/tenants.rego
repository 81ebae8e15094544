package bench

import rego.v1

sets := {
	"read": ["viewers", "editors", "admins"],
	"write": ["editors", "admins"],
	"delete": ["admins"],
}

within := graph.reachable(data.parents, {input.principal})

default allow := false

allow if {
	tenant := data.entities.Document[input.resource].tenant
	some set in sets[input.action]
	data.entities.Tenant[tenant][set] in within
}
