//! Tables for terminals, for Markdown and for spreadsheets.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::world::LEGEND as WORLD_LEGEND;
use super::{Cell, LEGEND, RULES, RoleMatrix, RoleRow, RoleTable, RowKind, State, WorldTable};
use crate::markup::{csv, markdown};

/// A table of texts, its first row being its head.
type Grid = Vec<Vec<String>>;

/// Columns as wide as what stands in them.
fn aligned(out: &mut String, grid: &Grid) {
    let columns = grid.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = grid.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.width()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in grid {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn pipes(out: &mut String, grid: &Grid) {
    for (index, row) in grid.iter().enumerate() {
        let _ = writeln!(out, "| {} |", row.join(" | "));
        if index == 0 {
            let _ = writeln!(out, "|{}", "---|".repeat(row.len()));
        }
    }
}

fn records(out: &mut String, rows: impl IntoIterator<Item = Vec<String>>) {
    for row in rows {
        let row: Vec<String> = row.iter().map(|field| csv(field)).collect();
        let _ = writeln!(out, "{}", row.join(","));
    }
}

// ---- roles ----

impl RoleTable {
    /// The table as rows of texts.
    fn grid(&self, name: impl Fn(&str) -> String, mut cell: impl FnMut(&Cell) -> String) -> Grid {
        let mut head = vec![name(&self.type_name), "sees".to_owned()];
        head.extend(self.actions.iter().map(|action| name(action)));
        let mut grid = vec![head];
        for row in &self.rows {
            let mut cells = vec![name(&row.title()), cell(&row.sees)];
            cells.extend(row.cells.iter().map(&mut cell));
            grid.push(cells);
        }
        grid
    }
}

impl RoleRow {
    fn title(&self) -> String {
        match self.kind {
            RowKind::Role | RowKind::Rule => self.name.clone(),
            RowKind::Level => format!("[{}]", self.name),
        }
    }
}

impl RoleMatrix {
    /// The tables for a terminal; conditions stand below each of them.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for table in &self.tables {
            let mut notes: Vec<String> = Vec::new();
            let grid = table.grid(str::to_owned, |cell| match cell.state {
                State::Allowed => "yes".to_owned(),
                State::Never => "-".to_owned(),
                State::Capped => "capped".to_owned(),
                State::Conditional => {
                    let text = cell.conditions();
                    let known = notes.iter().position(|note| *note == text);
                    let number = known.unwrap_or_else(|| {
                        notes.push(text);
                        notes.len() - 1
                    });
                    format!("if [{}]", number + 1)
                }
            });
            aligned(&mut out, &grid);
            for (number, note) in (1..).zip(&notes) {
                let _ = writeln!(out, "  [{number}] {note}");
            }
            for row in table.rows.iter().filter(|row| !row.notes.is_empty()) {
                let _ = writeln!(out, "  {}: {}", row.title(), row.notes.join("; "));
            }
            out.push('\n');
        }
        out.push_str("yes: gives it; if: under a condition; capped: a ceiling of this role keeps it out, whatever other\nroles give; -: does not give it; [level]: what goes through a share.\n");
        out
    }

    /// The tables as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        for table in &self.tables {
            let _ = writeln!(out, "## {}\n", markdown(&table.type_name));
            let grid = table.grid(markdown, |cell| match cell.state {
                State::Conditional => markdown(&cell.conditions()),
                state => state.word().to_owned(),
            });
            pipes(&mut out, &grid);
            for row in table.rows.iter().filter(|row| !row.notes.is_empty()) {
                let (name, notes) = (markdown(&row.title()), markdown(&row.notes.join("; ")));
                let _ = write!(out, "\n- {name}: {notes}");
            }
            out.push('\n');
        }
        for (state, text) in LEGEND {
            let _ = writeln!(out, "- **{}**: {text}", state.word());
        }
        let _ = writeln!(out, "\n{RULES}");
        out
    }

    /// One record for each cell: type, kind of row, row, notes, action, what it comes to, conditions. The
    /// action is empty where it is about sight.
    pub fn to_csv(&self) -> String {
        let mut out = String::from("type,kind,row,notes,action,state,conditions\n");
        for table in &self.tables {
            for row in &table.rows {
                let kind = match row.kind {
                    RowKind::Role => "role",
                    RowKind::Level => "level",
                    RowKind::Rule => "rule",
                };
                let sight = std::iter::once((String::new(), &row.sees));
                let actions = table.actions.iter().cloned().zip(&row.cells);
                records(
                    &mut out,
                    sight.chain(actions).map(|(action, cell)| {
                        vec![
                            table.type_name.clone(),
                            kind.to_owned(),
                            row.name.clone(),
                            row.notes.join("; "),
                            action,
                            cell.state.word().to_owned(),
                            cell.conditions(),
                        ]
                    }),
                );
            }
        }
        out
    }
}

// ---- worlds ----

impl WorldTable {
    fn grid(&self, name: impl Fn(&str) -> String) -> Grid {
        let mut head = vec![name(&self.type_name)];
        head.extend(
            self.resources
                .iter()
                .map(|resource| name(self.bare(resource))),
        );
        let mut grid = vec![head];
        for (subject, answers) in self.subjects.iter().zip(&self.cells) {
            let mut row = vec![name(subject)];
            row.extend(answers.iter().map(|answer| name(&self.short(answer))));
            grid.push(row);
        }
        grid
    }

    /// The name of an entity of the type without the type.
    pub(super) fn bare<'n>(&self, resource: &'n str) -> &'n str {
        let rest = resource.strip_prefix(self.type_name.as_str());
        rest.and_then(|rest| rest.strip_prefix(':'))
            .unwrap_or(resource)
    }

    /// Tables for a terminal.
    pub fn to_text(tables: &[Self]) -> String {
        let mut out = String::new();
        for table in tables {
            aligned(&mut out, &table.grid(str::to_owned));
            if let Some(left) = table.left_out() {
                let _ = writeln!(out, "{left}");
            }
            out.push('\n');
        }
        let _ = writeln!(out, "{WORLD_LEGEND}");
        out
    }

    /// Tables as Markdown.
    pub fn to_markdown(tables: &[Self]) -> String {
        let mut out = String::new();
        for table in tables {
            let _ = writeln!(out, "## {}\n", markdown(&table.type_name));
            pipes(&mut out, &table.grid(markdown));
            if let Some(left) = table.left_out() {
                let _ = writeln!(out, "\n{left}");
            }
            out.push('\n');
        }
        let _ = writeln!(out, "{WORLD_LEGEND}");
        out
    }

    /// One record for each subject and resource: both, whether it sees it, what it may do, and whether a
    /// condition could not be read. What was left out is in a last record of each table.
    pub fn to_csv(tables: &[Self]) -> String {
        let mut out = String::from("subject,resource,sees,actions,unread\n");
        for table in tables {
            for (subject, answers) in table.subjects.iter().zip(&table.cells) {
                let rows = table.resources.iter().zip(answers);
                records(
                    &mut out,
                    rows.map(|(resource, answer)| {
                        vec![
                            subject.clone(),
                            resource.clone(),
                            answer.sees.to_string(),
                            answer.actions.join(" "),
                            answer.unread.to_string(),
                        ]
                    }),
                );
            }
            records(&mut out, table.left_out().map(|left| vec![left]));
        }
        out
    }
}
