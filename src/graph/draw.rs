//! The graph as JSON.

use petgraph::visit::EdgeRef;
use serde::Serialize;

use super::DecisionGraph;
use crate::source::Sources;

#[derive(Serialize)]
struct JsonGraph<'g> {
    nodes: Vec<JsonNode<'g>>,
    edges: Vec<JsonEdge<'g>>,
}

#[derive(Serialize)]
struct JsonNode<'g> {
    id: usize,
    kind: &'static str,
    label: &'g str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'g str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

#[derive(Serialize)]
struct JsonEdge<'g> {
    from: usize,
    to: usize,
    kind: &'g str,
}

impl DecisionGraph {
    /// The graph as JSON, every node and edge of it; `docs/json.md` has the keys.
    pub fn to_json(&self, sources: &Sources) -> String {
        let nodes = self.graph.node_indices().filter_map(|index| {
            let node = self.graph.node_weight(index)?;
            let place = node.span.map(|span| sources.locate(span));
            Some(JsonNode {
                id: index.index(),
                kind: node.kind.word(),
                label: &node.label,
                file: place.map(|(file, _)| file),
                line: place.map(|(_, position)| position.line),
                column: place.map(|(_, position)| position.column),
            })
        });
        let edges = self.graph.edge_references().map(|edge| JsonEdge {
            from: edge.source().index(),
            to: edge.target().index(),
            kind: edge.weight().word(),
        });
        let graph = JsonGraph {
            nodes: nodes.collect(),
            edges: edges.collect(),
        };
        serde_json::to_string_pretty(&graph).unwrap_or_default()
    }
}
