package bench

import rego.v1

within := graph.reachable(data.parents, {input.principal})

list := data.entities.List[input.resource]

default allow := false

allow if input.action in {"CreateList", "GetLists"}

allow if list.owner == input.principal

allow if {
	input.action == "GetList"
	list.readers in within
}

allow if {
	input.action in {"GetList", "UpdateList", "CreateTask", "UpdateTask", "DeleteTask"}
	list.editors in within
}
