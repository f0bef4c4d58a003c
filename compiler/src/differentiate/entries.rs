//! Jacobians of vectors that are stated entry by entry: `[s1/s, s2/s]` has the rows `d(s1/s)` and `d(s2/s)`.
//!
//! One sweep for all entries would carry the condition `i == 0` through everything below, and add up what flows back
//! under one condition and under another. A sweep for each entry gives what one writes on paper, and scalars where the
//! entries are scalars.

use std::collections::HashMap;

use super::{Derivative, Known, swept};
use crate::graph::{Axis, Graph, GraphError, NodeId, Ref, Stated};
use crate::operators::Operator;

/// Vectors of more entries take one sweep.
const MOST_ENTRIES: usize = 16;

/// The derivatives over `rows` and then the axes of what is differentiated by; `None` where no entries are stated.
pub(super) fn jacobian(
    graph: &mut Graph,
    output: &Derivative,
    rows: &[Axis],
    wrt: &[NodeId],
    known: Option<&Known>,
) -> Result<Option<Vec<Derivative>>, GraphError> {
    let Some(Stated { entries, rest }) = graph.as_stated(&output.value) else { return Ok(None) };
    if entries.len() > MOST_ENTRIES {
        return Ok(None);
    }
    let part = |value: &Ref| Derivative { value: value.clone(), axes: output.axes.clone() };
    let mut derivatives = below(graph, &part(&rest), rows, wrt, known)?;
    for (condition, value) in entries.iter().rev() {
        let condition = condition.renamed(&output.axes, rows);
        for (rest, entry) in derivatives.iter_mut().zip(below(graph, &part(value), rows, wrt, known)?) {
            let value = entry.value.renamed(&entry.axes, &rest.axes);
            rest.value = graph.apply(Operator::Select, &[condition.clone(), value, rest.value.clone()])?;
        }
    }
    Ok(Some(derivatives))
}

/// The derivatives of an entry.
fn below(
    graph: &mut Graph,
    output: &Derivative,
    rows: &[Axis],
    wrt: &[NodeId],
    known: Option<&Known>,
) -> Result<Vec<Derivative>, GraphError> {
    // Entries along another axis may stand in an entry: no more of them than axes.
    match jacobian(graph, output, rows, wrt, known)? {
        Some(derivatives) => Ok(derivatives),
        None => swept(graph, output, rows, wrt, known.cloned()),
    }
}

/// A matrix of second derivatives by one input, of which each entry below the diagonal is the one above it: the same value,
/// computed once.
pub(crate) fn symmetric(graph: &mut Graph, value: &Ref, rows: &[Axis], columns: &[Axis]) -> Result<Ref, GraphError> {
    let ([row], [column]) = (rows, columns) else { return Ok(value.clone()) };
    let along = |stated: &Stated, axis: Axis| stated.entries.iter().all(|(condition, _)| condition.axes == [axis]);
    let Some(matrix) = graph.as_stated(value).filter(|stated| along(stated, *row)) else { return Ok(value.clone()) };
    let mut stated: HashMap<[u32; 2], Ref> = HashMap::new();
    let mut lines = Vec::new();
    for (condition, line) in matrix.entries {
        let (Some(at), Some(line)) = (graph.as_position(condition.node), graph.as_stated(&line)) else {
            return Ok(value.clone());
        };
        if !along(&line, *column) {
            return Ok(value.clone());
        }
        for (condition, entry) in &line.entries {
            if let Some(column) = graph.as_position(condition.node) {
                stated.entry([at, column]).or_insert_with(|| entry.clone());
            }
        }
        lines.push((at, condition, line));
    }
    let mut result = matrix.rest;
    for (row, condition, line) in lines.into_iter().rev() {
        let mut entries = line.rest;
        for (condition, entry) in line.entries.into_iter().rev() {
            let above = graph.as_position(condition.node).filter(|column| *column < row);
            let entry = above.and_then(|column| stated.get(&[column, row])).cloned().unwrap_or(entry);
            entries = graph.apply(Operator::Select, &[condition, entry, entries])?;
        }
        result = graph.apply(Operator::Select, &[condition, entries, result])?;
    }
    Ok(result)
}
