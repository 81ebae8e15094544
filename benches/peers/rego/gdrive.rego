package bench

import rego.v1

above := graph.reachable(data.parents, {input.resource})

user := data.entities.User[input.principal]

default allow := false

allow if {
	input.action == "read"
	user.documentsAndFoldersWithViewAccess in above
}

allow if {
	input.action == "read"
	data.entities.Document[input.resource].isPublic
}

allow if {
	input.action in {"read", "write", "share"}
	data.entities.Document[input.resource]
	some owned in user.ownedFolders
	owned in above
}

allow if {
	input.action in {"read", "write", "share", "changeOwner"}
	input.resource in user.ownedDocuments
}

allow if {
	input.action == "createDocument"
	input.resource in user.ownedFolders
}
