//! The graph as DOT, Mermaid and JSON.

use std::fmt::Write;

use petgraph::visit::EdgeRef;
use serde::Serialize;

use super::{DecisionGraph, Edge, Node, NodeKind};
use crate::plan::TypeKind;
use crate::source::Sources;

/// How a graph is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For Graphviz.
    Dot,
    /// For Markdown pages that draw Mermaid.
    Mermaid,
    /// `docs/json.md` has the schema.
    Json,
}

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
    /// Writes the graph. Pictures leave single actions out, they stand on the edges' ends in JSON.
    pub fn draw(&self, format: Format, sources: &Sources) -> String {
        match format {
            Format::Dot => self.dot(),
            Format::Mermaid => self.mermaid(),
            Format::Json => self.json(sources),
        }
    }

    fn drawn(&self) -> impl Iterator<Item = (usize, &Node)> {
        let nodes = self.graph.node_indices().filter_map(|index| {
            self.graph
                .node_weight(index)
                .map(|node| (index.index(), node))
        });
        nodes.filter(|(_, node)| node.kind != NodeKind::Action)
    }

    fn drawn_edges(&self) -> impl Iterator<Item = (usize, usize, &Edge)> {
        let is_action = |index| {
            self.graph
                .node_weight(index)
                .is_some_and(|node| node.kind == NodeKind::Action)
        };
        let edges = self.graph.edge_references();
        edges
            .filter(move |edge| !is_action(edge.source()) && !is_action(edge.target()))
            .map(|edge| (edge.source().index(), edge.target().index(), edge.weight()))
    }

    fn dot(&self) -> String {
        let mut out =
            String::from("digraph ward {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
        for (id, node) in self.drawn() {
            let shape = match node.kind {
                NodeKind::Type(TypeKind::Subject) => "shape=ellipse",
                NodeKind::Type(TypeKind::Scope) => "shape=box3d",
                NodeKind::Type(TypeKind::Resource) => "shape=box",
                NodeKind::Role => "shape=hexagon",
                NodeKind::Level => "shape=cds",
                NodeKind::Rule(_) => "shape=octagon",
                NodeKind::Condition => "shape=note",
                NodeKind::Ceiling => "shape=house",
                _ => "shape=plaintext",
            };
            let label = label(node).replace('\\', "\\\\").replace('"', "\\\"");
            let _ = writeln!(out, "  n{id} [label=\"{label}\", {shape}];");
        }
        for (from, to, edge) in self.drawn_edges() {
            let style = match edge {
                Edge::SharedAt | Edge::With => ", style=dashed",
                Edge::When => ", style=dotted",
                _ => "",
            };
            let _ = writeln!(
                out,
                "  n{from} -> n{to} [label=\"{}\"{style}];",
                edge.word()
            );
        }
        out.push_str("}\n");
        out
    }

    fn mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        for (id, node) in self.drawn() {
            let (open, close) = match node.kind {
                NodeKind::Type(TypeKind::Subject) => ("([", "])"),
                NodeKind::Type(TypeKind::Scope) => ("[[", "]]"),
                NodeKind::Role => ("{{", "}}"),
                NodeKind::Level => (">", "]"),
                NodeKind::Rule(_) => ("[/", "/]"),
                NodeKind::Condition => ("(", ")"),
                _ => ("[", "]"),
            };
            let label = label(node).replace('&', "#amp;").replace('"', "#quot;");
            let _ = writeln!(out, "  n{id}{open}\"{label}\"{close}");
        }
        for (from, to, edge) in self.drawn_edges() {
            let arrow = match edge {
                Edge::SharedAt | Edge::With | Edge::When => "-.->",
                _ => "-->",
            };
            let _ = writeln!(out, "  n{from} {arrow}|{}| n{to}", edge.word());
        }
        out
    }

    fn json(&self, sources: &Sources) -> String {
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

fn label(node: &Node) -> String {
    match node.kind {
        NodeKind::Rule(_) => format!("{}: {}", node.kind.word(), node.label),
        _ => node.label.clone(),
    }
}
